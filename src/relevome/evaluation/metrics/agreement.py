"""Agreement: does the explanation say what the model's own mutagenesis finds?

Substituting letters asks the model itself what it does without them, so a map of another method can be held
against it. Where the two agree and relevance lies off the known sites, the model does not use these sites;
where they do not agree, the method fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.own_mutagenesis import OwnMutagenesis, by_construction
from relevome.evaluation.perturbation import sequence_rng
from relevome.evaluation.questions import Answer, AskedRows, Reply
from relevome.evaluation.units import relevance_at
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.words import counted

SASSE = "Sasse, Chikina, Mostafavi 2024, iScience 27:110807 (correlation with in-silico mutagenesis)"

Letters = Float[np.ndarray, " letters"]


def mutagenesis_spearman(relevance: Letters, mutagenesis: Letters) -> float:
    """Spearman correlation of relevance with the model's own mutagenesis over letters, from -1 to 1.

    Both as they are signed; ties share their mean rank. 0 where one of both tells no letter from another.
    """
    return float(metrics["spearman"].compute(relevance, mutagenesis))


def mutagenesis_size_spearman(relevance: Letters, mutagenesis: Letters) -> float:
    """The same of their sizes: does relevance lie where letters matter, whatever its sign?"""
    return mutagenesis_spearman(np.abs(relevance), np.abs(mutagenesis))


def mutagenesis_top(relevance: Letters, mutagenesis: Letters) -> float:
    """Share of the most relevant tenth of letters that mutagenesis has in its own, from 0 to 1.

    By signed relevance; letters that tie for the last places share them evenly.
    """
    return float(metrics["top-k-overlap"].compute(relevance, mutagenesis))


@dataclass(frozen=True)
class MutagenesisQuestion:
    """What every substitution of a letter, or of drawn letters, does to the score."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """Letters, whatever was asked for: it is letters that are substituted."""
        return ("letters",)

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """Relevance of every row beside its mutagenesis, and random orders of that relevance.

        A row that is its own mutagenesis agrees with it by construction, and has no random orders.
        """
        found = rows.mutagenesis()
        answers: list[Answer | InputError] = []
        for row, own in zip(rows.rows, found, strict=True):
            if isinstance(own, InputError):
                answers.append(own)
                continue
            values = relevance_at(row)[own.places]
            rng = sequence_rng(rows.settings.seed, rows.explainer.sequence(row))
            draws = 0 if by_construction(rows.explainer, row) else rows.settings.draws
            orders = [rng.permutation(values) for _ in range(draws)]
            answers.append(Answer((values, own.relevance), [(order, own.relevance) for order in orders]))
        by_it = any(by_construction(rows.explainer, row) for row in rows.rows)
        return Reply(answers, notes=[*_by_construction(by_it), *_asked(found, rows.settings)])


def _by_construction(is_it: bool) -> list[str]:
    said = "agreement with the model's own mutagenesis is 1 by construction: that is the method of this run"
    return [said] * is_it


def _asked(found: Iterable[OwnMutagenesis | InputError], settings: EvaluationSettings) -> list[str]:
    """How many mutants were asked, and of how many letters where these were drawn."""
    known = [one for one in found if isinstance(one, OwnMutagenesis)]
    drawn = [one for one in known if not one.whole]
    asked = sum(one.asked for one in known)
    said = (
        [f"the model's own mutagenesis: {counted(asked, 'mutant')} of {counted(len(known), 'sequence')}"]
        if asked
        else []
    )
    if not drawn:
        return said
    fewest, most = (end(len(one.places) for one in drawn) for end in (min, max))
    letters = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    fast = ", a quarter of that with --fast" if settings.fast else ""
    return [
        *said,
        f"agreement is over {letters} letters, drawn at random, in {len(drawn):,} of {len(known):,} "
        f"sequences (--mutants {settings.mutants}{fast}; 0: all letters), which have no localisation of the "
        "model's own mutagenesis",
    ]


for _name, _compute, _chance, _bounds in (
    ("mutagenesis-spearman", mutagenesis_spearman, "0", (-1.0, 1.0)),
    ("mutagenesis-size-spearman", mutagenesis_size_spearman, "0", (-1.0, 1.0)),
    ("mutagenesis-top", mutagenesis_top, "0.1", (0.0, 1.0)),
):
    _asking = MutagenesisQuestion()
    _metric = Metric(
        _name, "agreement", True, _compute, SASSE, chance=_chance, bounds=_bounds, question=_asking
    )
    metrics.register(_name)(_metric)
