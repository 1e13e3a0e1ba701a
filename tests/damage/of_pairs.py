"""Readers of pairs: maps and tables that are kept, and tables of contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relevome.data.formats.contacts import read_contacts
from relevome.results.estimate import Estimate
from relevome.results.pairs.contacts import ContactPrecision
from relevome.results.pairs.folder import MappedSequence, Pair, Pairs, claimed, read_pairs, write_pairs
from relevome.results.pairs.maps import KeptMap, map_path, write_map
from relevome.results.pairs.settings import PairSettings
from tests.damage.of_results import MODEL, left_by
from tests.damage.readers import Reader, register


def square(rng: np.random.Generator, letters: int) -> np.ndarray:
    return rng.standard_normal((letters, letters)).astype(np.float32)


def _pairs(folder: Path) -> None:
    rng = np.random.default_rng(0)
    found = [
        KeptMap(
            letters, square(rng, len(letters)), square(rng, len(letters)),
            rng.standard_normal((2, len(letters) * (len(letters) - 1) // 2)).astype(np.float32),
        )
        for letters in ("ACGTN", "ACG")
    ]  # fmt: skip
    question = {"model": MODEL, "input": {"sequences": "2"}, "method": "dependency"}
    with claimed(folder, question):
        for number, one in enumerate(found):
            write_map(map_path(folder, number), one)
        write_pairs(
            Pairs(
                folder, question, PairSettings("dependency", apart=1, shuffles=2),
                (Pair("a", 0, 4, "A", "N", 2.5, 2.5, None, 0.25, 0.5),
                 Pair("=b\t", 0, 2, "A", "G", 1.0, 0.5, 1.0, None, 1.0)),
                (MappedSequence("a", 0, 5, 0.5), MappedSequence("=b\t", 1, 3, None)),
                {"sequences": 2, "listed": 2, "pairs": 13, "null_pairs": 26}, Estimate(0.5, 0.25, 0.75),
                [{"sequence_id": "c", "reason": "too long"}], ["a note"],
                (ContactPrecision("1.2", 6, "L/5", 0.5, 0.25, 0.75, 0.1, 0.2, 0.3, 0.5),),
            )
        )  # fmt: skip


def _read_pairs(folder: Path) -> Any:
    found = read_pairs(folder)
    maps = [found.map(one.sequence_id) for one in found.sequences]
    return found, repr(found), found._repr_html_(), found.to_pandas(), maps


def _pairs_differ(folder: Path, found: Any) -> str:
    theirs = pd.read_csv(folder / "pairs.tsv", sep="\t", keep_default_na=False, dtype=str)
    ours = found[3]
    if theirs["i"].astype(int).tolist() != ours["i"].tolist():
        return f"first letters {ours['i'].tolist()}, not {theirs['i'].tolist()}"
    return ""


register(
    Reader(
        "pairs",
        left_by(_pairs),
        _read_pairs,
        (
            "relevome.results.pairs.folder:read_pairs",
            "relevome.results.pairs.contacts:read_contact_precisions",
            "relevome.results.pairs.maps:read_map",
        ),
        _pairs_differ,
    )
)


def _contacts(folder: Path) -> Any:
    return read_contacts(folder / "c.tsv")


register(
    Reader(
        "contacts",
        lambda: [
            {"c.tsv": b"pdb_chain\ti\tj\tdistance_cb\n1ABC_A\t0\t9\t4.1\n1ABC_A\t12\t3\t7\nx\t1\t2\t5\n"}
        ],
        _contacts,
        ("relevome.data.formats.contacts:read_contacts",),
        words=(b"-1", b"1e9", b"99999999999999999999", b"pdb_chain", b"\xd9\xa1"),
    )
)
