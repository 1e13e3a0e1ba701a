"""The motifs of one or several runs, and all that is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.results.attention_heads.heads import Match
from relevome.results.motifs.causes import MotifCauses
from relevome.results.motifs.settings import MotifSearch
from relevome.results.notebook import as_html, plotted
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_PALE = 0.5  # bits, below which a place has no letter in a consensus
COLUMNS = (
    "motif", "run", "sign", "consensus", "letters", "bits", "seqlets", "hits", "sequences", "method", "kind",
    "in_runs", "similarity", "match", "match_p", "match_q", "match_strand", "forms",
)  # fmt: skip


class MotifPlaces(NamedTuple):
    """Where the seqlets that a motif is made of lie, as they were laid on each other.

    Attributes:
        sequence: The row of each among those of the target in its run, from 0.
        start: The first letter of the motif there, 0-based; it may lie off the sequence, as may its end.
        turned: Whether the motif lies there on the other strand.
    """

    sequence: Int[np.ndarray, " seqlets"]
    start: Int[np.ndarray, " seqlets"]
    turned: Bool[np.ndarray, " seqlets"]


class MotifForm(NamedTuple):
    """One of several groups of like seqlets that are forms of one motif.

    Attributes:
        consensus: The most frequent letter of every place, a dot where it has less than half a bit.
        seqlets: How many it is made of.
    """

    consensus: str
    seqlets: int


@dataclass(frozen=True, eq=False)
class RelevantMotif:
    """A motif of one run.

    Args:
        name: Such as ``positive_1``, of several runs ``run2.positive_1``.
        run: The number of its run, from 1.
        sign: 1 if its letters speak for the target, -1 if against it.
        counts: How many of its seqlets have each letter, (places, letters of the alphabet).
        contributions: Their mean relevance in the column of the letter that they have, in logits.
        seqlets: How many it is made of.
        method: By what it was found.
        kind: The number of all motifs that are the same over runs, from 1.
        in_runs: In how many runs that is.
        similarity: The least cosine of two of these; 1 of one alone.
        matches: The best of a database, the best first.
        places: Where these seqlets lie; None of a result that an earlier relevome wrote.
        forms: The groups of seqlets that came together in it, that of most seqlets first; none if it is one.
    """

    name: str
    run: int
    sign: int
    counts: Float[np.ndarray, "places letters"]
    contributions: Float[np.ndarray, "places letters"]
    seqlets: int
    method: str
    kind: int
    in_runs: int
    similarity: float
    matches: tuple[Match, ...] = ()
    places: MotifPlaces | None = None
    forms: tuple[MotifForm, ...] = ()

    def __len__(self) -> int:
        return len(self.counts)

    def motif(self, alphabet: Alphabet) -> Motif:
        """Shares of letters, of which each is counted half a time more, shared by the alphabet."""
        counts = self.counts + 0.5 / self.counts.shape[1]
        return Motif(self.name, self.name, counts / counts.sum(1, keepdims=True), alphabet)

    def consensus(self, alphabet: Alphabet) -> str:
        """The most frequent letter of every place, a dot where it has less than half a bit."""
        return consensus(self.motif(alphabet))

    def named(self, level: float) -> list[Match]:
        """Known motifs that it is."""
        return [match for match in self.matches if match.q < level]


def consensus(motif: Motif) -> str:
    """The most frequent letter of every place, a dot where it has less than half a bit."""
    bits = motif.information_content()
    return "".join(letter if bit >= _PALE else "." for letter, bit in zip(motif.consensus, bits, strict=True))


class MotifHit(NamedTuple):
    """A place of a motif.

    Attributes:
        motif: Its name.
        sequence_id: The sequence.
        start: First letter in it, 0-based.
        end: Behind the last letter.
        strand: ``+`` as the sequence was read, ``-`` the other strand.
        chrom: The chromosome; None without an interval.
        chrom_start: First letter there, 0-based.
        chrom_end: Behind the last letter there.
        chrom_strand: On which the motif lies there.
        score: What the motif explains of the relevance there.
        p: The share of windows of a null with a place as good; the largest of all nulls.
        q: False discovery rate among the places of this motif; the largest of all nulls.
        letters: Those of the place, in the direction of the motif.
    """

    motif: str
    sequence_id: str
    start: int
    end: int
    strand: str
    chrom: str | None
    chrom_start: int | None
    chrom_end: int | None
    chrom_strand: str | None
    score: float
    p: float
    q: float
    letters: str


class MotifSeqlet(NamedTuple):
    """A stretch of relevance beyond the nulls.

    Attributes:
        run: The number of its run, from 1.
        sequence_id: The sequence.
        start: First letter in it, 0-based.
        end: Behind the last letter.
        sign: 1 of positive relevance, -1 of negative.
        score: By which it was ranked.
        p: The share of stretches of a null that score as high; the largest of all nulls.
        q: False discovery rate; the largest of all nulls.
        motif: The motif that it is part of, None for none and where TF-MoDISco has seqlets of its own.
        letters: Those of the sequence.
    """

    run: int
    sequence_id: str
    start: int
    end: int
    sign: int
    score: float
    p: float
    q: float
    motif: str | None
    letters: str


class MotifOnSites(NamedTuple):
    """How often places of a motif lie on known sites of one name.

    Attributes:
        motif: Its name.
        sites: The name of the sites.
        hits: How many places of it were looked at.
        on_sites: How many of them touch a site.
        expected: How many would by the null.
        null: ``position``: as many places at the same letter of any sequence; ``moved``: each anywhere else
            in its sequence.
        p: Of so many or more by the null.
        q: Adjusted over all motifs and names of sites.
        known: How many sites there are on the sequences.
        found: How many of them a place touches.
    """

    motif: str
    sites: str
    hits: int
    on_sites: int
    expected: float
    null: str
    p: float
    q: float
    known: int
    found: int


@dataclass(frozen=True, eq=False, repr=False)
class RelevantMotifs:
    """The motifs of one or several runs.

    Args:
        about: Which runs, nulls and files.
        settings: How they were looked for.
        alphabet: Of their letters.
        motifs: By run, those of positive relevance first, each sign by number of seqlets.
        hits: By motif, the best first.
        seqlets: By run, the best first.
        on_sites: By p; empty without known sites.
        counts: Of every run sequences, letters, candidates of both signs, and seqlets.
        reasons: Why there is no motif of a sign, or no place of one.
        notes: What was chosen, and why; what was left out.
        causes: What the model says without motifs and with them elsewhere; None if it was not asked.
    """

    about: Mapping[str, Any]
    settings: MotifSearch
    alphabet: Alphabet
    motifs: tuple[RelevantMotif, ...]
    hits: tuple[MotifHit, ...]
    seqlets: tuple[MotifSeqlet, ...]
    on_sites: tuple[MotifOnSites, ...]
    counts: tuple[Mapping[str, int], ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    causes: MotifCauses | None = None

    def __repr__(self) -> str:
        lines = [f"RelevantMotifs: {self.said()}", *(f"  {one}" for one in self.reasons)]
        return "\n".join([*lines, "  .motifs has them, .hits every place, .to_pandas() a row for each motif"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), COLUMNS, self.rows())

    def plot(self) -> list[Axes]:
        """Two logos of every motif: the letters of its seqlets in bits, and their mean relevance in logits.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Where there is no motif, with the reasons.
        """
        return plotted(self)

    def said(self) -> str:
        """How many there are, in words."""
        runs = counted(len(self.counts), "run") if len(self.counts) > 1 else "a run"
        kinds = len({one.kind for one in self.motifs})
        same = f" of {kinds} kinds" if len(self.counts) > 1 else ""
        return (
            f"{counted(len(self.motifs), 'motif')}{same} at {counted(len(self.hits), 'place')}, "
            f"from {counted(len(self.seqlets), 'seqlet')} of {runs}, false discovery rate "
            f"{self.settings.fdr:g}"
        )

    def rows(self) -> list[tuple[Any, ...]]:
        """Of every motif the fields of `COLUMNS`."""
        places: dict[str, list[str]] = {one.name: [] for one in self.motifs}
        for hit in self.hits:
            places[hit.motif].append(hit.sequence_id)
        return [self._row(one, places[one.name]) for one in self.motifs]

    def _row(self, one: RelevantMotif, sequences: list[str]) -> tuple[Any, ...]:
        bits = float(one.motif(self.alphabet).information_content().sum())
        match = one.matches[0] if one.matches else None
        named = (match.motif.name, match.p, match.q, match.strand) if match else (None,) * 4
        return (
            one.name, one.run, one.sign, one.consensus(self.alphabet), len(one), bits, one.seqlets,
            len(sequences), len(set(sequences)), one.method, one.kind, one.in_runs, one.similarity, *named,
            " ".join(f"{form.consensus}:{form.seqlets}" for form in one.forms),
        )  # fmt: skip

    def to_pandas(self) -> pd.DataFrame:
        """A row for every motif, with the columns of ``motifs.tsv``."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(COLUMNS))
