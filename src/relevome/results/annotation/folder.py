"""``annotation.json``: what was asked of which model and genome, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relevome.errors import InputError
from relevome.results.annotation.sites import CalledSite, read_called
from relevome.results.folder import claim_folder, unlock_folder
from relevome.results.kinds import of_its_kind
from relevome.results.notebook import as_html, plotted
from relevome.results.parts.manifest import differences
from relevome.results.record import read_record, reading, write_record
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NAME, SCORES = "annotation.json", "scores"
MADE = ("*.bw", "sites.*")  # of finished scores
SCHEMA_VERSION = 1
_MEASURED = ("average_precision", "roc_auc", "precision", "recall")


@dataclass(frozen=True, eq=False, repr=False)
class Annotation:
    """A finished annotation of a genome.

    ``question`` is what decides the scores, ``settings`` say how sites were called: those of a probability of
    at least ``threshold``, None where no threshold is so precise. ``counts`` are of ``contigs``, ``letters``
    of both strands, ``in_gaps`` and called ``sites``. ``truth`` has the numbers against labelled positions
    if there were any, over ``all`` and over ``strands``; ``problems`` are such positions that were left out.
    """

    path: Path
    question: Mapping[str, Any]
    settings: Mapping[str, Any]
    threshold: float | None
    counts: Mapping[str, int]
    truth: Mapping[str, Any] | None
    problems: Sequence[Mapping[str, str]]

    def __repr__(self) -> str:
        called = "none" if self.threshold is None else f"probability from {self.threshold:.4g} on"
        lines = [
            f"Annotation({str(self.path)!r}): {', '.join(self.question['classes'])}",
            f"  {counted(self.counts['letters'], 'position')} of "
            f"{counted(self.counts['contigs'], 'contig')}, "
            f"{counted(self.counts['sites'], 'site')} called ({called})",
        ]
        if self.truth is not None:
            known = {name: value for name in _MEASURED if (value := self.truth["all"][name]) is not None}
            lines.append("  against truth: " + ", ".join(f"{name} {x:.4g}" for name, x in known.items()))
        return "\n".join([*lines, "  .sites() gives them one by one, .to_pandas() as a table"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), CalledSite._fields, self.sites())

    def plot(self, most: int = 4) -> list[Axes]:
        """Called sites along the contigs that have most of them, those of the strand - below the line.

        Args:
            most: How many contigs are drawn; how many sites are on others is said. Default: 4.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Where no site was called, for less than 1, and for a file that is damaged.
        """
        return plotted(self, most=most)

    def sites(self) -> Iterator[CalledSite]:
        """Called sites, in the order of their classes, contigs, strands and positions.

        Raises InputError for a file that is damaged, or has other than all of them.
        """
        count = 0
        for site in read_called(self.path):
            count += 1
            yield site
        if count != self.counts["sites"]:
            raise InputError(
                f"{self.path} has {counted(count, 'site')} in sites.gff3, but {NAME} speaks of "
                f"{self.counts['sites']:,}: make the result again with --overwrite"
            )

    def to_pandas(self) -> pd.DataFrame:
        """A row for every called site.

        Columns: ``contig``; ``position``, from 0 along the strand +; ``sign``, its strand; ``label``, its
        class; ``probability``, to six digits.
        """
        import pandas as pd

        return pd.DataFrame(self.sites(), columns=list(CalledSite._fields))


@contextmanager
def claimed(folder: Path, question: Mapping[str, Any], overwrite: bool = False) -> Iterator[None]:
    """The folder belongs to this question, whose scores it keeps, and to this process while in the block.

    Raises InputError for a folder that holds anything else, or scores of another question.
    """
    lock = claim_folder(folder, NAME, "an annotation")
    try:
        _prepare(folder, json.loads(json.dumps(question)), overwrite)
        yield
    finally:
        unlock_folder(lock)


def write_annotation(folder: Path, status: str, content: Mapping[str, Any]) -> None:
    """Write ``annotation.json`` as a whole."""
    write_record(folder / NAME, {"schema_version": SCHEMA_VERSION, "status": status, **content})


def read_annotation(folder: str | Path) -> Annotation:
    """What `relevome annotate` left in a folder.

    Raises InputError for a folder that is no annotation, is unfinished, of a later version, or damaged.
    """
    path = Path(folder)
    said = _record(path)
    with reading(path / NAME):
        if said["status"] != "finished":
            raise InputError(f"{path} is unfinished: the same `relevome annotate` goes on from there")
        names = ("question", "settings", "threshold", "counts", "truth", "problems")
        found = of_its_kind(Annotation(path, **{name: said[name] for name in names}))
        _check_said(found)
        return found


def _check_said(found: Annotation) -> None:
    """Raises TypeError, KeyError or OverflowError where what is always said is missing or another kind."""
    if not all(isinstance(label, str) for label in found.question["classes"]):
        raise TypeError("classes are no names")
    for name in ("contigs", "letters", "sites"):
        _ = found.counts[name]
    measured = {} if found.truth is None else found.truth["all"]
    for name in () if found.truth is None else _MEASURED:
        value = measured[name]
        if not isinstance(value, int | float | None):
            raise TypeError(f"{name} is no number")
        float(value or 0)  # JSON has whole numbers that are larger than any


def _record(folder: Path) -> dict[str, Any]:
    return read_record(folder / NAME, SCHEMA_VERSION, "relevome annotate")


def check_same(folder: Path, question: Mapping[str, Any], overwrite: bool = False) -> None:
    """Raises InputError for a folder that holds scores of another question, which shall stay."""
    if (folder / NAME).is_file() and not overwrite:
        changed = differences(_record(folder).get("question", {}), json.loads(json.dumps(question)))
        if changed:
            raise InputError(
                f"{folder} holds another annotation, which differs in {', '.join(changed)}: choose another "
                "-o, or replace it with --overwrite"
            )


def _prepare(folder: Path, question: Mapping[str, Any], overwrite: bool) -> None:
    scores = folder / SCORES
    check_same(folder, question, overwrite)
    for path in scores.glob("*"):
        if overwrite or path.suffix != ".npy":
            path.unlink()
    # tracks and sites are those of what is asked now, or none
    for path in [path for pattern in MADE for path in folder.glob(pattern)]:
        path.unlink()
    write_annotation(folder, "running", {"question": question})
    scores.mkdir(exist_ok=True)
