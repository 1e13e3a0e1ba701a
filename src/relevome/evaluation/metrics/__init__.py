"""Whether to trust it: one family of metrics, one file.

A metric is a function that turns the explanation of one sequence into one number, registered as a
`Metric` under its public name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relevome.errors import InputError
from relevome.evaluation.questions import Question
from relevome.registry import Registry

# What `compute` may take, apart from the answers of a question.
NEEDS = ("relevance", "mask", "other", "effects", "contrasts", "run", "motifs")


@dataclass(frozen=True)
class Metric:
    """A number about the explanation of one sequence, and how to read it.

    ``kind`` is the family. ``needs`` names the arguments of ``compute`` in their order, all at one level,
    letters or tokens: ``relevance``, ``mask`` (inside known sites or not), ``other`` (relevance of the same
    sequence by another run), ``effects`` (known sites of both signs with the effect that each must have),
    ``contrasts`` and, of all sequences, ``run`` or ``motifs`` (what relevance says of known sites with
    effects; ``motifs`` where one must have another effect elsewhere). A metric that asks the model has a
    ``question`` instead, whose answers hold the arguments of ``compute``; it needs nothing else. ``source``
    is the publication, ``chance`` says what relevance without meaning reaches, and ``ordered`` is False where
    values in any order give the same number, so that a random order says nothing. ``bounds`` are the least
    and the largest value that there can be, which intervals of means heed. ``absolute`` says that the sign of
    relevance does not count. Raises InputError for needs that nobody can fill.
    """

    name: str
    kind: str
    higher_is_better: bool
    compute: Callable[..., float]
    source: str
    needs: tuple[str, ...] = ("relevance",)
    chance: str = ""
    ordered: bool = True
    bounds: tuple[float, float] | None = None
    question: Question | None = None
    absolute: bool = False

    def __post_init__(self) -> None:
        for need in self.needs:
            if need not in NEEDS:
                raise InputError(
                    f"the metric {self.name} needs {need!r}: expected one of {', '.join(NEEDS)}; what only "
                    "the model can say is the answer of a question (question=...)"
                )
        if self.question is None:
            return
        if self.needs not in ((), ("relevance",)):
            raise InputError(
                f"the metric {self.name} has a question and needs {', '.join(self.needs)}: expected one of "
                "the two, since the question's answers hold all that is computed with"
            )
        object.__setattr__(self, "needs", ())

    @property
    def direction(self) -> str:
        """``higher is better`` or ``lower is better``."""
        return "higher is better" if self.higher_is_better else "lower is better"


metrics: Registry[Metric] = Registry("metric", "relevome.evaluation.metrics")

__all__ = ["Metric", "metrics"]
