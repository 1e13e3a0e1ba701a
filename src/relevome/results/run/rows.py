"""From what a method gave to the row that a run keeps of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relevome.attribution.batches import Explained
from relevome.models.responses import Response
from relevome.results.run.columns import Explanation


def to_row(
    result: Explained,
    letter_scores: bool,
    conserved: bool,
    answer: Response | None = None,
    labels: Sequence[str] = (),
) -> Explanation:
    """The row of one sequence and target; `Explanation` says what ``conserved`` promises.

    ``answer`` is what the model says when it is left alone, of outputs that are called ``labels``.
    """
    forward, sequence = result.forward, result.track.sequence
    target = forward.target
    place = sequence.interval
    values = forward.values if result.readings == 1 else None
    heads = forward.heads if result.readings == 1 else None
    # methods that work on letters have nothing but these scores; others keep them when asked to
    scores = result.letter_scores if letter_scores or forward.values is None else None
    return Explanation(
        sequence_id=sequence.id,
        sequence=sequence.letters,
        chrom=place.chrom if place else None,
        start=place.start if place else None,
        end=place.end if place else None,
        strand=place.strand if place else None,
        target=target.label,
        target_index=target.index,
        score=result.score,
        baseline_score=result.baseline_score,
        tokens=forward.tokens.texts,
        token_start=forward.tokens.starts.astype(np.int32),
        token_end=forward.tokens.ends.astype(np.int32),
        token_relevance=None if values is None else values.astype(np.float32),
        relevance=result.track.values.astype(np.float32),
        special_relevance=result.track.special,
        completeness_error=result.completeness_error,
        head_relevance=None if heads is None else heads.astype(np.float32),
        letter_scores=None if scores is None else scores.astype(np.float32),
        probability=None if answer is None else answer.probability(target),
        predicted=None if answer is None or answer.largest is None else labels[answer.largest],
        predicted_probability=None if answer is None else answer.largest_probability,
        positions=np.array(target.positions, dtype=np.int32) if target.positions else None,
        conserved=conserved,
    )
