"""Where the input is cut into shards: a part of it depends on what is given alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def cut(
    items: Iterable[_Item], letters_of: Callable[[_Item], int], most: int, most_letters: int
) -> Iterator[tuple[int, list[_Item]]]:
    """Stretches of at most ``most`` items and, beyond the first, ``most_letters``, each with its number."""
    number, some, letters = 0, [], 0
    for item in items:
        size = letters_of(item)
        if some and (len(some) == most or letters + size > most_letters):
            yield number, some
            number, some, letters = number + 1, [], 0
        some.append(item)
        letters += size
    if some:
        yield number, some
