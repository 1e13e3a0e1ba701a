"""The parts of a page, one file for each kind of result; a new file with a registration is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from relevome.registry import Registry
from relevome.report.html.arrays import PageArrays
from relevome.report.html.references import Statistic
from relevome.report.html.verdict import Remark
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.quality.record import ModelQuality

Result = TypeVar("Result")
MeanCurvesOf: TypeAlias = Callable[[Sequence[FaithfulnessCurves]], MeanCurves]


@dataclass(frozen=True)
class PageTools:
    """What parts may use: a place for ``arrays``, and means of curves with their intervals."""

    arrays: PageArrays
    mean_curves: MeanCurvesOf


@dataclass(frozen=True)
class PagePart(Generic[Result]):
    """A kind of result that a page can show.

    Attributes:
        record: The file by which a folder of it is known.
        read: What such a folder holds. Raises InputError for one that is damaged.
        title: What the part is called on the page.
        content: The result as the page draws it, as JSON can hold it; the page has a function of the same
            name as the part, in ``report/page/src/parts``.
        remarks: What the result adds to the verdict, besides how good its models are.
        qualities: How good the models behind it are, by what they are called beside others.
        statistics: How its numbers were tested, and where their intervals are from.
    """

    record: str
    read: Callable[[Path], Result]
    title: str
    content: Callable[[Result, PageTools], Mapping[str, Any]]
    remarks: Callable[[Result], Sequence[Remark]]
    qualities: Callable[[Result], Mapping[str, ModelQuality]] = lambda _: {}
    statistics: tuple[Statistic, ...] = ()


@dataclass(frozen=True)
class ShownResult:
    """A result that is no run: its folder, its kind, what was read, and what its record says.

    ``name`` tells it from others of its kind; ``run`` is the number of the run of the page that it is about.
    """

    folder: Path
    kind: str
    part: PagePart[Any]
    found: Any
    record: Mapping[str, Any]
    name: str = ""
    run: int | None = None


page_parts: Registry[PagePart[Any]] = Registry("part of a page", __name__, "page_parts")
