"""Readers of other people's weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import relevome
from relevome.models.published import spliceai
from tests import keras_files
from tests.damage.readers import Files, Reader, register


def _keras() -> list[Files]:
    with tempfile.TemporaryDirectory() as made:
        path = keras_files.save(Path(made) / "spliceai1.h5")
        return [{"spliceai1.h5": path.read_bytes()}]


def _read(folder: Path) -> Any:
    before, spliceai.CONTEXT = spliceai.CONTEXT, keras_files.CROPPED
    try:
        (found,) = relevome.load_model(folder, device="cpu").predict(["ACGTACGTTA"])
    finally:
        spliceai.CONTEXT = before
    return np.asarray(found.logits)


register(
    Reader("network of Keras", _keras, _read, ("relevome.models.published.keras:read_keras",), share=0.2)
)
