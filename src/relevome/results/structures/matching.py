"""The sequence of a run that each chain of a structure is, and relevance on its residues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from relevome.errors import InputError
from relevome.results.run.reader import Run
from relevome.results.structures.alignment import ChainAlignment, align_chain
from relevome.results.structures.chains import PolymerChain, ResidueKey

# The share of the paired letters that have to be alike where nothing else is asked for.
IDENTITY = 0.9

# Fewer letters than these are alike by chance.
_FEWEST = 8


@dataclass(frozen=True)
class ChainMatch:
    """The row of a run whose sequence a chain is, and how."""

    row: int
    sequence_id: str
    letters: str
    alignment: ChainAlignment
    others_fit: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """What is better in a match: more residues alike, then fewer letters without a residue."""
        return self.alignment.identical, -len(self.letters)


@dataclass(frozen=True, eq=False)
class ResidueRelevance:
    """Relevance of one target on residues: 0 for those of matched chains that have no letter.

    ``sequences`` are the ids by chain. ``left_out`` counts what has no relevance, by reason, ``notes`` what
    else there is to know, ``residues`` those with a letter.
    """

    target: str
    values: dict[ResidueKey, float]
    sequences: dict[str, str]
    residues: int
    left_out: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def match_chains(
    run: Run, targets: Sequence[str], chains: Sequence[PolymerChain], id: str | None, identity: float
) -> dict[str, dict[PolymerChain, ChainMatch]]:
    """By target, the best row for each chain that has one.

    A row fits that is at least ``identity`` alike (a share of the paired letters, 0 to 1), with at least half
    of the shorter of both in pairs and 8 letters alike, or all of a shorter sequence. Only the sequence
    ``id`` is looked at, if it is given. Raises InputError where nothing fits, and for an unknown ``id``.
    """
    wanted = None if id is None else run.find(run.id_of(id))[0].sequence_id
    search = _ChainSearch(chains, identity)
    found: dict[str, dict[PolymerChain, ChainMatch]] = {target: {} for target in targets}
    row = -1
    for part in run.tables(["sequence_id", "sequence", "target"]):
        for each in part.to_pylist():
            row += 1
            if each["target"] in found and wanted in (None, each["sequence_id"]):
                search.look(found[each["target"]], row, each["sequence_id"], each["sequence"])
    if not any(found.values()):
        raise InputError(
            f"no chain is {identity:g} alike to a sequence of {run.path}: {search.nearest}; "
            "give the structure of a sequence of the run, or a lower --option identity"
        )
    return found


def match_sequences(
    sequences: Iterable[tuple[str, str]], chains: Sequence[PolymerChain], where: str
) -> dict[PolymerChain, ChainMatch]:
    """The best of some sequences for each chain that has one, as of `match_chains`.

    Args:
        sequences: Id and letters of each; rows of the matches are their places, from 0.
        chains: Of a structure.
        where: What the chains are of, for the error.

    Raises:
        InputError: Where no chain is at least `IDENTITY` alike to a sequence.
    """
    search = _ChainSearch(chains, IDENTITY)
    found: dict[PolymerChain, ChainMatch] = {}
    for row, (id, letters) in enumerate(sequences):
        search.look(found, row, id, letters)
    if not found:
        raise InputError(
            f"no chain of {where} is {IDENTITY:g} alike to a sequence that is shown: {search.nearest}; "
            "expected the structure of one of the sequences"
        )
    return found


class _ChainSearch:
    """Looks at sequences one after another, and keeps the best for each chain, and what comes nearest."""

    def __init__(self, chains: Sequence[PolymerChain], identity: float) -> None:
        self._chains, self._identity = chains, identity
        self._aligned = lru_cache(maxsize=1 << 16)(align_chain)
        self._nearest: tuple[int, str, str, float] = (0, "", "", 0.0)

    def look(self, best: dict[PolymerChain, ChainMatch], row: int, id: str, letters: str) -> None:
        """One more sequence, which goes into ``best`` for the chains that it fits better."""
        for chain in self._chains:
            alignment = self._aligned(letters, chain)
            match = ChainMatch(row, id, letters, alignment)
            near = (alignment.identical, id, chain.name, alignment.identity)
            self._nearest = max(self._nearest, near, key=lambda one: one[0])
            if _fits(match, chain, self._identity):
                best[chain] = _better(best.get(chain), match)

    @property
    def nearest(self) -> str:
        """The chain and the sequence with most letters alike, in words."""
        alike, name, chain_name, share = self._nearest
        if not alike:
            return "none is near"
        return (
            f"the nearest is chain {chain_name!r} and {name!r}, {alike} residues and {share:.2f} of the "
            "paired letters alike"
        )


def _fits(match: ChainMatch, chain: PolymerChain, identity: float) -> bool:
    shorter = min(len(match.letters), len(chain.letters))
    found = match.alignment
    enough = found.identical >= min(_FEWEST, len(match.letters)) and 2 * len(found.pairs) >= shorter
    return enough and found.identity >= identity


def _better(former: ChainMatch | None, match: ChainMatch) -> ChainMatch:
    """The better of both, the former of equals, which says so unless their letters are the same."""
    if former is None or match.rank > former.rank:
        return match
    if match.rank == former.rank and match.letters != former.letters and not former.others_fit:
        return ChainMatch(former.row, former.sequence_id, former.letters, former.alignment, others_fit=True)
    return former


def residue_relevance(
    run: Run, target: str, chains: Sequence[PolymerChain], matches: dict[PolymerChain, ChainMatch]
) -> ResidueRelevance:
    """Relevance of the matched rows on the residues of their chains."""
    rows = np.array([match.row for match in matches.values()], dtype=np.int64)
    relevance = run.take(rows, ["relevance"])["relevance"]
    result = ResidueRelevance(target, {}, {}, 0)
    residues = 0
    for (chain, match), values in zip(matches.items(), relevance, strict=True):
        residues += _place(result, chain, match, values.values.to_numpy())
    unmatched = {chain.name for chain in chains} - {chain.name for chain in matches}
    result.left_out["chain without a sequence that is similar enough, left as it is"] = len(unmatched)
    return ResidueRelevance(
        target, result.values, result.sequences, residues, +result.left_out, +result.notes
    )


def _kinds(chain: PolymerChain, residue: int) -> str:
    kinds = chain.kinds[residue]
    return kinds + kinds.replace("U", "T") + kinds.replace("T", "U") if chain.is_nucleic else kinds


def _place(
    result: ResidueRelevance, chain: PolymerChain, match: ChainMatch, values: Float32[np.ndarray, " letters"]
) -> int:
    """Values on the residues that are new; a later model repeats those of the first. Gives how many."""
    letter_of = {residue: letter for letter, residue in match.alignment.pairs}
    placed = 0
    for residue, key in enumerate(chain.residues):
        if key in result.values:
            continue
        letter = letter_of.get(residue)
        result.values[key] = 0.0 if letter is None else float(str(values[letter]))
        if letter is None:
            result.left_out["residue without a letter in the sequence, set to 0"] += 1
            continue
        placed += 1
        if match.letters[letter] not in _kinds(chain, residue):
            result.notes["residue of another kind than its letter, with the relevance of that place"] += 1
    for key in chain.others:
        if key not in result.values:
            result.values[key] = 0.0
            result.left_out["ligand or water of a matched chain, set to 0"] += 1
    if chain.name not in result.sequences:
        result.sequences[chain.name] = match.sequence_id
        result.left_out["letter without a residue"] += len(match.letters) - len(letter_of)
        result.notes["chain that several sequences fit equally, of which the first was taken"] += (
            match.others_fit
        )
    return placed
