"""Names that formats stumble over, and any others that may be the name of something."""

from __future__ import annotations

from hypothesis import strategies as st

from relevome.data.names import check_name
from relevome.errors import InputError

NAMES = (
    "#x", "track x", "track", "trackx", "browser position", "browser", ">x", "> x", "!x", ".", "..", "NA",
    "1", "1e5", "-", "+", "=cmd|' /C calc'!A0", "+1+1", "-2-3", "@x", "\uff1dx", "'=x", "''=x", "'", '"',
    "a;=b", 'a "b" c', "a b", " a", "a ", "a\u00a0b", "a\u3000", "%20", "a%2", "%", "50%25", "<b>&amp;",
    "\\x1b", "</text><script>", "[red]x[/red]", "sp|P01308|INS_HUMAN", "é", "日本", "🧬", "a/b", "../../x",
    "$(x)", "a\\tb",
)  # fmt: skip

_PIECES = (*"=+-@'\"#%20 ;,|.a\u3000", "track", "browser")


def fit(name: str) -> bool:
    """Whether it may be the name of a sequence."""
    try:
        check_name(name, "sequence")
    except InputError:
        return False
    return bool(name.strip())


def names() -> st.SearchStrategy[str]:
    """Odd names, text of odd pieces, and any text at all that is not refused."""
    pieces = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6).map("".join)
    return (st.sampled_from(NAMES) | pieces | st.text(min_size=1, max_size=12)).filter(fit)
