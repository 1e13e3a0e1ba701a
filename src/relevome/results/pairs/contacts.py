"""How many of the strongest pairs touch in structures, as a table and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from relevome.results.tables import read_tsv, write_tsv

CONTACTS = "contacts.tsv"
APART = (6, 12, 24)  # least distances of pairs
TOP: Mapping[str, int] = {"L": 1, "L/2": 2, "L/5": 5}  # of L letters, so many of the strongest pairs


class ContactPrecision(NamedTuple):
    """How many of the strongest pairs touch, the mean over sequences.

    Attributes:
        source: What the pairs are of: ``map``, ``estimate``, a head as ``LAYER.HEAD``, or ``nearest``, which
            knows no model: the pairs that are nearest along the sequence.
        apart: Their least distance in letters.
        top: How many of the strongest, of L letters: ``L``, ``L/2`` or ``L/5``.
        precision: The share that touches.
        low: The lower end of its 95% interval over sequences; None of a single one.
        high: The upper end.
        chance: The share of all pairs so far apart that touches.
        random: The mean share by the same of models with weights in random order, over all their heads for a
            head; None without.
        best_random: The largest of these.
        p: The share of these, and one, that are as precise; None without.
    """

    source: str
    apart: int
    top: str
    precision: float
    low: float | None
    high: float | None
    chance: float
    random: float | None
    best_random: float | None
    p: float | None


def write_contacts(folder: Path, found: Iterable[ContactPrecision]) -> None:
    """``contacts.tsv``, a row for every precision."""
    write_tsv(folder / CONTACTS, ContactPrecision._fields, found)


def read_contact_precisions(folder: Path) -> tuple[ContactPrecision, ...]:
    """The rows of ``contacts.tsv``; none without the file. Raises ValueError for one that is damaged."""
    path = folder / CONTACTS
    if not path.is_file():
        return ()
    return tuple(_row(row) for row in read_tsv(path, ContactPrecision._fields))


def _row(row: list[str]) -> ContactPrecision:
    source, apart, top, *texts = row
    numbers = [float(text) if text else None for text in texts]
    if any(one is not None and not (math.isfinite(one) and 0 <= one <= 1) for one in numbers):
        raise ValueError(f"shares of {source} are {', '.join(texts)}")
    precision, low, high, chance, random, best, p = numbers
    if precision is None or chance is None or int(apart) not in APART or top not in TOP:
        raise ValueError(f"a row of {source}, {apart} apart, of the {top} strongest")
    return ContactPrecision(source, int(apart), top, precision, low, high, chance, random, best, p)
