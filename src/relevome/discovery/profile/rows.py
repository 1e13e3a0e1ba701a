"""Relevance of sequences laid on one axis of positions: around their sites or ends, or by an alignment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from relevome.data.formats.alignment import GAPS
from relevome.data.sequences import Alphabet, Sequence
from relevome.data.sites import Site, listed_as, sites_on
from relevome.errors import InputError
from relevome.results.profile.profile import Border, ProfileRow, ProfileSettings
from relevome.results.run.columns import Explanation
from relevome.words import counted

NO_SITE = "sequences without a site"
SAME_PLACE = "sites at the same place of the same sequence as another one"
OUTSIDE = "rows without a letter at any of the positions"
NOT_ALIGNED = "sequences that the alignment does not have"


class PlacedRow(NamedTuple):
    """One row on the axis: who it is, relevance (not a number without a letter), and letters as numbers."""

    about: ProfileRow
    values: np.ndarray
    codes: np.ndarray


@dataclass
class RowPlacer:
    """Puts explained sequences on one axis; what has no place there is counted in ``left_out``.

    Args:
        settings: The axis.
        alphabet: Of the sequences. Letters are numbered in its order; IUPAC codes have the number behind the
            last one, and where there is no letter stands -1.
        sites: Known sites by sequence or chromosome, see `relevome.data.sites.sites_on`, for ``site``.
        alignment: Rows with gaps by the id of their sequence, for ``alignment``.
    """

    settings: ProfileSettings
    alphabet: Alphabet
    sites: Mapping[str, list[Site]] = field(default_factory=dict)
    alignment: Mapping[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        number = {letter: i for i, letter in enumerate(self.alphabet.letters)}
        self._numbers = np.full(128, len(number), dtype=np.int8)
        self._numbers[[ord(letter) for letter in number]] = [*number.values()]
        self._ends = {
            name: np.array([(site.start, site.end) for site in some]).reshape(-1, 2)
            for name, some in self.sites.items()
        }

    def rows(self, one: Explanation) -> list[PlacedRow]:
        """The rows of a sequence: one for every site, else one.

        A site on the other strand of a nucleic acid is read against the sequence, letters complemented.
        Raises InputError as `relevome.data.sites.sites_on` does, and for letters that are not those of the
        alignment.
        """
        sequence = Sequence(one.sequence_id, one.sequence, self.alphabet, one.interval)
        if self.settings.anchor == "alignment":
            return self._kept([self._by_columns(sequence, one)])
        if self.settings.anchor != "site":
            anchor = len(sequence) if self.settings.anchor == "end" else 0
            return self._kept([self._around(sequence, one, Site(anchor, anchor, ""), "start")])
        places: dict[tuple[int, str], PlacedRow] = {}
        found = self._sites(sequence)
        for site in found:
            row = self._around(sequence, one, site, self.settings.at)
            places.setdefault((row.about.anchor, row.about.strand), row)
        self.left_out[SAME_PLACE] += len(found) - len(places)
        self.left_out[NO_SITE] += not found
        return self._kept([*places.values()])

    def _kept(self, rows: list[PlacedRow | None]) -> list[PlacedRow]:
        kept = [row for row in rows if row is not None and (row.codes >= 0).any()]
        self.left_out[OUTSIDE] += sum(row is not None for row in rows) - len(kept)
        return kept

    def _sites(self, sequence: Sequence) -> list[Site]:
        """Sites that have a letter in the sequence, with their ends even where these lie outside of it."""
        own, interval = listed_as(sequence.id, self.sites), sequence.interval
        near = {} if own is None else {own: self.sites[own]}
        chrom = None if interval is None else listed_as(interval.chrom, self.sites)
        if interval is not None and chrom is not None:
            ends = self._ends[chrom]
            touching = (ends[:, 0] < interval.end) & (ends[:, 1] > interval.start)
            near[chrom] = [self.sites[chrom][i] for i in np.flatnonzero(touching)]
        self.used |= {*near}
        return sites_on(sequence, near, whole=True)

    def _around(self, sequence: Sequence, one: Explanation, site: Site, at: Border) -> PlacedRow:
        size, turned = len(sequence), site.strand == "-" and self.alphabet.complements is not None
        start, end = (size - site.end, size - site.start) if turned else (site.start, site.end)
        anchor = {"start": start, "middle": (start + end) // 2, "end": end}[at]
        letters = sequence.reverse_complement().letters if turned else sequence.letters
        relevance = one.relevance[::-1] if turned else one.relevance
        values, codes = self._empty()
        first = anchor + self.settings.first  # the letter at the first position
        low, high = max(first, 0), min(first + self.settings.width, size)
        if low < high:
            values[low - first : high - first] = relevance[low:high]
            codes[low - first : high - first] = self._coded(letters[low:high])
        own = size - 1 - anchor if turned else anchor
        return PlacedRow(_about(one, site.label, "-" if turned else "+", own, values), values, codes)

    def _by_columns(self, sequence: Sequence, one: Explanation) -> PlacedRow | None:
        name = listed_as(sequence.id, self.alignment)
        if name is None:
            self.left_out[NOT_ALIGNED] += 1
            return None
        self.used.add(name)
        columns = self.alignment[name]
        letters = "".join(letter for letter in columns if letter not in GAPS)
        if letters != sequence.letters:
            raise InputError(_differ(sequence, letters))
        filled = np.array([letter not in GAPS for letter in columns])
        values, codes = self._empty()
        values[filled], codes[filled] = one.relevance, self._coded(letters)
        return PlacedRow(_about(one, "", "+", 0, values), values, codes)

    def _empty(self) -> tuple[np.ndarray, np.ndarray]:
        width = self.settings.width
        return np.full(width, np.nan, dtype=np.float32), np.full(width, -1, dtype=np.int8)

    def _coded(self, letters: str) -> np.ndarray:
        return self._numbers[np.frombuffer(letters.encode(), dtype=np.uint8)]


def _about(one: Explanation, site: str, strand: str, anchor: int, values: np.ndarray) -> ProfileRow:
    total = float(np.nansum(values, dtype=np.float64))
    return ProfileRow(one.sequence_id, site, strand, anchor, one.score, total)


def _differ(sequence: Sequence, aligned: str) -> str:
    pairs = enumerate(zip(sequence.letters, aligned, strict=False))
    at = next((i for i, (ours, theirs) in pairs if ours != theirs), None)
    where = (
        f"{counted(len(aligned), 'letter')}, and {len(sequence)} in the run"
        if at is None
        else f"{aligned[at]!r} as letter {at + 1}, where the run has {sequence.letters[at]!r}"
    )
    return f"{sequence.id!r} of the alignment has {where}: expected the letters that were explained"
