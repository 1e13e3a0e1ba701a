"""Logic: does signed relevance do what the grammar of a sequence asks of its sites?

Known sites come with the effect that each must have in its very sequence, as simulated grammars with logic
say it (`relevome.data.simulation.logic`): 0 without the partner that it takes, below 0 for what represses,
0 for a decoy. Relevance is summed over each site, as it is signed. Where relevance tells no site from
another, each metric gives its chance level, never NaN.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from relevome.errors import InputError
from relevome.evaluation.contrasts import SiteContrasts, WithinMotifs
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.required import Relevance, Required, sums, windows
from relevome.evaluation.units import check_finite

HARRELL = "Harrell et al. 1982, JAMA 247:2543-2546, doi 10.1001/jama.1982.03320430047030"
DIXON = "Dixon, Mood 1946, Journal of the American Statistical Association 41:557-566"
BLAND = "Bland, Altman 1995, BMJ 310:446, doi 10.1136/bmj.310.6977.446"


def logic_concordance(relevance: Relevance, sites: Required) -> float:
    """Share of pairs of sites of one sequence that relevance has in the order of their required effects.

    What lies beside all sites is one more, whose effect is 0: against a site stand all stretches of its width
    there. Pairs of one effect do not count; relevance that ties counts half (concordance index). Chance: 0.5.
    Raises InputError for sites without an effect, and where there is nothing beside them.
    """
    _check(relevance, sites)
    totals, shares = sums(relevance, sites), []
    for (one, a), (other, b) in combinations(zip(sites, totals, strict=True), 2):
        if one.effect != other.effect:
            shares.append(_above(a - b, one.effect - other.effect))
    for site, total in zip(sites, totals, strict=True):
        if site.effect:
            around = windows(relevance, sites, site.end - site.start)
            if not len(around):
                raise InputError(
                    f"sites cover all {len(relevance)} letters but stretches shorter than {site.name!r}: "
                    "expected room for one beside them; leave this sequence out"
                )
            shares.append(float(np.mean([_above(total - one, site.effect) for one in around])))
    return float(np.mean(shares))


def logic_sign(relevance: Relevance, sites: Required) -> float:
    """Share of the sites with an effect whose relevance has the sign of it.

    A site with a relevance of 0 counts half. Chance: 0.5, for relevance that is below 0 as often as above.
    Raises InputError for sites without an effect.
    """
    _check(relevance, sites)
    pairs = zip(sums(relevance, sites), (site.effect for site in sites), strict=True)
    return float(np.mean([_above(float(total), effect) for total, effect in pairs if effect]))


def logic_correlation(contrasts: SiteContrasts, within: WithinMotifs) -> float:
    """A sequence's part of the correlation of relevance with required effects within each motif.

    Of each site count relevance over its surroundings (`SiteContrasts`) and effect, both less their means
    over all sites of its motif, so that what a motif is worth everywhere says nothing: with a partner it must
    be worth more than without. The correlation is the sum over all sites of the product of both, over the
    root of the product of their sums of squares; a sequence's part is what its own sites add to the sum,
    times the number of sequences, so that the mean over sequences is the correlation. Chance: 0, also where
    relevance of a motif is the same everywhere.
    """
    if within.size == 0:
        return 0.0
    rows = zip(contrasts.names, contrasts.effects, contrasts.values, strict=True)
    part = sum(
        float((effect - within.means[name][0]) * (value - within.means[name][1]))
        for name, effect, value in rows
        if name in within.means
    )
    return within.sequences * part / within.size


metrics.register("logic-concordance")(
    Metric(
        "logic-concordance", "logic", True, logic_concordance, HARRELL, ("relevance", "effects"), "0.5",
        bounds=(0.0, 1.0),
    )
)  # fmt: skip
metrics.register("logic-sign")(
    Metric(
        "logic-sign", "logic", True, logic_sign, DIXON, ("relevance", "effects"),
        "0.5 where relevance is below 0 as often as above", bounds=(0.0, 1.0),
    )
)  # fmt: skip
metrics.register("logic-correlation")(
    Metric("logic-correlation", "logic", True, logic_correlation, BLAND, ("contrasts", "within"), "0")
)


def _above(difference: float, wanted: float) -> float:
    """Whether a difference has the sign that is wanted; none counts half."""
    return 0.5 if difference == 0 else float((difference > 0) == (wanted > 0))


def _check(relevance: Relevance, sites: Required) -> None:
    check_finite(relevance)
    if not any(site.effect for site in sites):
        raise InputError(
            f"{len(sites)} sites without an effect: expected one at least that is not 0; leave this sequence "
            "out"
        )
    last = max(site.end for site in sites)
    if last > len(relevance):
        raise InputError(
            f"a site up to {last} in relevance of {len(relevance)}: expected none behind its end"
        )
