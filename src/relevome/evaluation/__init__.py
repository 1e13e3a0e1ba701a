"""Whether to trust it: one family of metrics, one file.

A metric is a function that turns the explanation of one sequence into one number, registered as a
`Metric` under its public name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relevome.registry import Registry


@dataclass(frozen=True)
class Metric:
    """A number about the explanation of one sequence, and how to read it.

    ``kind`` is the family, which fixes the arguments of ``compute``: ``localisation`` metrics take
    relevance and a mask of known sites, both over letters. ``source`` is the publication.
    """

    name: str
    kind: str
    higher_is_better: bool
    compute: Callable[..., float]
    source: str


metrics: Registry[Metric] = Registry("metric", "relevome.evaluation")

__all__ = ["Metric", "metrics"]
