"""``pairs.json``, ``pairs.tsv`` and ``sequences.tsv``: the strongest pairs of all sequences, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from relevome.errors import InputError
from relevome.results.estimate import Estimate
from relevome.results.folder import claim_folder, unlock_folder
from relevome.results.kinds import of_its_kind
from relevome.results.notebook import as_html, plotted
from relevome.results.pairs.contacts import (
    CONTACTS,
    ContactPrecision,
    read_contact_precisions,
    write_contacts,
)
from relevome.results.pairs.maps import MAPS, RANDOM, KeptMap, map_path, read_map
from relevome.results.pairs.settings import PairSettings
from relevome.results.parts.manifest import differences
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
NAME, TABLE, SEQUENCES, PICTURES = "pairs.json", "pairs.tsv", "sequences.tsv", "pictures"
_MADE = (TABLE, SEQUENCES, CONTACTS, f"{PICTURES}/*.png")


class Pair(NamedTuple):
    """Two letters of a sequence.

    Attributes:
        sequence_id: The sequence.
        i: The first letter, 0-based.
        j: The second letter, 0-based.
        letter_i: What stands at the first.
        letter_j: What stands at the second.
        strength: The larger of both ways round, in the units of the method; of epistasis its size.
        forward: What the first letter changes at the second; None where that is not known.
        backward: What the second letter changes at the first; None where that is not known.
        estimate: The larger of both ways by the estimate; None without.
        q: The false discovery rate of all pairs that are as strong, by shuffles; None without.
    """

    sequence_id: str
    i: int
    j: int
    letter_i: str
    letter_j: str
    strength: float
    forward: float | None
    backward: float | None
    estimate: float | None
    q: float | None


class MappedSequence(NamedTuple):
    """A sequence with a map.

    Attributes:
        sequence_id: Its name.
        number: Its place in the input, from 0, by which its file is called.
        letters: How many it has.
        agreement: Spearman correlation of the estimate with the map, over pairs at least ``apart``; None
            without.
    """

    sequence_id: str
    number: int
    letters: int
    agreement: float | None


@dataclass(frozen=True, eq=False, repr=False)
class Pairs:
    """The pairs of some sequences in a model.

    Attributes:
        path: The folder, which has the map of every sequence.
        question: What decides the maps: the model, the input and how they are made.
        settings: How maps were made, and which pairs are listed.
        pairs: The strongest pairs of all sequences, strongest first.
        sequences: Those that have a map, in the order of the input.
        counts: How many ``sequences`` and ``pairs`` there are, those that are too near left out, and how many
            of the null (``null_pairs``).
        agreement: The mean Spearman correlation over sequences, with its 95% interval, of the estimate
            with the map; None of fewer than two.
        refused: Sequences without a map, each with its ``sequence_id`` and ``reason``.
        notes: What else a reader should know.
        contacts: How many of the strongest pairs touch in structures; empty without any.
    """

    path: Path
    question: Mapping[str, Any]
    settings: PairSettings
    pairs: tuple[Pair, ...]
    sequences: tuple[MappedSequence, ...]
    counts: Mapping[str, int]
    agreement: Estimate | None
    refused: Sequence[Mapping[str, str]]
    notes: Sequence[str]
    contacts: tuple[ContactPrecision, ...] = ()

    def __repr__(self) -> str:
        lines = [
            f"Pairs({str(self.path)!r}): {self.settings.method} maps of "
            f"{counted(len(self.sequences), 'sequence')}, "
            f"{counted(len(self.pairs), 'strongest pair')}"
        ]
        if self.agreement is not None:
            said = "{:.3f} [{:.3f}, {:.3f}]".format(*self.agreement)
            lines.append(f"  the estimate ({self.settings.estimate}) agrees with the maps by Spearman {said}")
        lines += [f"  refused {one['sequence_id']}: {one['reason']}" for one in self.refused[:5]]
        return "\n".join([*lines, "  .map(ID) gives a map, .to_pandas() the strongest pairs"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), Pair._fields, self.pairs)

    def plot(self, sequence_id: str | None = None) -> list[Axes]:
        """The map of a sequence, with arcs over its strongest pairs.

        Args:
            sequence_id: Which sequence. Default: the first that has a map.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For a sequence without a map, and a file that is damaged.
        """
        return plotted(self, sequence_id=sequence_id)

    def map(self, sequence_id: str) -> KeptMap:
        """The map of a sequence. Raises InputError for one that has none, and a file that is damaged."""
        number = next((one.number for one in self.sequences if one.sequence_id == sequence_id), None)
        if number is None:
            some = ", ".join(one.sequence_id for one in self.sequences[:5])
            raise InputError(f"{self.path} has no map of {sequence_id!r}: expected one of {some}, ...")
        path = map_path(self.path, number)
        with reading(path):
            return read_map(path)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every listed pair; columns are the fields of `Pair`."""
        import pandas as pd

        return pd.DataFrame(self.pairs, columns=list(Pair._fields))


