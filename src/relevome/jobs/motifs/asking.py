"""The causal check by an engine: what is asked, who computes it, and what that will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Sequence
from relevome.discovery.motifs.causal import Predict
from relevome.engines.base import Engine, opened
from relevome.evaluation.explainer import explainer
from relevome.evaluation.scoring import Asked, ComputeScores, KeyedBatch, ScoreBatch, Scorer
from relevome.jobs.motifs.causes import causes_of
from relevome.jobs.motifs.of_run import MotifsOfRun
from relevome.jobs.running.estimates import Reservoirs, Weight, Work, WorkEstimate, estimate_work
from relevome.models.base import Batch, Model
from relevome.models.batching import batch_sizes_of
from relevome.results.motifs.answers import KeptAnswers, answer_key, kept_answers
from relevome.results.motifs.causes import MotifCauses
from relevome.results.run.reader import Run, rows_of


@dataclass(frozen=True, eq=False)
class CausesAsked:
    """What is asked of the model of a run: of which target, about which motifs, and with which draws."""

    run: Run
    model: Model
    target: str | None
    found: MotifsOfRun
    seed: int

    def causes(self, compute: ComputeScores) -> MotifCauses:
        """See `causes_of`. What is asked does not depend on the answers."""
        return causes_of(self._predict(compute), self.found, self.seed)

    def _predict(self, compute: ComputeScores) -> Predict:
        """Logits of changed sequences; the target of a shuffle is that of its sequence."""
        how, scorer = explainer(self.run, self.model), Scorer(self.model, compute=compute)
        targets = {row.sequence_id: how.target(row) for row in rows_of(self.run, self.target)}

        def predict(some: Iterable[Sequence]) -> Float[np.ndarray, " sequences"]:
            return scorer.scores((self.model.tokenize(one), targets[one.id]) for one in some)

        return predict

    def key(self, one: KeyedBatch) -> bytes:
        """By what the scores of a batch are known."""
        return answer_key(self._about, one.keys)

    @cached_property
    def _about(self) -> str:
        return f"{self.model.about()} {self.model.device.type}"


def causes_by(engine: Engine | str, asked: CausesAsked, folder: Path | None) -> MotifCauses:
    """What the model says, asked by an engine that is opened once for all questions about a run.

    Batches are made here and are the same for any engine, so the answers are, too. What a process that was
    stopped has left in the ``folder`` is not asked again.

    Raises InputError as `causes_of` and the engine do.
    """
    with opened(engine, ScoreBatch(asked.model)) as mapped, kept_answers(folder) as kept:

        def compute(batches: Iterable[KeyedBatch]) -> Iterator[Float[np.ndarray, "inputs"]]:
            keys: list[bytes] = []

            def missing() -> Iterator[tuple[int, Batch]]:
                for number, one in enumerate(batches):
                    keys.append(asked.key(one))
                    if keys[number] not in kept.known:
                        yield number, one.batch

            for number, scores in mapped(missing()):
                kept.add(keys[number], scores)
            return (kept.known[key] for key in keys)

        return asked.causes(compute)


def estimate_causes(
    every: Many[CausesAsked], batch_size: int | None, engine: Engine | str, folder: Path | None
) -> WorkEstimate:
    """What it takes to ask the models of all runs what is not in the ``folder`` yet, from a sample.

    All questions are gone through without a model, which makes the same batches; that takes as long as it
    will, too. A shard is a batch. ``batch_size`` is that of the models, as it was given.

    Raises InputError as `causes_of` does.
    """
    kept = KeptAnswers(folder)
    tried = [  # models that share no derived batch sizes with those that are asked
        replace(one, model=one.model.with_batch_sizes(batch_sizes_of(batch_size))) for one in every
    ]
    each = [_estimate(one, engine, kept) for one in tried]
    total = each[0]
    for one in each[1:]:
        total = replace(
            total.and_then(one),
            sequences=total.sequences + one.sequences,  # of each run its own
            letters=total.letters + one.letters,
            sampled=total.sampled + one.sampled,
        )
    return total


def _estimate(asked: CausesAsked, engine: Engine | str, kept: KeptAnswers) -> WorkEstimate:
    reservoirs, shards, sequences, there = Reservoirs(list), list[Counter[int]](), 0, 0

    def count(batches: Iterable[KeyedBatch]) -> Iterator[Float[np.ndarray, "inputs"]]:
        nonlocal sequences, there
        for one in batches:
            if asked.key(one) in kept.known:
                there += 1
            else:
                load: Counter[int] = Counter()
                for each in zip(one.batch.tokens, one.batch.targets, strict=True):
                    letters = len(each[0].sequence)
                    load[reservoirs.add(each, letters)] += letters
                shards.append(load)
                sequences += len(one.batch)
            yield np.zeros(len(one.batch))

    begun = time.perf_counter()
    asked.causes(count)
    reading = time.perf_counter() - begun

    def carry_out(portion: list[Asked]) -> list[float]:
        return Scorer(asked.model).scores(portion).tolist()

    work = Work(shards, reservoirs.strata(), sequences, there, reading)
    return estimate_work(work, carry_out, lambda _: Weight(0, 0), engine)
