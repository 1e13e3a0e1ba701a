"""What the models of study C learn: proteins of two kinds, and the segments that tell them apart.

Both tasks read the data of TMbed (Bernhofer & Rost 2022, doi 10.1186/s12859-022-04873-x), which are free of
close relatives: alpha-helical membrane proteins, and globular ones with and without a signal peptide, these
in folds that were made for cross-validation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from relevome.data.features import Feature
from relevome.data.formats.three_line import LabelledLetters, label_features, labelled_sequences
from relevome.data.problems import Problem
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.studies.prepared import Segment, write_examples, write_fasta, write_segments

PARTS = ("train", "validation", "test")
ALPHA = Path("protein", "tmbed_alpha.3line.fasta.gz")
GLOBULAR = Path("protein", "tmbed_globular_cv0-3.3line.fasta.gz")

# The last part of a globular header: a fold is never in two parts.
_FOLDS = {"cv0": "train", "cv1": "train", "cv2": "validation", "cv3": "test"}
# Membrane proteins come without folds: fifths that are drawn, three of them to learn from.
_FIFTHS = ("train", "train", "train", "validation", "test")
# A signal peptide stands at the beginning and is shorter than that (at most 53 residues in these data).
_BEGINNING = 70


@dataclass(frozen=True)
class ProteinLimits:
    """How many proteins of each part of a task, at most, how many of the tested are explained, how long."""

    each: int
    explained: int
    letters: int


@dataclass(frozen=True)
class SegmentedProtein:
    """A protein of one part, its class, 0 or 1, and its annotated segments (type, start, end), 0-based."""

    part: str
    sequence: Sequence
    label: int
    segments: tuple[Segment, ...] = ()


@dataclass
class Read:
    """The proteins of a task, and how many were left out or shortened for which reason."""

    proteins: list[SegmentedProtein] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class ProteinTask(NamedTuple):
    """``read(data, amount, rng)`` gives its proteins; ``kind`` is the type of its segments."""

    read: Callable[[Path, ProteinLimits, np.random.Generator], Read]
    kind: str
    needs: tuple[Path, ...]


@dataclass(frozen=True)
class ExplainedClass:
    """Proteins of one class whose prediction is explained, and where their annotated segments are.

    Paths are in the folder of the study: of what is made, of the ``task`` whose models are asked, of the
    proteins and of their ``segments``, which are of the types ``kinds``. The logit is that of ``target``,
    less that of a ``contrast``. Proteins of one of the ``clusters`` of a file count once.
    """

    folder: str
    task: str
    fasta: str
    segments: str
    kinds: tuple[str, ...]
    target: str
    contrast: str | None = None
    clusters: Path | None = None

    @classmethod
    def of(cls, task: str) -> ExplainedClass:
        """The positives of a task."""
        data = f"{task}/data"
        kinds = (PROTEIN_TASKS[task].kind,)
        return cls(task, task, f"{data}/explained.fasta", f"{data}/segments.tsv", kinds, "1", "0")

    @property
    def name(self) -> str:
        """What its commands are called by."""
        return self.folder.replace("/", "-")

    def model(self, training: int) -> str:
        """The folder of the model of a training, which are counted from 0."""
        return f"{self.task}/{training}/model"

    def made(self, training: int) -> str:
        """The folder of all that is made of that model."""
        return f"{self.folder}/{training}"


def read_membrane(data: Path, amount: ProteinLimits, rng: np.random.Generator) -> Read:
    """Alpha-helical membrane proteins (1) and globular ones (0); segments are transmembrane helices."""
    alpha = list(_records(data / ALPHA))
    fifths = rng.permutation(len(alpha)) % len(_FIFTHS)
    helices = _segments(data / ALPHA, "Hh", "transmembrane")
    found = Read()
    membrane = (
        SegmentedProtein(_FIFTHS[fifth], _named(one), 1, helices.get(one.sequence.id, ()))
        for one, fifth in zip(alpha, fifths.tolist(), strict=True)
    )
    globular = (SegmentedProtein(_fold(one, data), _named(one), 0) for one in _records(data / GLOBULAR))
    for protein in chain(membrane, globular):
        if len(protein.sequence) > amount.letters:
            found.counts[f"left out, longer than {amount.letters} residues"] += 1
        else:
            found.proteins.append(protein)
    return found


def read_signal(data: Path, amount: ProteinLimits, rng: np.random.Generator) -> Read:
    """The beginnings of globular proteins with (1) and without (0) a signal peptide, which is the segment."""
    signals = _segments(data / GLOBULAR, "S", "signal peptide")
    limit = min(_BEGINNING, amount.letters)
    found = Read()
    for one in _records(data / GLOBULAR):
        whole = _named(one)
        shown = min(len(whole), limit)
        found.counts[f"shortened to their first {limit} residues"] += len(whole) > shown
        sequence = Sequence(whole.id, whole.letters[:shown], PROTEIN)
        segments = tuple(
            (kind, start, min(end, shown)) for kind, start, end in signals.get(one.sequence.id, ())
        )
        found.proteins.append(SegmentedProtein(_fold(one, data), sequence, int(bool(segments)), segments))
    return found


PROTEIN_TASKS = {
    "membrane": ProteinTask(read_membrane, "transmembrane", (ALPHA, GLOBULAR)),
    "signal-peptide": ProteinTask(read_signal, "signal peptide", (GLOBULAR,)),
}


def write_protein_task(name: str, folder: Path, data: Path, amount: ProteinLimits, seed: int) -> None:
    """Tables to learn from, the proteins to explain with their classes and segments, and what was left out.

    Explained are positives of the test table, which the model was not trained on. Raises InputError for files
    that are garbled.
    """
    rng = np.random.default_rng(seed)
    read = PROTEIN_TASKS[name].read(data, amount, rng)
    tables = {part: _at_most(amount.each, part, read, rng) for part in PARTS}
    for part, proteins in tables.items():
        write_examples(folder / f"{part}.csv", ((one.sequence, one.label) for one in proteins))
    positives = [one for one in tables["test"] if one.label]
    chosen = positives[: amount.explained]
    write_fasta(folder / "explained.fasta", [one.sequence for one in chosen])
    write_segments(folder / "segments.tsv", ((one.sequence.id, one.segments) for one in chosen))
    known = {part: Counter(one.label for one in proteins) for part, proteins in tables.items()}
    said: dict[str, Any] = {
        "proteins": {part: {"positive": count[1], "negative": count[0]} for part, count in known.items()},
        "explained": len(chosen),
        "counts": dict(read.counts),
    }
    (folder / "data.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _at_most(each: int, part: str, read: Read, rng: np.random.Generator) -> list[SegmentedProtein]:
    """The proteins of a part in an order that is drawn, and if they are too many, some of each class."""
    own = [one for one in read.proteins if one.part == part]
    mixed = [own[place] for place in rng.permutation(len(own))]
    if len(mixed) <= each:
        return mixed
    groups = [[one for one in mixed if one.label == label] for label in (0, 1)]
    kept = min(len(groups[1]), each // 2)
    read.counts[f"left out of {part}, more than were asked for"] += len(mixed) - each
    chosen = {one.sequence.id for one in (*groups[1][:kept], *groups[0][: each - kept])}
    return [one for one in mixed if one.sequence.id in chosen]


def _records(path: Path) -> Iterator[LabelledLetters]:
    for one in labelled_sequences(path):
        if isinstance(one, Problem):
            raise InputError(f"{one}; download the file again")
        yield one


def _named(one: LabelledLetters) -> Sequence:
    """The protein by its accession, the first part of its header."""
    return Sequence(one.sequence.id.split("|")[0], one.sequence.letters, PROTEIN)


def _fold(one: LabelledLetters, data: Path) -> str:
    fold = one.sequence.id.split("|")[-1]
    if fold not in _FOLDS:
        raise InputError(
            f"{data / GLOBULAR}: the header of {one.sequence.id!r} ends in no fold: expected one of "
            f"{', '.join(_FOLDS)} behind its last '|'"
        )
    return _FOLDS[fold]


def _segments(path: Path, labels: str, kind: str) -> dict[str, tuple[Segment, ...]]:
    """Stretches of letters with one of the labels, by the whole id of their sequence."""
    found: dict[str, tuple[Segment, ...]] = {}
    for one in label_features(path, [labels]):
        if isinstance(one, Feature):
            found[one.id] = (*found.get(one.id, ()), (kind, one.start, one.end))
    return found