@contextmanager
def claimed(folder: Path, question: Mapping[str, Any], overwrite: bool = False) -> Iterator[None]:
    """The folder belongs to this question, whose maps it keeps, and to this process while in the block.

    Raises InputError for a folder that holds anything else, or maps of another question.
    """
    lock = claim_folder(folder, NAME, "maps of pairs")
    try:
        _prepare(folder, question, overwrite)
        yield
    finally:
        unlock_folder(lock)


def check_question(folder: Path, question: Mapping[str, Any]) -> None:
    """Raises InputError for a folder that holds maps of another question."""
    if not (folder / NAME).is_file():
        return
    changed = differences(_record(folder).get("question", {}), json.loads(json.dumps(question)))
    if changed:
        raise InputError(
            f"{folder} holds other maps of pairs, which differ in {', '.join(changed)}: choose another "
            "-o, or replace them with --overwrite"
        )


def _prepare(folder: Path, question: Mapping[str, Any], overwrite: bool) -> None:
    if not overwrite:
        check_question(folder, question)
    (folder / MAPS).mkdir(exist_ok=True)
    for path in (*(folder / MAPS).glob("*"), *(folder / RANDOM).glob("*/*")):
        if overwrite or path.suffix != ".npz":
            path.unlink()
    # lists and pictures are of what is asked now
    for path in [path for pattern in _MADE for path in folder.glob(pattern)]:
        path.unlink()
    # last: what is there when the new question is on record is of that question
    _write_record(folder, "running", {"question": question})


def write_pairs(found: Pairs) -> None:
    """The tables, then the record: a folder whose record does not say ``finished`` is unfinished."""
    write_tsv(found.path / TABLE, Pair._fields, found.pairs)
    write_tsv(found.path / SEQUENCES, MappedSequence._fields, found.sequences)
    if found.contacts:
        write_contacts(found.path, found.contacts)
    content = {
        "contacts": len(found.contacts), "question": found.question, "settings": asdict(found.settings),
        "counts": dict(found.counts),
        "agreement": None if found.agreement is None else found.agreement._asdict(),
        "refused": [dict(one) for one in found.refused], "notes": list(found.notes),
    }  # fmt: skip
    _write_record(found.path, "finished", content)


def read_pairs(folder: str | Path) -> Pairs:
    """What `relevome pairs` left in a folder; maps are read when they are asked for.

    Raises InputError for a folder that has no such result, is unfinished, of a later version, or damaged.
    """
    path = Path(folder)
    said = _record(path)
    with reading(path / NAME):
        if said["status"] != "finished":
            raise InputError(f"{path} is unfinished: the same `relevome pairs` goes on from there")
        agreement = said["agreement"]
        found = Pairs(
            path, said["question"], PairSettings(**said["settings"]),
            tuple(map(_pair, read_tsv(path / TABLE, Pair._fields))),
            tuple(map(_sequence, read_tsv(path / SEQUENCES, MappedSequence._fields))),
            said["counts"], None if agreement is None else Estimate(**agreement), said["refused"],
            said["notes"], read_contact_precisions(path),
        )  # fmt: skip
        if len(found.contacts) != said["contacts"]:
            raise ValueError(f"the table has {counted(len(found.contacts), 'row')} of {CONTACTS}")
        if len(found.sequences) != found.counts["sequences"] or len(found.pairs) != found.counts["listed"]:
            raise ValueError("the tables have other than all rows")
        for one in found.refused:
            _ = one["sequence_id"], one["reason"]
        return of_its_kind(found)


def _record(folder: Path) -> dict[str, Any]:
    return read_record(folder / NAME, SCHEMA_VERSION, "relevome pairs")


def _write_record(folder: Path, status: str, content: Mapping[str, Any]) -> None:
    said = {"schema_version": SCHEMA_VERSION, "status": status, **provenance(), **content}
    write_record(folder / NAME, said)


def _pair(row: list[str]) -> Pair:
    id, i, j, letter_i, letter_j, *numbers = row
    strength, forward, backward, estimate, q = map(_number, numbers)
    if strength is None or not 0 <= int(i) < int(j) or not (q is None or 0 <= q <= 1):
        raise ValueError(f"a pair of {i} and {j}, strength {strength}, q {q}")
    return Pair(id, int(i), int(j), letter_i, letter_j, strength, forward, backward, estimate, q)


def _sequence(row: list[str]) -> MappedSequence:
    id, number, letters, agreement = row
    if int(number) < 0 or int(letters) < 1:
        raise ValueError(f"a sequence with number {number} and {letters} letters")
    return MappedSequence(id, int(number), int(letters), _number(agreement))


def _number(text: str) -> float | None:
    value = float(text) if text else None
    if value is not None and not math.isfinite(value):
        raise ValueError(f"a number is {text}")
    return value
