"""A page inside a notebook: in a frame of its own, which can reach neither the notebook nor a network."""

from __future__ import annotations

from html import escape

HEIGHT = 640  # pixels


def frame(page: str, title: str, height: int = HEIGHT) -> str:
    """A whole page as HTML that can stand inside another.

    Args:
        page: The page.
        title: What those are told who cannot see it.
        height: Of the frame, in pixels. Default: 640.

    Returns:
        A frame that has the page in itself. Its sandbox lets the page's program run, and nothing else: it has
        an origin of its own, so that it reads no cookie, storage or cell of the notebook; it opens no window,
        sends no form, and takes nobody elsewhere. It may save its own pictures as files.
    """
    return (
        f'<iframe sandbox="allow-scripts allow-downloads" title="{escape(title)}" '
        f'style="width: 100%; height: {height}px; border: 1px solid #ccc" srcdoc="{escape(page)}"></iframe>'
    )
