"""The page as HTML: the program, its style, and its data, or where the program asks for these.

With its data it is one file that opens in any browser without a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from relevome.data.names import visible
from relevome.report.html.arrays import PageArrays

SCRIPT, SERVED_SCRIPT, STYLE = "page.js", "view.js", "page.css"

# Nothing is loaded, from anywhere; what runs is what relevome wrote, by its digest. Pictures are those that
# the page makes of its own figures to save them.
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src blob: data:; base-uri 'none'; "
    "form-action 'none'"
)
# The page that is served asks who gave it for its data, and nobody else.
_SERVED_POLICY = f"{_POLICY}; connect-src 'self'"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="relevome">
<meta name="color-scheme" content="light dark">
<title>{title}</title>{icon}
<style>{style}</style>
</head>
<body>
<noscript>This page draws itself, which needs JavaScript; it loads nothing.</noscript>
<main id="page"></main>
<script type="application/octet-stream" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def document(title: str, content: Mapping[str, Any], arrays: PageArrays) -> str:
    """The whole page as HTML.

    Args:
        title: What the window is called.
        content: What `report.html.content` and the parts made of results, as JSON can hold it.
        arrays: The arrays to which the content refers.

    Returns:
        One file: a policy by which nothing is loaded, the program and its style as they were built from
        ``report/page``, and the data as base64, in which no name of a sequence can be taken for markup.
    """
    return _page(title, SCRIPT, _POLICY, arrays.packed(content))[0]


def served_document(title: str) -> tuple[str, str]:
    """The page without its data, which its program fetches, and the policy that it is to be sent with.

    Args:
        title: What the window is called.
    """
    text, policy = _page(title, SERVED_SCRIPT, _SERVED_POLICY, icon='\n<link rel="icon" href="data:,">')
    return text, f"{policy}; frame-ancestors 'none'"  # which only a header may say


def _page(title: str, program: str, policy: str, data: str = "", icon: str = "") -> tuple[str, str]:
    script, style = bundled(program), bundled(STYLE)
    policy = policy.format(script=_digest(script), style=_digest(style))
    named = {"title": escape(visible(title)), "icon": icon}
    return _PAGE.format(policy=policy, style=style, data=data, script=script, **named), policy


def bundled(name: str) -> str:
    """A file that was built from the sources of the page."""
    return files("relevome.report.html").joinpath("bundle", name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    """As a content security policy names what may run (W3C, Content Security Policy Level 3, 6.7.3)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
