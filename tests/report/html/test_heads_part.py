"""What the page is told of heads by attention."""

from __future__ import annotations

from pathlib import Path

from relevome.report.html.arrays import PageArrays
from relevome.report.html.parts import PageTools, page_parts
from relevome.results.attention_heads.folder import read_attention_heads
from tests.studies.made_annotations import heads, named


def test_every_name_of_a_head_is_on_the_page(tmp_path: Path) -> None:
    """Twelve motifs are found: the page has them all, and of what is not found what fills ten."""
    matches = [named(f"m{i}") for i in range(12)] + [named("no", q=0.5)]
    some = [named("few", (0, 1))] + [named(f"no{i}", (0, 1), 0.5) for i in range(15)]
    heads(tmp_path / "heads", [*matches, *some])
    found = read_attention_heads(tmp_path / "heads")
    content = page_parts["heads_by_attention"].content(found, PageTools(PageArrays(), lambda _: None))  # pyright: ignore[reportArgumentType]
    first, second, _ = content["heads"]
    assert [one["name"] for one in first["matches"]] == [f"m{i}" for i in range(12)]
    assert [one["name"] for one in second["matches"]] == ["few", *(f"no{i}" for i in range(9))]
