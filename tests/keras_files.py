"""A small network in a file of Keras, and what it gives, by NumPy alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CROPPED = 6
EPSILON = 1e-3


def layers() -> list[dict[str, Any]]:
    def conv(
        name: str, filters: int, width: int, dilation: int, activation: str, source: str
    ) -> dict[str, Any]:
        return {
            "class_name": "Conv1D", "name": name, "inbound_nodes": [[[source, 0, 0, {}]]],
            "config": {
                "filters": filters, "kernel_size": [width], "strides": [1], "dilation_rate": [dilation],
                "padding": "same", "use_bias": True, "activation": activation,
            },
        }  # fmt: skip

    def other(kind: str, name: str, sources: list[str], **told: Any) -> dict[str, Any]:
        nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
        return {"class_name": kind, "name": name, "config": told, "inbound_nodes": nodes}

    return [
        other("InputLayer", "input", []),
        conv("last", 3, 1, 1, "softmax", "crop"),  # in no order
        conv("first", 5, 3, 1, "linear", "input"),
        other("BatchNormalization", "norm", ["first"], epsilon=EPSILON, axis=-1),
        other("Activation", "relu", ["norm"], activation="relu"),
        conv("wide", 5, 5, 2, "linear", "relu"),
        other("Add", "sum", ["wide", "first"]),
        other("Cropping1D", "crop", ["sum"], cropping=[CROPPED, CROPPED]),
    ]


def arrays(seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return {
        "first": {"kernel": draw(3, 4, 5), "bias": draw(5)},
        "norm": {
            "gamma": draw(5), "beta": draw(5), "moving_mean": draw(5), "moving_variance": draw(5) ** 2,
        },
        "wide": {"kernel": draw(5, 5, 5), "bias": draw(5)},
        "last": {"kernel": draw(1, 5, 3), "bias": draw(3)},
    }  # fmt: skip


def save(path: Path, seed: int = 0, said: list[dict[str, Any]] | None = None) -> Path:
    config = {"class_name": "Model", "config": {
        "layers": layers() if said is None else said, "input_layers": [["input", 0, 0]],
        "output_layers": [["last", 0, 0]],
    }}  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        for layer, weights in arrays(seed).items():
            for name, values in weights.items():
                file[f"model_weights/{layer}/{layer}/{name}:0"] = values
    return path


def by_hand(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Probabilities (positions, classes) of one input (positions, channels)."""
    weights = arrays(seed)

    def conv(x: np.ndarray, name: str, dilation: int) -> np.ndarray:
        kernel, bias = weights[name]["kernel"].astype(float), weights[name]["bias"]
        reach = dilation * (len(kernel) // 2)
        padded = np.pad(x, ((reach, reach), (0, 0)))
        return bias + sum(
            padded[dilation * tap : dilation * tap + len(x)] @ one for tap, one in enumerate(kernel)
        )

    first = conv(x, "first", 1)
    norm = weights["norm"]
    scaled = (first - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + EPSILON)
    wide = conv(np.maximum(norm["gamma"] * scaled + norm["beta"], 0), "wide", 2)
    logits = conv((wide + first)[CROPPED:-CROPPED], "last", 1)
    powers = np.exp(logits)
    return powers / powers.sum(1, keepdims=True)
