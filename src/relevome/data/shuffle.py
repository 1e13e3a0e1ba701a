"""Shuffles that keep what a null model should keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Segments = tuple[tuple[int, int], ...]


def shuffle(letters: str, rng: np.random.Generator) -> str:
    """The letters in random order: composition is kept."""
    return shuffle_around(letters, (), rng)[0]


def dinucleotide_shuffle(letters: str, rng: np.random.Generator) -> str:
    """A sequence drawn uniformly from all with the same first letter and the same count of every pair.

    The last letter is then the same as well. Works for any alphabet. Altschul & Erickson (1985),
    Mol. Biol. Evol. 2:526, with the spanning tree drawn as in Wilson (1996), STOC '96:296.
    """
    return dinucleotide_shuffle_around(letters, (), rng)[0]


def shuffle_around(letters: str, kept: Segments, rng: np.random.Generator) -> tuple[str, tuple[int, ...]]:
    """As ``shuffle``, with the segments ``kept`` (0-based, half-open, not overlapping) moved whole.

    Returns the letters and where each kept segment now starts, in the order of ``kept``.
    """
    inside = {i for start, end in kept for i in range(start, end)}
    pieces = list(kept) + [(i, i + 1) for i in range(len(letters)) if i not in inside]
    order = [int(i) for i in rng.permutation(len(pieces))]
    starts = [0] * len(kept)
    position = 0
    for i in order:
        if i < len(kept):
            starts[i] = position
        position += pieces[i][1] - pieces[i][0]
    return "".join(letters[slice(*pieces[i])] for i in order), tuple(starts)


def dinucleotide_shuffle_around(
    letters: str, kept: Segments, rng: np.random.Generator
) -> tuple[str, tuple[int, ...]]:
    """As ``dinucleotide_shuffle``, with the segments ``kept`` moved whole: see ``shuffle_around``.

    Segments are 0-based, half-open, do not overlap, and have two letters or more. Where one ends in
    the letter with which another begins, the two may come to share it.
    """
    if any(end - start < 2 for start, end in kept):
        raise ValueError(f"kept segments {kept}: expected two letters or more in each")
    if not letters:
        return letters, ()
    steps = _steps(letters, kept)
    parts = [letters[0]]
    starts = [0] * len(kept)
    position = 0
    for step in _walk(steps, letters[0], letters[-1], rng):
        if step.kept is not None:
            starts[step.kept] = position
        parts.append(step.text)
        position += len(step.text)
    return "".join(parts), tuple(starts)


@dataclass(frozen=True)
class _Step:
    """From one letter to another: an edge of the graph whose nodes are letters.

    ``text`` is what follows the letter that is left, the letter arrived at included; ``kept`` is
    the index of the segment that this step walks through whole.
    """

    origin: str
    text: str
    kept: int | None

    @property
    def arrival(self) -> str:
        return self.text[-1]


def _steps(letters: str, kept: Segments) -> list[_Step]:
    segments = {start: (index, end) for index, (start, end) in enumerate(kept)}
    steps = []
    here = 0
    while here < len(letters) - 1:
        index, end = segments.get(here, (None, here + 2))
        steps.append(_Step(letters[here], letters[here + 1 : end], index))
        here = end - 1
    return steps


def _walk(steps: list[_Step], first: str, last: str, rng: np.random.Generator) -> list[_Step]:
    """A uniformly random order of all steps in which each leaves from where the one before arrived."""
    exits: dict[str, list[_Step]] = {}
    for step in steps:
        exits.setdefault(step.origin, []).append(step)
    final = _final_exits(exits, last, rng)
    queues = {}
    for letter, leaving in exits.items():
        others = [step for step in leaving if step is not final.get(letter)]
        order = [others[i] for i in rng.permutation(len(others))]
        queues[letter] = iter([*order, final[letter]] if letter in final else order)
    walk = []
    here = first
    for _ in steps:
        walk.append(next(queues[here]))
        here = walk[-1].arrival
    return walk


def _final_exits(exits: dict[str, list[_Step]], last: str, rng: np.random.Generator) -> dict[str, _Step]:
    """The step to be taken last out of each letter but ``last``: a uniform spanning tree towards it."""
    final: dict[str, _Step] = {}
    connected = {last}
    for letter in exits:
        here = letter
        while here not in connected:
            final[here] = exits[here][rng.integers(len(exits[here]))]
            here = final[here].arrival
        here = letter
        while here not in connected:
            connected.add(here)
            here = final[here].arrival
    return final
