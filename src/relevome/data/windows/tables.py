"""Tables of windows to train, validate and test on, with sites and without, no sequence in two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import Interval
from relevome.data.shares import PARTS
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.data.windows.division import Division
from relevome.data.windows.letters import (
    Cuts,
    GenomeLetters,
    reverse_complement,
    strandless_digest,
)
from relevome.data.windows.matching import likeness, nearest
from relevome.data.windows.negatives import FreePlaces, draw_windows
from relevome.data.windows.site_windows import SiteWindows
from relevome.errors import InputError
from relevome.words import counted

StrandChoice = Literal["site", "both", "forward"]
Negatives = Literal["random", "shuffled", "matched"]

COLUMNS = ("id", "sequence", "label", "chrom", "start", "end", "strand")

# Of so many random windows for each that is wanted a matched one is chosen, and of so many in all.
_CHOICE, _POOL = 20, 500_000
_SHUFFLES = 20  # until one has letters that no other window has

Row = tuple[str, str, int, str | None, int | None, int | None, str | None]


@dataclass(frozen=True)
class TablePlan:
    """What tables of windows hold.

    Args:
        strand: ``site`` reads windows on the strand of their sites, ``forward`` on ``+``, and ``both`` as
            ``site`` and again on the other strand, in a row of its own.
        negatives: ``random`` places without a site, ``shuffled`` sites with the same pairs of letters, or
            ``matched`` places that are made of what sites are made of.
        ratio: Negatives for each positive.
        most_unknown: Letters other than A, C, G and T that a window may have.
        seed: Of everything that is drawn at random.
    """

    strand: StrandChoice = "site"
    negatives: Negatives = "random"
    ratio: float = 1.0
    most_unknown: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.ratio) and self.ratio > 0):
            raise InputError(f"ratio {self.ratio:g}: expected a number of negatives per positive above 0")
        if self.most_unknown < 0:
            raise InputError(f"at most {self.most_unknown} unknown letters: expected 0 or more")
        if self.seed < 0:
            raise InputError(f"seed {self.seed}: expected 0 or more")


@dataclass(eq=False)
class PartTable:
    """One part: where it lies, its windows with sites, and those without, which shuffles are not.

    ``likeness`` says how like matched windows are to those with sites (see `likeness`), and how like random
    ones would be. ``left_out`` counts shuffles that could not be made, while
    rows are.
    """

    name: str
    regions: tuple[Interval, ...]
    letters: GenomeLetters
    plan: TablePlan
    positives: Cuts
    names: list[str]
    negatives: Cuts | None
    shuffles: Int[np.ndarray, " positives"]  # of each positive
    taken: set[bytes]
    likeness: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[Row]:
        """Rows of `COLUMNS`: windows with sites, label 1, and then those without, label 0."""
        for number, letters in self._cut(self.positives):
            yield from self._strands(self.names[number], letters, 1, self.positives, number)
        if self.negatives is not None:
            for number, letters in self._cut(self.negatives):
                yield from self._strands(self.plan.negatives, letters, 0, self.negatives, number)
        elif self.shuffles.any():
            yield from self._shuffled()

    def _cut(self, cuts: Cuts) -> Iterator[tuple[int, np.ndarray]]:
        for piece, letters in self.letters.cut(cuts):
            yield from zip(map(int, piece), letters, strict=True)

    def _strands(self, name: str, letters: np.ndarray, label: int, cuts: Cuts, number: int) -> Iterator[Row]:
        for strand, text in self._read(letters, bool(cuts.reverse[number])):
            here = self.letters.interval(cuts, number)
            place = f"{here.chrom}:{here.start}-{here.end}({strand})"
            id = f"{name}@{place}" if name else place
            yield id, text, label, here.chrom, here.start, here.end, strand

    def _read(self, letters: np.ndarray, reverse: bool) -> Iterator[tuple[str, str]]:
        """Strand and letters of every row that a window has."""
        strands = "-+" if reverse else "+-"
        yield strands[0], letters.tobytes().decode("ascii")
        if self.plan.strand == "both":
            yield strands[1], reverse_complement(letters).tobytes().decode("ascii")

    def _shuffled(self) -> Iterator[Row]:
        """Shuffles of windows with sites, which lie nowhere."""
        rng = np.random.default_rng([self.plan.seed, PARTS.index(self.name), 1])
        for number, letters in self._cut(self.positives):
            text = letters.tobytes().decode("ascii")
            here = self.letters.interval(self.positives, number)
            name = self.names[number] or "site"
            for count in range(1, int(self.shuffles[number]) + 1):
                shuffled = self._new_shuffle(text, rng)
                if shuffled is None:
                    self.left_out["shuffles, since their letters have no other order"] += 1
                    continue
                for strand, row in self._read(shuffled, here.strand == "-"):
                    place = f"{here.chrom}:{here.start}-{here.end}({strand})"
                    yield f"shuffle{count}@{name}@{place}", row, 0, None, None, None, None

    def _new_shuffle(self, text: str, rng: np.random.Generator) -> np.ndarray | None:
        for _ in range(_SHUFFLES):
            letters = np.frombuffer(dinucleotide_shuffle(text, rng).encode("ascii"), dtype=np.uint8)
            digest = strandless_digest(letters)
            if digest not in self.taken:
                self.taken.add(digest)
                return letters
        return None


def part_tables(
    sites: SiteWindows, division: Division, letters: GenomeLetters, plan: TablePlan
) -> tuple[list[PartTable], Counter[str]]:
    """The tables of all parts, and how many sites were left out why.

    No letters are in two windows, on either strand: of sites with the same, those to test on stay, then those
    to validate on; and no window lies in two parts, so that windows of two never overlap. Raises InputError
    for a part without windows, and one with too few places without sites.
    """
    cuts = sites.cuts
    part_of = division.part_of(cuts, letters.contigs, letters.width)
    unknown, digests = letters.look(cuts)
    left_out: Counter[str] = Counter()
    left_out["with the window of another site"] = sites.again
    left_out["across the border of two parts"] = int((part_of < 0).sum())
    taken: set[bytes] = set()
    kept: dict[str, np.ndarray] = {}
    for part in reversed([*division.regions]):
        good = []
        for number in map(int, np.flatnonzero(part_of == PARTS.index(part))):
            if unknown[number] > plan.most_unknown:
                left_out["with unknown letters"] += 1
            elif digests[number] in taken:
                left_out["with the letters of another site, on either strand"] += 1
            else:
                taken.add(digests[number])
                good.append(number)
        if not good:
            raise InputError(
                f"no site is left in {part}: expected some in {_spelt(division.regions[part])}, or another "
                "split"
            )
        kept[part] = np.array(good)
    tables = []
    for part, regions in division.regions.items():
        which = kept[part]
        table = PartTable(
            part, regions, letters, plan, cuts.take(which), [sites.names[number] for number in which],
            None, np.zeros(len(which), dtype=np.int64), taken,
        )  # fmt: skip
        _add_negatives(table, sites.avoided)
        tables.append(table)
    return tables, +left_out


def _add_negatives(table: PartTable, avoided: list[Interval]) -> None:
    plan, count = table.plan, len(table.positives)
    wanted = max(1, round(plan.ratio * count))
    rng = np.random.default_rng([plan.seed, PARTS.index(table.name), 0])
    each = np.full(count, wanted // count)
    each[rng.choice(count, wanted % count, replace=False)] += 1
    if plan.negatives == "shuffled":
        table.shuffles = each
        return
    matched = plan.negatives == "matched"
    pool = max(wanted, min(_CHOICE * wanted, _POOL)) if matched else wanted
    free = FreePlaces.of(table.regions, avoided, table.letters)
    found, digests = draw_windows(
        free, pool, table.letters, table.taken, plan.most_unknown, plan.strand == "site", rng
    )
    if len(found) < wanted:
        raise InputError(
            f"{table.name} has room for {len(found):,} of {counted(wanted, 'window')} without a site and "
            "with letters of their own: expected a lower --ratio or --width, or --negatives shuffled"
        )
    chosen = np.arange(wanted)
    if matched:
        like = table.letters.composition(table.positives).take(np.repeat(np.arange(count), each))
        drawn = table.letters.composition(found)
        chosen = nearest(like, drawn, rng)
        table.likeness = {
            "random": likeness(like, drawn.take(np.arange(wanted))),
            "matched": likeness(like, drawn.take(chosen)),
        }
    table.taken.update(digests[number] for number in chosen)
    table.negatives = found.take(chosen)


def _spelt(regions: tuple[Interval, ...]) -> str:
    named = ", ".join(f"{one.chrom}:{one.start + 1}-{one.end}" for one in regions[:3])
    return named + (f" and {len(regions) - 3} more" if len(regions) > 3 else "") or "no stretch of the genome"
