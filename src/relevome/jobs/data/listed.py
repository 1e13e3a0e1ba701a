"""What `relevome data fetch` can get, and what of it is here."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

from relevome.data.public import DataSet, data_sets
from relevome.jobs.data.downloads import is_cached
from relevome.jobs.data.public_data import downloads_of, in_mirror
from relevome.models.published import published


@dataclass(frozen=True)
class Fetchable:
    """One of the things that can be fetched.

    Attributes:
        name: What it is called.
        about: What it is.
        licence: In words.
        size: Bytes of its files, decompressed; None where it is not known.
        state: ``cached``: downloaded before; ``mirror``: in the folder that RELEVOME_DATA names; ``by hand``:
            has no address; ``-``: neither, or not known.
    """

    name: str
    about: str
    licence: str
    size: int | None
    state: str


def fetchable() -> list[Fetchable]:
    """Data sets, then published weights, each by name. Opens no connection.

    Raises InputError where RELEVOME_DATA names a folder that is not there.
    """
    sets = [
        Fetchable(
            name,
            one.about,
            one.licence,
            sum(file.size for file in one.files) if one.files else None,
            _state(one),
        )
        for name, one in data_sets.items()
    ]
    weights = [
        Fetchable(name, _first(family), family.wheel.licence, None, "-")
        for name, family in published.items()
        if family.wheel is not None
    ]
    return sets + weights


def _first(family: object) -> str:
    lines = (inspect.getdoc(family) or "").split("\n\n")[0].split()
    return "weights: " + " ".join(lines).replace("``", "").removesuffix(".")


def _state(data: DataSet) -> str:
    if not data.files:
        return "-"
    places = [in_mirror(file) for file in data.files]
    if all(isinstance(place, Path) for place in places):
        return "mirror" if all(place is not None and place.is_file() for place in places) else "-"
    downloads = [one for file in data.files for one in downloads_of(file)]
    if any(not downloads_of(file) for file in data.files):
        return "by hand"
    return "cached" if all(map(is_cached, downloads)) else "-"
