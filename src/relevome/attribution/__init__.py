"""How a prediction is explained: one method, one file.

A method is a frozen dataclass whose fields are its options, registered under its public name, with one
function ``attribute(model, batch) -> list[Relevance]``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from relevome.attribution.relevance import Relevance, Track
from relevome.models.base import Batch, Model
from relevome.registry import Registry


@runtime_checkable
class Method(Protocol):
    """What every method offers: options as fields, and relevance for a batch.

    A method may say more of itself: ``always_letter_scores`` that it has the score of every letter whether
    or not they are asked for, ``gives_outputs`` that `Relevance` has the logits of all outputs from its own
    forward pass, and ``rows_each`` how many rows it makes of one sequence, so that batches have fewer
    sequences (1 where it says nothing).
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every sequence of the batch, in its order; the model is left as it was.

        Scores of every letter may be left out where the batch does not ask for them.
        """
        ...


methods: Registry[type[Method]] = Registry("method", "relevome.attribution")

__all__ = ["Method", "Relevance", "Track", "methods"]
