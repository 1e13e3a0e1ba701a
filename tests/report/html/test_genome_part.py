"""What a page says of an annotated genome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relevome.report.html.arrays import PageArrays
from relevome.report.html.parts import PageTools, page_parts
from relevome.results.annotation.folder import Annotation

PART = page_parts["genome"]
TRUTH = {"calls": 126, "precision": 0.5, "sites": 2709, "recall": 63 / 2709, "average_precision": 0.193}


def annotation(truth: dict[str, Any] | None, regions: str | list[str]) -> Annotation:
    """Of 2,000 positions, with what it was measured against."""
    return Annotation(
        path=Path("there"), question={"classes": ["TSS"], "regions": regions},
        settings={"genome": "data/genome.fna.gz", "within": 2}, threshold=0.5,
        counts={"contigs": 1, "letters": 2000, "sites": 126}, truth=truth, problems=[],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (None, "nobody compared them with known ones"),
        (
            TRUTH | {"base_rate": 0.00135},
            "63 of them known; 2,646 of 2,709 known sites not called; average precision 0.193 (a guess: "
            "0.0014)",
        ),
        ({"average_precision": None, "calls": 0, "precision": None, "sites": 5, "recall": 0.0}, "positions"),
    ],
)
def test_calls_are_counted(truth: dict[str, Any] | None, said: str) -> None:
    (remark,) = PART.remarks(annotation(None if truth is None else {"all": truth}, "all"))
    assert remark.sentence.startswith("126 sites called at 2,000 positions")
    assert said in remark.sentence


def test_where_it_is_from_is_told() -> None:
    tools = PageTools(PageArrays(), lambda _: None)  # pyright: ignore[reportArgumentType]  # not asked
    found = annotation({"all": TRUTH}, ["chr:0-1000(.)"])
    content = PART.content(found, tools)
    assert (content["genome"], content["regions"], content["within"]) == (
        "genome.fna.gz",
        ["chr:0-1000(.)"],
        2,
    )
    assert PART.content(annotation(None, "all"), tools)["regions"] == []
