"""The published genome annotator, by its numbers in the folder `shared`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from relevome.models.annotator import AnnotatorForTokenClassification, load_published

FIXTURES = ("annotator_tiny", "annotator_tiny_memory")
NUCLEOTIDES = np.array(list("ATCG"))


def read(shared: Path, name: str) -> tuple[AnnotatorForTokenClassification, dict[str, np.ndarray], list[str]]:
    folder = shared / "fixtures" / name
    reference = dict(np.load(folder / "reference.npz"))
    texts = ["".join(NUCLEOTIDES[column]) for column in reference["dna"].T]
    return load_published(folder), reference, texts


@pytest.mark.parametrize("name", FIXTURES)
def test_logits_are_those_of_the_published_code(shared: Path, name: str) -> None:
    model, reference, texts = read(shared, name)
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        for text, expected in zip(texts, reference["logits"].swapaxes(0, 1), strict=True):
            np.testing.assert_allclose(model.logits(text), expected, rtol=0, atol=1e-5)
            with torch.no_grad():
                found = model(model.tokens(text)).logits[0]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", FIXTURES)
def test_attention_is_that_of_the_published_code(shared: Path, name: str) -> None:
    model, reference, texts = read(shared, name)
    with torch.no_grad():
        tokens = torch.cat([model.tokens(text) for text in texts])
        attentions = model(tokens, output_attentions=True).attentions
    segment = model.config.segment
    for layer, weights in enumerate(attentions):
        left = weights.numpy().copy()
        for number in range(3):
            expected = reference[f"attention_layer{layer}_segment{number}"]
            end = segment * (number + 1)
            block = np.s_[:, :, end - segment : end, end - expected.shape[-1] : end]
            np.testing.assert_allclose(left[block], expected, rtol=0, atol=1e-5)
            left[block] = 0
        assert not left.any()
