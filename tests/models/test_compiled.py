"""A compiled model is explained as it was written, in no more time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounter

from relevome.jobs.explain import explain
from relevome.models.base import Model
from tests.toys import TOYS

Load = Callable[..., Model]


def whole(model: Model, counter: CompileCounter) -> None:
    compiled: Any = torch.compile(model.module, backend=counter)
    model.module = compiled
    assert type(model.module).__name__ == "BertForSequenceClassification"


def in_place(model: Model, counter: CompileCounter) -> None:
    model.module.compile(backend=counter)


def in_part(model: Model, counter: CompileCounter) -> None:
    bert: Any = model.module.bert
    bert.encoder = torch.compile(bert.encoder, backend=counter)


def twice(model: Model, counter: CompileCounter) -> None:
    in_part(model, counter)
    whole(model, counter)


@pytest.mark.parametrize("compiled", [whole, in_place, in_part, twice])
@pytest.mark.parametrize("method", ["attnlrp", "saliency", "attention", "mutagenesis"])
def test_it_is_explained_as_the_plain_one_and_not_compiled(
    load: Load, compiled: Callable[[Model, CompileCounter], None], method: str
) -> None:
    plain, model, counter = load("protbert"), load("protbert"), CompileCounter()
    compiled(model, counter)
    assert model.sha256 == plain.sha256
    sequences = TOYS["protbert"].sequences(9, 12)
    options: dict[str, Any] = {"heads": True} if method == "attnlrp" else {}
    ours, theirs = (explain(one, sequences, method, 1, **options) for one in (model, plain))
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(own.relevance, other.relevance)
        np.testing.assert_array_equal(own.head_relevance, other.head_relevance)
    assert counter.frame_count == 0
