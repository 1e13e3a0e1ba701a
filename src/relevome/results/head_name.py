"""What a head is called, wherever results speak of one."""

from __future__ import annotations

from typing import NamedTuple


class HeadName(NamedTuple):
    """A head of a layer, both counted from 0 in the order in which the model runs them."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"{self.layer}.{self.head}"
