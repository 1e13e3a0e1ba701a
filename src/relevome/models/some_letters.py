"""Outputs of some letters alone, of a model that reads far around each and has one for every letter."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from relevome.models.any_module.reading import OneHot
from relevome.models.base import Model


@contextmanager
def only_outputs_of(model: Model, letters: Collection[int]) -> Iterator[None]:
    """While active, a model computes what it says of these letters and those between, where it can.

    That is a model that says so (`OneHot.local`), such as SpliceAI, which reads each letter with 5,000 on
    either side: it is given the letters of which these outputs are made, and no others. Outputs of all other
    letters are NaN meanwhile, and their gradients 0. Any other model computes everything.

    Args:
        model: The model.
        letters: Letters, counted from 0 in every sequence that is read meanwhile; none for all.
    """
    reading = getattr(model.module, "reading", None)
    if not (letters and isinstance(reading, OneHot) and reading.local):
        yield
        return
    reading.only = range(min(letters), max(letters) + 1)
    try:
        yield
    finally:
        reading.only = None
