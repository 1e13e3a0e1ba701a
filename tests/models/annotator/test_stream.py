from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification, Memory
from tests.models.annotator.tiny import SIDES, by_hand, ids, letters, tiny


def in_pieces(text: str, *cuts: int) -> Iterator[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return (text[start:end] for start, end in pairwise(places))


@pytest.mark.parametrize("bidirectional", SIDES)
@pytest.mark.parametrize("length", [1, 3, 4, 15, 64, 200])
def test_neither_segments_nor_chunks_change_a_result(length: int, bidirectional: bool) -> None:
    text = letters(length)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        model = tiny(dtype, bidirectional=bidirectional)
        with torch.no_grad():
            at_once = model(ids(model, text)).logits[0].numpy()
        for chunk in (1, 2, 7, 13, 64, 100, 1000):
            found = model.logits(text, chunk)
            np.testing.assert_allclose(found, at_once, rtol=0, atol=tolerance)
        for segment in (1, 5, 512):
            found = tiny(dtype, bidirectional=bidirectional, segment=segment).logits(text)
            np.testing.assert_allclose(found, at_once, rtol=0, atol=tolerance)


def test_a_long_stream_equals_the_loops() -> None:
    for bidirectional in SIDES:
        model = tiny(bidirectional=bidirectional)
        text = letters(120, seed=3)
        found = np.concatenate([*model.stream(in_pieces(text, 5, 6, 40, 77), chunk=10)])
        np.testing.assert_allclose(found, by_hand(model, text)[0], rtol=0, atol=1e-11)


@settings(max_examples=40)
@given(
    length=st.integers(0, 90),
    cuts=st.lists(st.integers(0, 90), max_size=5),
    chunk=st.integers(1, 40),
    memory=st.integers(0, 20),
    downstream=st.integers(0, 7),
    convolution=st.sampled_from([1, 3, 7]),
    bidirectional=st.booleans(),
)
def test_a_stream_is_the_same_however_it_is_cut(
    length: int, cuts: list[int], chunk: int, bidirectional: bool, **sizes: Any
) -> None:
    model = tiny(num_hidden_layers=2, bidirectional=bidirectional, **sizes)
    text = letters(length)
    found = [*model.stream(in_pieces(text, *cuts), chunk)]
    expected = np.zeros((0, 8)) if not length else model(ids(model, text)).logits[0].detach()
    np.testing.assert_allclose(np.concatenate([np.zeros((0, 8)), *found]), expected, rtol=0, atol=1e-12)
    assert all(len(part) for part in found)


@pytest.mark.parametrize("bidirectional", SIDES)
def test_memory_does_not_grow(bidirectional: bool) -> None:
    model = tiny(bidirectional=bidirectional)
    memory, held = model.begin(), []
    for number in range(12):
        _, memory = model.advance(ids(model, letters(50, number)), memory)
        held.append(sum(inputs.untyped_storage().nbytes() for inputs in memory.inputs))
    assert len(set(held[3:])) == 1


def test_letters_are_asked_for_when_they_are_needed() -> None:
    model = tiny()
    given: list[int] = []

    def genome() -> Iterator[str]:
        for number in range(5):
            given.append(number)
            yield letters(20, number)

    stream = model.stream(genome(), chunk=20)
    assert given == []
    assert next(stream).shape == (16, 8)
    assert given == [0, 1]


def steps(model: AnnotatorForTokenClassification, tokens: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    memory: Memory = model.begin(len(tokens))
    for part in tokens.split(size, 1):
        logits, memory = model.advance(part, memory.detach())
        yield logits


def test_several_sequences_advance_together_with_gradients() -> None:
    model = tiny().train()
    tokens = ids(model, letters(40), letters(40, 1))
    rows = torch.cat([*steps(model, tokens, 9)], 1)
    assert rows.shape == (2, 40, 8)
    rows.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    with torch.no_grad():
        rows = torch.cat([*steps(model.eval(), tokens, 9)], 1)
        logits = model(tokens).logits
    torch.testing.assert_close(rows[:, 4:], logits[:, :36], rtol=0, atol=1e-13)


@pytest.mark.parametrize("letter", ["a", "U", "*", "é", "Ω"])
def test_what_is_no_letter_is_refused(letter: str) -> None:
    message = re.escape(f"{letter!r} is no letter of dna: expected upper-case letters among ACGT")
    with pytest.raises(InputError, match=message):
        tiny().logits(f"ACG{letter}T")


def test_a_model_in_training_mode_is_no_reader() -> None:
    with pytest.raises(ValueError, match="training mode"):
        tiny().train().logits("ACGT")


def test_segments_of_the_published_layout_do_change_results() -> None:
    published: dict[str, Any] = {"layout": "segments", "memory": 9}
    text = letters(60)
    nine, ten = (tiny(**published, segment=segment).logits(text) for segment in (9, 10))
    np.testing.assert_allclose(nine[:6], ten[:6], rtol=0, atol=1e-1)
    assert np.abs(nine - ten).max() > 1e-3
