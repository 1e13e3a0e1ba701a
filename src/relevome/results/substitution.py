"""What exchanging relevant letters does to predictions: curves, the areas between them, and their folder.

Numbers are in the tables for people, and those of every sequence exactly as they were in
``substitution.npz``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.results.arrays import read_arrays, write_arrays
from relevome.results.estimate import Estimate
from relevome.results.folder import ResultFolder
from relevome.results.kinds import of_its_kind
from relevome.results.notebook import as_html, plotted
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import write_tsv
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCHEMA_VERSION = 2
NAME, ARRAYS = "substitution.json", "substitution.npz"
FOLDER = ResultFolder(
    (NAME,), (ARRAYS, "substitution.md", "curves.tsv", "areas.tsv", "sequences.tsv", "curves.png")
)

ORDERS = {
    "most": "most relevant first",
    "random": "random order",
    "least": "least relevant first",
}
# The last axis of what a model answers: the explained logit, its probability, and what is predicted.
LOGIT, PROBABILITY, PREDICTED = range(3)

_CURVE = ("measure", "order", "letters", "mean", "low", "high")
_AREA = ("measure", "upper", "lower", "mean", "low", "high", "excludes_0", "p")
_COUNTS = ("letters", "same", "others", "changed")
_OWN = frozenset({
    "schema_version", "command", "library_versions", "exchange", "sequences", "sequence_ids", "left_out",
    "curves", "areas", "notes",
})  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """What letters are exchanged for, and how many.

    ``by`` is one letter, or ``random`` for letters that are others than those they replace. Counts are 0, 1,
    2, 4, ... up to ``most``. There are ``orders`` random orders, and as many draws of random letters.
    """

    by: str = "A"
    most: int = 64
    orders: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.by != "random" and len(self.by) != 1:
            raise InputError(f"--by {self.by}: expected random, or one letter such as A")
        if self.most < 1 or self.orders < 1:
            raise InputError(f"--most {self.most} and --orders {self.orders}: expected 1 or more of both")

    @property
    def counts(self) -> tuple[int, ...]:
        """How many letters are exchanged."""
        powers = [2**i for i in range(self.most.bit_length()) if 2**i < self.most]
        return (0, *powers, self.most)


@dataclass(frozen=True, eq=False)
class Exchanged:
    """What the model answers for one sequence as letters are exchanged.

    In order of relevance from the top and from the bottom, once for each draw of random letters; and in
    random orders. The last axis is `LOGIT`, `PROBABILITY`, `PREDICTED`. ``letters`` could be exchanged;
    ``same`` are the letter that others are exchanged for, and were passed over in every order. Of
    ``others``, tokens none of whose letters was exchanged, ``changed`` were tokenised otherwise.
    """

    most: Float[np.ndarray, "draws counts 3"]
    least: Float[np.ndarray, "draws counts 3"]
    random: Float[np.ndarray, "orders counts 3"]
    letters: int
    same: int
    others: int
    changed: int


@dataclass(frozen=True)
class Curve:
    """The mean of a measure over sequences, for every count of letters, and its 95% interval."""

    measure: str
    order: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class Area:
    """The area between two curves, the upper minus the lower, over doublings of the count: a mean difference.

    Positive is what right relevance gives. ``p`` is that of the sign-flip test over sequences, None for
    AUROC, which no single sequence has.
    """

    measure: str
    upper: str
    lower: str
    estimate: Estimate
    p: float | None

    @property
    def excludes_0(self) -> bool:
        """Whether the interval says which curve is above."""
        return self.estimate.low > 0 or self.estimate.high < 0


@dataclass(frozen=True, eq=False, repr=False)
class Substitution:
    """Curves of a run, the areas between them, and what went into both.

    ``about`` says which run, ``sequences`` what the model answered for each by its id, and ``left_out`` how
    many were left out for which reason.
    """

    about: Mapping[str, Any]
    exchange: Exchange
    sequences: Mapping[str, Exchanged]
    curves: tuple[Curve, ...]
    areas: tuple[Area, ...]
    left_out: Mapping[str, int]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [
            f"Substitution in {self.about.get('run', 'a run')}: "
            f"{counted(len(self.sequences), 'sequence')}, up to "
            f"{counted(self.exchange.most, 'letter')} for {self.exchange.by}"
        ]
        lines += [
            f"  {one.measure}, {one.upper} minus {one.lower}: {{:.3g}} [{{:.3g}}, {{:.3g}}]".format(
                *one.estimate
            )
            for one in self.areas
            if one.upper == "random"
        ]
        return "\n".join([*lines, "  .areas has them all, .to_pandas() the curves"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), _AREA, map(_area_row, self.areas))

    def plot(self) -> list[Axes]:
        """A panel for every measure: its mean and 95% interval by the number of letters exchanged.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.
        """
        return plotted(self)

    def to_pandas(self) -> pd.DataFrame:
        """The curves, a row for every measure, order and number of letters, as in ``curves.tsv``."""
        import pandas as pd

        return pd.DataFrame(_curve_rows(self), columns=list(_CURVE))


def write_substitution(found: Substitution, folder: Path) -> None:
    """Tables and arrays, then the record: a folder without ``substitution.json`` is unfinished.

    The folder is one without an earlier result, as `FOLDER.writing` gives it.
    """
    write_tsv(folder / "curves.tsv", _CURVE, _curve_rows(found))
    write_tsv(folder / "areas.tsv", _AREA, map(_area_row, found.areas))
    header = ("sequence_id", "order", "letters", "logit", "probability")
    write_tsv(folder / "sequences.tsv", header, _sequence_rows(found))
    every = found.sequences.values()
    arrays = {order: np.array([getattr(one, order) for one in every]) for order in ORDERS}
    arrays["counts"] = np.array([[getattr(one, name) for name in _COUNTS] for one in every])
    write_arrays(folder / ARRAYS, arrays)
    write_record(folder / NAME, _content(found))


def read_substitution(folder: str | Path) -> Substitution:
    """What `relevome substitute` left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of an earlier or a later relevome, and for
    one that is damaged.
    """
    path = Path(folder) / NAME
    said = read_record(path, SCHEMA_VERSION, "relevome substitute")
    if said["schema_version"] < SCHEMA_VERSION:
        raise InputError(
            f"{folder} was written by an earlier relevome: make it again with relevome substitute "
            f"--overwrite -o {folder}"
        )
    with reading(path):
        found = Substitution(
            {name: value for name, value in said.items() if name not in _OWN},
            Exchange(**{name: said["exchange"][name] for name in ("by", "most", "orders", "seed")}),
            _sequences(said["sequence_ids"], read_arrays(path.parent / ARRAYS)),
            tuple(_curve(one) for one in said["curves"]), tuple(_area(one) for one in said["areas"]),
            said["left_out"], tuple(said["notes"]),
        )  # fmt: skip
        _check_lengths(of_its_kind(found))
        return found


def _check_lengths(found: Substitution) -> None:
    """Raises ValueError where curves or answers are not for as many letters as were exchanged."""
    size = len(found.exchange.counts)
    answered = [getattr(one, order).shape[1] for one in found.sequences.values() for order in ORDERS]
    if {*answered, *(len(curve.estimates) for curve in found.curves)} - {size}:
        raise ValueError(f"expected {size} numbers of letters everywhere")


def _area_row(area: Area) -> tuple[Any, ...]:
    return (area.measure, area.upper, area.lower, *area.estimate, int(area.excludes_0), area.p)


def _curve_rows(found: Substitution) -> Iterator[tuple[Any, ...]]:
    for curve in found.curves:
        for count, estimate in zip(found.exchange.counts, curve.estimates, strict=True):
            yield (curve.measure, curve.order, count, *estimate)


def _sequence_rows(found: Substitution) -> Iterator[tuple[Any, ...]]:
    with_probability = any(curve.measure == "probability" for curve in found.curves)
    for name, one in found.sequences.items():
        for order in ORDERS:
            means = getattr(one, order).mean(0)
            for count, row in zip(found.exchange.counts, means.tolist(), strict=True):
                yield (name, order, count, row[LOGIT], row[PROBABILITY] if with_probability else None)


def _content(found: Substitution) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        **provenance(),
        **found.about,
        "exchange": asdict(found.exchange) | {"counts": found.exchange.counts},
        "sequences": len(found.sequences),
        "sequence_ids": list(found.sequences),
        "left_out": dict(found.left_out),
        "curves": [asdict(curve) for curve in found.curves],
        "areas": [
            {"measure": a.measure, "upper": a.upper, "lower": a.lower, **a.estimate._asdict(), "p": a.p}
            | {"excludes_0": a.excludes_0}
            for a in found.areas
        ],
        "notes": list(found.notes),
    }


def _sequences(ids: list[str], arrays: Mapping[str, np.ndarray]) -> dict[str, Exchanged]:
    columns = (*(arrays[order] for order in ("most", "least", "random")), arrays["counts"].tolist())
    return {
        id: Exchanged(most, least, random, **dict(zip(_COUNTS, counts, strict=True)))
        for id, most, least, random, counts in zip(ids, *columns, strict=True)
    }


def _curve(said: Mapping[str, Any]) -> Curve:
    return Curve(said["measure"], said["order"], tuple(Estimate(*one) for one in said["estimates"]))


def _area(said: Mapping[str, Any]) -> Area:
    estimate = Estimate(said["mean"], said["low"], said["high"])
    return Area(said["measure"], said["upper"], said["lower"], estimate, said["p"])
