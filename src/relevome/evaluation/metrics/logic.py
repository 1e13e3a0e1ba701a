"""Logic: does signed relevance do what the grammar of a sequence asks of its sites?

Known sites come with the effect that each must have in its very sequence, as simulated grammars with logic
say it (`relevome.data.simulation.logic`): 0 without the partner that it takes, below 0 for what represses,
0 for a decoy. Relevance is summed over each site, as it is signed. Where relevance tells no site from
another, each metric gives its chance level, never NaN.

Two are correlations over all sites of a run. A sequence's value is the correlation and the sequence's
influence on it (Devlin, Gnanadesikan, Kettenring 1975, Biometrika 62:531-545): with r the correlation, n the
number of sequences, p, x and y what the sequence adds to the sums P of products, X and Y of squares,
n p / sqrt(X Y) - r / 2 (n x / X + n y / Y) + r. Their mean is r, and they vary over sequences as r does over
samples of sequences.
"""

from __future__ import annotations

import math

import numpy as np

from relevome.errors import InputError
from relevome.evaluation.contrasts import CrossSums, SiteContrasts, SitesOfRun
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.required import Relevance, Required, sums
from relevome.evaluation.units import check_finite
from relevome.words import counted

BLAND = "Bland, Altman 1995, BMJ 310:446, doi 10.1136/bmj.310.6977.446"
TUCKER = "Lorenzo-Seva, ten Berge 2006, Methodology 2:57-64, doi 10.1027/1614-2241.2.2.57"
DIXON = "Dixon, Mood 1946, Journal of the American Statistical Association 41:557-566"


def logic_agreement(contrasts: SiteContrasts, run: SitesOfRun) -> float:
    """Agreement of relevance with required effects over all sites of a run: their cosine, or congruence.

    Of each site, decoys and those without an effect among them, relevance over its surroundings counts
    (`SiteContrasts`). 1 where it is the effect times a number above 0, whatever the number; less for what
    counts without its partner, a decoy that counts, or a wrong sign. Chance: 0. A scanner that gives every
    motif its mean has more, which is the null ``motif``.
    """
    return _influenced(contrasts.crossed(), run.whole, run.sequences)


def logic_correlation(contrasts: SiteContrasts, run: SitesOfRun) -> float:
    """Correlation of relevance with required effects within each motif, over all sites of the run.

    As `logic_agreement`, but relevance and effect are less their means over all sites of the motif, so that
    what a motif is worth everywhere says nothing: with its partner it must be worth more than without. Only
    motifs that must have different effects count. Chance: 0, also for any scanner that gives a motif the
    same everywhere.
    """
    return _influenced(contrasts.crossed(run.means), run.within, run.unlike)


def logic_sign(relevance: Relevance, sites: Required) -> float:
    """Share of sites whose relevance has the sign of their effect: the mean of those for and those against.

    Sites without an effect do not count; a relevance of 0 is right by half. Chance: 0.5, also for relevance
    that is above 0 everywhere. Raises InputError for sites that are not of both signs.
    """
    check_finite(relevance)
    totals = sums(relevance, sites)
    signs = np.sign([site.effect for site in sites])
    if not {-1.0, 1.0} <= set(signs.tolist()):
        raise InputError(
            f"{counted(len(sites), 'site')}, none of which is for, or none against: expected sites of both "
            "signs; leave this sequence out"
        )
    right = (1 + np.sign(totals) * signs) / 2
    return float((right[signs > 0].mean() + right[signs < 0].mean()) / 2)


def _influenced(own: CrossSums, every: CrossSums, sequences: int) -> float:
    """The correlation of all, and how one sequence moves it."""
    size = math.sqrt(every.effects * every.values)
    if size == 0:
        return 0.0
    r = every.products / size
    spread = own.effects / every.effects + own.values / every.values
    return sequences * (own.products / size - r / 2 * spread) + r


metrics.register("logic-agreement")(
    Metric("logic-agreement", "logic", True, logic_agreement, TUCKER, ("contrasts", "run"), "0")
)
metrics.register("logic-correlation")(
    Metric("logic-correlation", "logic", True, logic_correlation, BLAND, ("contrasts", "motifs"), "0")
)
metrics.register("logic-sign")(
    Metric("logic-sign", "logic", True, logic_sign, DIXON, ("relevance", "effects"), "0.5", bounds=(0.0, 1.0))
)
