"""The model's own mutagenesis of the rows of a run: what the model does, beside what a map says that it does.

It tells whose fault a bad map is. What the model's own substitutions do not show is not in the model; what
they show and the map does not, the method has missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from relevome.attribution.mutagenesis import Mutagenesis, effects_at, other_letters
from relevome.data.sequences import Sequence as Letters
from relevome.engines.base import Engine, in_order
from relevome.errors import InputError
from relevome.evaluation.explainer import Explainer
from relevome.evaluation.perturbation import sequence_rng
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.run.columns import Explanation

LEAST = 2  # letters of a sequence: fewer have no order


@dataclass(frozen=True, eq=False)
class OwnMutagenesis:
    """What every substitution of some letters of a sequence does to its score, and so their relevance.

    ``places`` are those letters, rising, 0-based; ``effects`` the score with every letter of the alphabet
    there, less that of the sequence, in logits; ``relevance`` minus their mean over the substitutions, as
    the method mutagenesis has it. ``whole`` says that they are all letters, ``asked`` how many mutants the
    model was asked about.
    """

    places: Int[np.ndarray, "places"]
    effects: Float[np.ndarray, "places alphabet"]
    relevance: Float[np.ndarray, "places"]
    whole: bool
    asked: int

    def as_row(self, row: Explanation) -> Explanation:
        """The row with this in place of its relevance, if it is of all letters."""
        relevance = self.relevance.astype(np.float32)
        return replace(row, relevance=relevance, token_relevance=None, special_relevance=0.0, conserved=False)


def own_mutagenesis(
    made: Explainer,
    rows: Sequence[Explanation],
    settings: EvaluationSettings,
    engine: Engine | str = "local",
) -> list[OwnMutagenesis | InputError]:
    """The mutagenesis of every row, each by itself; or why there is none.

    It is of the tokenizer's own tokens of the given strand, at as many letters as the settings' ``mutants``
    are enough for, drawn by the seed and the sequence; nothing is asked where the run has it already.
    """
    return list(in_order(engine, lambda row: _of_row(made, row, settings), rows))


def by_construction(made: Explainer, row: Explanation) -> bool:
    """Whether the relevance of a row is the model's own mutagenesis itself."""
    alone = isinstance(made.method, Mutagenesis) and len(made.readings) == 1
    return alone and row.letter_scores is not None


def drawn_places(sequence: Letters, mutants: int, seed: int) -> Int[np.ndarray, "places"]:
    """So many letters, drawn at random, that they have about ``mutants`` substitutions; all with 0."""
    letters = len(sequence)
    most = letters if mutants == 0 else max(LEAST, mutants // (len(sequence.alphabet.letters) - 1))
    if letters <= most:
        return np.arange(letters)
    return np.sort(sequence_rng(seed, sequence).choice(letters, most, replace=False))


def _of_row(made: Explainer, row: Explanation, settings: EvaluationSettings) -> OwnMutagenesis | InputError:
    sequence = made.sequence(row)
    places = drawn_places(sequence, settings.mutants_each, settings.seed)
    others = other_letters(sequence)[places]
    whole = len(places) == len(sequence)
    if row.letter_scores is not None and by_construction(made, row):
        effects, relevance = (
            found[places].astype(np.float64) for found in (row.letter_scores, row.relevance)
        )
        return OwnMutagenesis(places, effects, relevance, whole, 0)
    try:
        effects = effects_at(made.model, made.model.tokenize(sequence), made.target(row), places)
    except InputError as error:
        return error
    return OwnMutagenesis(places, effects, -effects.sum(1) / others, whole, int(others.sum()))
