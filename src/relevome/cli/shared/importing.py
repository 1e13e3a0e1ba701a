"""Imports of a command, which take most of the time until a small model has explained something."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """While in the block, where there are imports only, Python does not look for garbage, nor in them later.

    They make very many objects that all stay; looking through them again and again takes 0.4 s. A second
    block changes nothing, since by then there may be garbage.
    """
    if gc.get_freeze_count() or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
