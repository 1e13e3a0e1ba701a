"""The folder of motifs, damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from relevome.results.motifs.folder import read_relevant_motifs, write_relevant_motifs
from tests.damage.of_results import left_by
from tests.damage.readers import Reader, register
from tests.results.motifs.test_folder import CAUSES, made


def _motifs(folder: Path) -> None:
    write_relevant_motifs(made(causes=CAUSES), folder)
    for name in ("hits.bed", "motifs.meme", "motifs.tsv"):
        (folder / name).unlink()


def _read(folder: Path) -> Any:
    found = read_relevant_motifs(folder)
    return found, repr(found), found.to_pandas()


def _differ(folder: Path, found: Any) -> str:
    frame = pd.read_csv(folder / "hits.tsv", sep="\t", dtype=str, keep_default_na=False, index_col=False)
    columns = zip(frame["start"], frame["end"], frame["score"], frame["letters"], strict=True)
    theirs = [(int(start), int(end), float(score), letters) for start, end, score, letters in columns]
    ours = [(one.start, one.end, one.score, one.letters) for one in found[0].hits]
    return "" if ours == theirs else f"hits {ours}, not {theirs}"


register(
    Reader(
        "motifs",
        left_by(_motifs),
        _read,
        ("relevome.results.motifs.folder:read_relevant_motifs",),
        _differ,
    )
)
