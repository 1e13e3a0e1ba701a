from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.annotation_speed import published_logits
from relevome.models.annotator import load_published

FIXTURES = ("annotator_tiny", "annotator_tiny_memory")


@pytest.mark.parametrize("name", FIXTURES)
@pytest.mark.parametrize("streams", [1, 2])
def test_what_is_measured_against_is_the_published_network(shared: Path, name: str, streams: int) -> None:
    folder = shared / "fixtures" / name
    reference = dict(np.load(folder / "reference.npz"))
    module = load_published(folder)
    texts = ["".join(np.array(list("ATCG"))[column]) for column in reference["dna"].T]
    if streams == 2:
        both = published_logits(module, texts[0] + texts[1], streams=2)
        found = [both[: len(texts[0])], both[len(texts[0]) :]]
    else:
        found = [published_logits(module, text) for text in texts]
    for logits, expected in zip(found, reference["logits"].swapaxes(0, 1), strict=False):
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
