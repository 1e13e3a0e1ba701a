"""Networks of Keras against NumPy, and what is said of files that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from relevome.errors import InputError
from relevome.models.published.keras import read_keras
from tests import keras_files


def test_a_network_gives_what_numpy_gives(tmp_path: Path) -> None:
    network = read_keras(keras_files.save(tmp_path / "n.h5")).eval()
    x = np.random.default_rng(1).normal(size=(40, 4))
    found = network(torch.from_numpy(x).float()[None])[0].numpy()
    np.testing.assert_allclose(found, keras_files.by_hand(x), atol=1e-5)


def changed(number: int, **told: Any) -> list[dict[str, Any]]:
    said = keras_files.layers()
    said[number] = {**said[number], **told, "config": {**said[number]["config"], **told.get("config", {})}}
    return said


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (changed(4, class_name="LSTM"), "layer 'relu' is a LSTM: expected Conv1D, BatchNormalization, Input"),
        (changed(4, config={"activation": "swish"}), "layer 'relu' has the activation 'swish'"),
        (changed(5, config={"strides": [2]}), "layer 'wide': expected a convolution of odd width in steps"),
        (changed(5, config={"kernel_size": [4]}), "layer 'wide': expected a convolution of odd width"),
        (changed(5, name="other"), "layer 'last' reads layers that are not there|reads layers that are not"),
        (changed(2, config={"kernel_size": None}), r"cannot be read as a network of Keras \(TypeError"),
    ],
)
def test_what_is_not_known_is_one_line(tmp_path: Path, said: list[dict[str, Any]], message: str) -> None:
    path = keras_files.save(tmp_path / "n.h5", said=said)
    with pytest.raises(InputError, match=message) as caught:
        read_keras(path)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = keras_files.save(tmp_path / "n.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/norm/norm/gamma:0"]
    with pytest.raises(InputError, match="layer 'norm' has no weights 'gamma': expected a file of a trained"):
        read_keras(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"no HDF5", "n.h5 is no HDF5 file: expected a network of Keras"),
        (lambda content: content[:-9], r"n.h5 has [\d,]+ bytes and says [\d,]+: copy or download it again"),
        (
            lambda content: content[:900] + b"x" + content[900:],
            r"n.h5 has [\d,]+ bytes and says [\d,]+: copy",
        ),
        (
            lambda content: content[:96] + bytes(900) + content[996:],
            r"cannot be read as a network of Keras \(",
        ),
    ],
)
def test_a_file_that_is_none_or_damaged_is_one_line(
    tmp_path: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    path = keras_files.save(tmp_path / "n.h5")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        read_keras(path)
    assert "\n" not in str(caught.value)
