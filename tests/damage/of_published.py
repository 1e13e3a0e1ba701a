"""Readers of other people's weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import relevome
from relevome.models.published import spliceai
from tests import antibody_models, keras_files, tis_checkpoint
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


def _tis() -> list[Files]:
    with tempfile.TemporaryDirectory() as made:
        path = tis_checkpoint.save(Path(made) / "x.tt.ckpt")
        return [{"x.tt.ckpt": path.read_bytes()}]


def _read_tis(folder: Path) -> Any:
    (found,) = relevome.load_model(folder, device="cpu").predict(["ACGTACGTTA"])
    return np.asarray(found.logits)


register(
    Reader(
        "TIS Transformer",
        _tis,
        _read_tis,
        ("relevome.models.published.tis_transformer:read_tis_transformer",),
        share=0.05,
    )
)


def _sapiens() -> list[Files]:
    with tempfile.TemporaryDirectory() as made:
        path = antibody_models.save_sapiens(Path(made))
        return [{one.name: one.read_bytes() for one in path.parent.iterdir()}]


def _residues(place: Path, head: str = "") -> Any:
    (found,) = relevome.load_model(f"{place}{head}", device="cpu").predict(["EVQLWESGG"])
    return np.asarray(found.logits)


register(
    Reader(
        "Sapiens",
        _sapiens,
        _residues,
        ("relevome.models.published.sapiens:read_sapiens",),
        share=0.05,
    )
)


def _antiberty() -> list[Files]:
    with tempfile.TemporaryDirectory() as made:
        antibody_models.save_antiberty(Path(made) / "model")
        words = Path(made) / "vocab.txt"
        files = {one.name: one.read_bytes() for one in (Path(made) / "model").iterdir()}
        return [files | {words.name: words.read_bytes()}]


register(
    Reader(
        "AntiBERTy",
        _antiberty,
        lambda folder: _residues(folder, ":chain"),
        ("relevome.models.published.antiberty:read_antiberty",),
        share=0.05,
    )
)
