"""Networks of Keras in HDF5 files: the layers that their configuration names, as operations of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from relevome.errors import InputError

# What arithmetic gives for each activation, of (batch, channels, positions).
_ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: x.softmax(1),
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class _Node:
    """One layer: its kind, what it is told, and the layers that it reads."""

    name: str
    kind: str
    told: Mapping[str, Any]
    inputs: tuple[str, ...]


class KerasNetwork(nn.Module):
    """A network of one input and one output, (batch, positions, channels).

    Layers are convolutions, batch normalisation, activations, sums and cropping, over positions. Raises
    InputError for another layer, by name, or another way to do one of these.
    """

    def __init__(
        self, nodes: Sequence[_Node], output: str, weights: Mapping[str, Mapping[str, np.ndarray]]
    ) -> None:
        super().__init__()
        self._nodes = tuple(nodes)
        self._output = output
        self.layers = nn.ModuleDict(
            {
                node.name: _MADE[node.kind](node, weights.get(node.name, {}))
                for node in nodes
                if node.kind in _MADE
            }
        )

    def forward(self, x: Float[Tensor, "batch positions channels"]) -> Float[Tensor, "batch places outputs"]:
        """What the last layer gives."""
        found: dict[str, Tensor] = {}
        for node in self._nodes:
            given = [found[name] for name in node.inputs]
            found[node.name] = self._value(node, given, x)
        return found[self._output].transpose(1, 2)

    def _value(self, node: _Node, given: list[Tensor], x: Tensor) -> Tensor:
        if node.kind == "InputLayer":
            return x.transpose(1, 2)
        if node.kind == "Add":
            total = given[0]
            for one in given[1:]:
                total = total + one
            return total
        if node.kind == "Activation":
            return _ACTIVATIONS[node.told["activation"]](given[0])
        if node.kind == "Cropping1D":
            before, after = node.told["cropping"]
            return given[0][..., before : given[0].shape[-1] - after]
        found = self.layers[node.name](given[0])
        return _ACTIVATIONS[node.told["activation"]](found) if node.kind == "Conv1D" else found


def _convolution(node: _Node, weights: Mapping[str, np.ndarray]) -> nn.Module:
    told = node.told
    (width,), (step,), (dilation,) = (told[name] for name in ("kernel_size", "strides", "dilation_rate"))
    kernel = _weight(node, weights, "kernel")
    if told["padding"] not in ("valid", "same") or told.get("groups", 1) != 1 or step != 1 or width % 2 == 0:
        raise InputError(f"layer {node.name!r}: expected a convolution of odd width in steps of one letter")
    made = nn.Conv1d(
        kernel.shape[1], kernel.shape[2], width, dilation=dilation,
        padding=dilation * (width // 2) if told["padding"] == "same" else 0, bias=told["use_bias"],
    )  # fmt: skip
    made.weight = _parameter(kernel.transpose(2, 1, 0))
    if told["use_bias"]:
        made.bias = _parameter(_weight(node, weights, "bias"))
    return made


def _normalisation(node: _Node, weights: Mapping[str, np.ndarray]) -> nn.Module:
    mean = _weight(node, weights, "moving_mean")
    made = nn.BatchNorm1d(len(mean), eps=node.told["epsilon"])
    made.weight = _parameter(_weight(node, weights, "gamma"))
    made.bias = _parameter(_weight(node, weights, "beta"))
    made.running_mean = torch.from_numpy(mean)
    made.running_var = torch.from_numpy(_weight(node, weights, "moving_variance"))
    return made


_MADE = {"Conv1D": _convolution, "BatchNormalization": _normalisation}
_WITHOUT_WEIGHTS = ("InputLayer", "Add", "Activation", "Cropping1D")


def _weight(node: _Node, weights: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in weights:
        raise InputError(f"layer {node.name!r} has no weights {name!r}: expected a file of a trained network")
    return weights[name]


def _parameter(values: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.ascontiguousarray(values)), requires_grad=False)


def read_keras(path: Path) -> KerasNetwork:
    """The network of an HDF5 file of Keras; nothing in it is run.

    Raises InputError for a file that is none, for layers that are not known, and without h5py (the extra
    ``keras``).
    """
    if find_spec("h5py") is None:
        raise InputError(f"{path} needs the library h5py: pip install 'relevome[keras]'")
    import h5py

    _check_size(path)
    try:
        with h5py.File(path, "r") as opened:
            file: Any = opened
            said = json.loads(file.attrs["model_config"])
            weights = {name: _arrays(group) for name, group in file["model_weights"].items()}
        return _network(said["config"], weights)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        raise InputError(
            f"{path} cannot be read as a network of Keras ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}): expected HDF5 with model_config and model_weights"
        ) from error


def _check_size(path: Path) -> None:
    """Raises InputError for a file of another size than it says: of shifted bytes the library may never end.

    Where it says so depends on the version of the superblock (HDF5 File Format Specification 3.0, II.A).
    """
    with path.open("rb") as file:
        head = file.read(64)
    at = {0: 40, 1: 44, 2: 28, 3: 28}.get(head[8]) if head.startswith(b"\x89HDF\r\n\x1a\n") else None
    if at is None:
        raise InputError(f"{path} is no HDF5 file: expected a network of Keras")
    said, size = int.from_bytes(head[at : at + 8], "little"), path.stat().st_size
    if said != size:
        raise InputError(f"{path} has {size:,} bytes and says {said:,}: copy or download it again")


def _arrays(group: Any) -> dict[str, np.ndarray]:
    """Weights of a layer by the last part of their names, without what is behind the colon."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str, item: Any) -> None:
        if hasattr(item, "shape"):
            found[name.rpartition("/")[2].partition(":")[0]] = np.array(item, dtype=np.float32)

    group.visititems(keep)
    return found


def _network(config: Mapping[str, Any], weights: Mapping[str, Mapping[str, np.ndarray]]) -> KerasNetwork:
    left = []
    for layer in config["layers"]:
        kind, told = layer["class_name"], layer["config"]
        if kind not in (*_MADE, *_WITHOUT_WEIGHTS):
            raise InputError(
                f"layer {layer['name']!r} is a {kind}: expected {', '.join((*_MADE, *_WITHOUT_WEIGHTS))}"
            )
        if told.get("activation", "linear") not in _ACTIVATIONS:
            raise InputError(f"layer {layer['name']!r} has the activation {told['activation']!r}")
        nodes = layer["inbound_nodes"]
        left.append(_Node(layer["name"], kind, told, tuple(one[0] for one in nodes[0]) if nodes else ()))
    (output,) = config["output_layers"]
    ordered: list[_Node] = []
    while left:  # each behind what it reads
        known = {node.name for node in ordered}
        ready = [node for node in left if known.issuperset(node.inputs)]
        if not ready:
            raise InputError(f"layer {left[0].name!r} reads layers that are not there")
        ordered += ready
        left = [node for node in left if node not in ready]
    return KerasNetwork(ordered, output[0], weights)
