"""EC numbers: classes of enzymes at four levels."""

from __future__ import annotations

import re

from relevome.errors import InputError

LEVELS = 4

# The fourth level of a number that is not official yet is written n1, n2, ...
_NUMBER = re.compile(
    r"(?:EC[ :]?)?([1-9]\d?)((?:\.(?:\d+|-)){2}\.(?:n?\d+|-)|\.\d+\.\d+|\.\d+|)", re.IGNORECASE
)


def read_ec(text: str) -> tuple[str, ...]:
    """The levels that a number names, from the class on: ``1.1.-.-`` gives 1, 1; ``3.6.1.n2`` all four.

    Raises ``InputError`` for what is no EC number (ExplorEnz; McDonald, Boyce and Tipton 2009).
    """
    found = _NUMBER.fullmatch(text.strip())
    levels = [] if found is None else [found[1], *found[2].lower().split(".")[1:]]
    named = [level for level in levels if level != "-"]
    if not named or levels[: len(named)] != named:
        raise InputError(
            f"{text.strip()!r} is no EC number: expected four levels, such as 1.1.1.1 or 1.1.-.-"
        )
    return tuple(named)


def classes_at(numbers: tuple[str, ...], level: int) -> tuple[frozenset[str], frozenset[str]]:
    """The classes at a level that numbers belong to, and those coarser numbers that none of them refines."""
    read = {read_ec(number) for number in numbers}
    fine = {one[:level] for one in read if len(one) >= level}
    coarse = {one for one in read if len(one) < level and not any(f[: len(one)] == one for f in fine)}
    return frozenset(map(".".join, fine)), frozenset(map(".".join, coarse))


def by_number(name: str) -> tuple[tuple[int, int], ...]:
    """A key that sorts classes by their numbers, preliminary ones last."""
    return tuple((part.startswith("n"), int(part.removeprefix("n"))) for part in name.split("."))
