"""Global alignment of a sequence with the residues of a chain, which may lack any part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from relevome.results.structures.chains import UNKNOWN, PolymerChain
from relevome.results.structures.reading import gemmi_library

# Opening a gap in the chain between residues that are bound; where they are not, and at its ends, it is free.
_BOUND = -4
_GAP = "-"


@dataclass(frozen=True)
class ChainAlignment:
    """Which letter each residue of a chain is: pairs of a letter and a residue, from 0, both rising.

    ``identical`` counts the pairs of the same letter.
    """

    pairs: tuple[tuple[int, int], ...]
    identical: int

    @property
    def identity(self) -> float:
        """The share of pairs that are the same letter, 0 to 1."""
        return self.identical / len(self.pairs) if self.pairs else 0.0


def align_chain(letters: str, chain: PolymerChain) -> ChainAlignment:
    """The best global alignment (Needleman and Wunsch 1970, doi 10.1016/0022-2836(70)90057-4), by gemmi.

    A pair of the same letter is worth 1, any other -1, a letter in a gap -1, and opening a gap -4, but
    nothing in the chain at its ends and between residues that are not bound to each other. Residues that lack
    are put where the file says that they stand (in mmCIF by the whole sequence, else by the numbers on both
    sides of a break), unless more residues are alike without that. Ends of fewer than half the same letters,
    such as tags, have no partners. T and U are the same in nucleic acids.
    """
    letters = _one_base(letters, chain)
    found = (_aligned(letters, *layout) for layout in _layouts(chain, len(letters)))
    aligned = [_without_ends(pairs, letters, chain) for pairs in found]
    return max(aligned, key=lambda one: one.identical)  # the first of equals


def _one_base(letters: str, chain: PolymerChain) -> str:
    """T for U in nucleic acids."""
    return letters.replace("U", "T") if chain.is_nucleic else letters


def _layouts(chain: PolymerChain, most: int) -> Iterator[tuple[list[str], list[int], list[int]]]:
    """The chain with what it lacks, then without: letters, cost of a gap before each and after, residues.

    The last are numbers of residues, -1 for what lacks.
    """
    breaks = [0, *(_BOUND if joined else 0 for joined in chain.joined), 0]
    plain = (list(_one_base(chain.letters, chain)), breaks, list(range(len(chain.letters))))
    filled = _filled(chain, most)
    if filled is not None:
        yield filled
    yield plain


def _filled(chain: PolymerChain, most: int) -> tuple[list[str], list[int], list[int]] | None:
    """With unknown letters where places jump at a break, or None if no or more than ``most`` are wanted."""
    letters, costs, residues = [], [0], []
    for residue, letter in enumerate(_one_base(chain.letters, chain)):
        letters.append(letter)
        residues.append(residue)
        if residue == len(chain.joined):
            break
        lacking = 0
        if not chain.joined[residue]:
            lacking = max(chain.places[residue + 1] - chain.places[residue] - 1, 0)
        if len(letters) + lacking > 2 * most:
            return None
        letters += [_GAP] * lacking
        residues += [-1] * lacking
        costs += [0] * (lacking + 1) if not chain.joined[residue] else [_BOUND]
    return (letters, [*costs, 0], residues) if _GAP in letters else None


@cache
def _scoring() -> Any:
    scoring = gemmi_library().AlignmentScoring()
    scoring.match, scoring.mismatch, scoring.gapo, scoring.gape = 1, -1, _BOUND, -1
    return scoring


def _aligned(letters: str, chain: list[str], costs: list[int], residues: list[int]) -> list[tuple[int, int]]:
    """The pairs of letters and residues of the best alignment."""
    found = gemmi_library().align_string_sequences(list(letters), chain, costs, _scoring())
    pairs, letter, place = [], 0, 0
    for count, step in re.findall(r"(\d+)([MID])", found.cigar_str()):
        for _ in range(int(count)):
            if step == "M" and residues[place] >= 0:
                pairs.append((letter, residues[place]))
            letter += step != "D"
            place += step != "I"
    return pairs


def _without_ends(pairs: list[tuple[int, int]], letters: str, chain: PolymerChain) -> ChainAlignment:
    kinds = [_one_base(each, chain) for each in chain.kinds]
    same = [letters[i] in kinds[j] and letters[i] != UNKNOWN for i, j in pairs]
    first = _poor([1 if each else -1 for each in same])
    last = len(pairs) - _poor([1 if each else -1 for each in same[first:]][::-1])
    return ChainAlignment(tuple(pairs[first:last]), sum(same[first:last]))


def _poor(worth: list[int]) -> int:
    """How long the beginning is whose sum is lowest, the longest such; 0 if none is below 0."""
    sums = [0, *accumulate(worth)]
    lowest = min(sums)
    return max(i for i, each in enumerate(sums) if each == lowest) if lowest < 0 else 0
