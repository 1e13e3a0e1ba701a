"""What an evaluation will take where it asks the model, from a sample of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from relevome.engines.base import Engine
from relevome.evaluation.choice import questions_of
from relevome.evaluation.explainer import Explainer
from relevome.evaluation.measurement import Measured, measured
from relevome.evaluation.metrics import Metric
from relevome.evaluation.places import OF_PLACES
from relevome.evaluation.questions import Answer, AskedRows, asked_rows, drawn_rows
from relevome.jobs.running import estimates
from relevome.jobs.running.estimates import Reservoirs, Weight, Work, WorkEstimate, estimate_work
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.run.columns import Explanation

_PARTS = 3  # of the time for a sample: explanations, those by random weights, and questions


@dataclass(frozen=True)
class EvaluationPlan:
    """What is asked of the model of a run.

    Attributes:
        made: The model, and how the run was made.
        wanted: All metrics; those without a question ask nothing.
        settings: Of the evaluation.
        known: Whether there are known sites, beside which the model's own mutagenesis stands.
    """

    made: Explainer
    wanted: Sequence[Metric]
    settings: EvaluationSettings
    known: bool

    def estimate(self, rows: list[Explanation], engine: Engine | str) -> WorkEstimate:
        """What asking about the rows that are drawn of these takes.

        By the engine are explained shuffles, each row for itself, and models with random weights, each for
        itself; questions of metrics are asked in this process. What asks nothing is not in it, nor are pages
        and pictures.
        """
        rows = drawn_rows(self.made, rows, self.settings)
        places = any(metric.kind in OF_PLACES for metric in self.wanted)
        first = self._explained(rows[:1], mutagenesis=False)
        self._answers(first)
        mutagenesis = first.has_mutagenesis or (places and self.known)

        def explain(portion: list[Explanation]) -> list[str]:
            self._explained(portion, mutagenesis)
            return []

        def at_random(portion: list[Explanation]) -> list[str]:
            self.made.untrained(portion, self.settings.seed)
            return []

        models = self.settings.random_models if places else 0
        each = [[row] for row in rows] if self.settings.null or mutagenesis else []
        found = _stage(rows, each, list, explain, engine)
        found = found.and_then(_stage(rows, [rows] * models, list, at_random, engine))
        together = partial(self._explained, mutagenesis=mutagenesis)
        return found.and_then(_stage(rows, [rows], together, self._answers, "local"))

    def _explained(self, rows: list[Explanation], mutagenesis: bool) -> AskedRows:
        """All of these rows with their shuffles, and with the model's own mutagenesis if that is used."""
        found = asked_rows(self.made, rows, replace(self.settings, sequences=0))
        if mutagenesis:
            found.mutagenesis()
        return found

    def _answers(self, rows: AskedRows) -> list[str]:
        """What every question has to say of rows, as lines of tables."""
        lines: list[str] = []
        for question, family in questions_of(self.wanted):
            for level in question.levels(self.settings):
                reply = question.ask(rows, level)
                for row, one in zip(rows.rows, reply.answers, strict=True):
                    if isinstance(one, Answer):
                        lines += [
                            _line(metric, level, measured(metric, row.sequence_id, one)) for metric in family
                        ]
                for name, curve in (reply.curves or {}).items():
                    numbers = zip(curve.shares, curve.morf, curve.lerf, strict=True)
                    lines += [f"{level}\t{name}\t{a}\t{b}\t{c}\t{c}\n" for a, b, c in numbers]
        return lines


def _stage(
    rows: list[Explanation],
    shards: Sequence[list[Explanation]],
    together: Callable[[list[Any]], Any],
    carry_out: Callable[[Any], list[str]],
    engine: Engine | str,
) -> WorkEstimate:
    """What some work takes for shards of rows, of which ``together`` makes a portion of it."""
    reservoirs = Reservoirs(together)
    names = {row.sequence_id: reservoirs.add(row, len(row.sequence)) for row in rows}

    def load(shard: list[Explanation]) -> Counter[int]:
        found: Counter[int] = Counter()
        for row in shard:
            found[names[row.sequence_id]] += len(row.sequence)
        return found

    strata = reservoirs.strata() if shards else {}
    work = Work([*map(load, shards)], strata, len(rows), letters=sum(len(row.sequence) for row in rows))
    return estimate_work(work, carry_out, _weigh, engine, sampling=estimates.SAMPLING / _PARTS)


def _line(metric: Metric, level: Level, one: Measured) -> str:
    return "\t".join(map(str, (metric.name, level, one.sequence_id, one.value, one.random, one.null))) + "\n"


def _weigh(lines: Iterable[str]) -> Weight:
    size = sum(len(line.encode()) for line in lines)
    return Weight(size, size)
