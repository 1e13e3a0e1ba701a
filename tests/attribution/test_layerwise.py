"""LRP with a rule for every layer: how rules are chosen, and whole models against numbers of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import relevome
from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.layerwise import LRP, composite, rules_by_weight
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.linear_rules import Epsilon, Gamma, ZPlus
from relevome.errors import InputError
from relevome.models.base import Model
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def values(method: Any, model: Model, name: str) -> np.ndarray:
    """Relevance of all tokens of some sequences."""
    found = method.attribute(model, TOYS[name].batch(model, 12, 9))
    return np.concatenate([relevance.values for relevance in found])


# Against zennit


def fixture_net(folder: Path) -> nn.Sequential:
    """The CNN that zennit explained."""
    layers: list[nn.Module] = []
    for layer in json.loads((folder / "config.json").read_text())["layers"]:
        match layer:
            case "relu":
                layers.append(nn.ReLU())
            case "flatten":
                layers.append(nn.Flatten())
            case ["conv1d", *sizes]:
                layers.append(nn.Conv1d(*sizes, padding="same"))
            case ["maxpool", size]:
                layers.append(nn.MaxPool1d(size))
            case ["linear", *sizes]:
                layers.append(nn.Linear(*sizes))
    net = nn.Sequential(*layers).double().requires_grad_(False)
    net.load_state_dict(load_file(folder / "model.safetensors"))
    return net


@pytest.mark.parametrize("rules_class", [Rules, AuditedRules])
@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ("epsilon:1e-6", "epsilon_1e-6"),
        ("epsilon:0.25", "epsilon_0.25"),
        ("gamma:0.25", "gamma_0.25"),
        ("zplus", "zplus"),
    ],
)
def test_relevance_is_that_of_zennit(shared: Path, rules_class: type[Rules], rules: str, key: str) -> None:
    folder = shared / "fixtures" / "lrp_cnn_tiny"
    reference = np.load(folder / "reference.npz")
    net = fixture_net(folder)
    letters = F.one_hot(torch.from_numpy(reference["sequence_index"]), 4).mT.double().requires_grad_()
    with rules_class(linear=rules_by_weight(net, composite(rules))):
        logits = net(letters)
        target = logits[:, int(reference["target"])].sum()
    (gradient,) = torch.autograd.grad(target, letters)
    np.testing.assert_allclose(logits.detach(), reference["logits"], rtol=0, atol=1e-12)
    expected = reference[f"relevance_{key}"]
    np.testing.assert_allclose(
        (letters * gradient).detach(), expected, rtol=0, atol=1e-13 * np.abs(expected).max()
    )


# How rules are chosen


class Net(nn.Module):
    """Layers of both kinds, some inside others, and one of neither kind."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(4, 6, 3)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Conv1d(6, 6, 3), nn.BatchNorm1d(6)) for _ in range(2))
        self.linear = nn.Linear(6, 5)
        self.head = nn.Linear(5, 2)


NAMES = ["stem", "blocks.0.0", "blocks.1.0", "linear", "head"]
FINE, STRONG = Epsilon(1e-6), Gamma(0.25)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("epsilon", [FINE] * 5),
        ("zero", [None] * 5),
        ("gamma:0.5", [Gamma(0.5)] * 5),
        ("linear=epsilon:0.1", [None, None, None, Epsilon(0.1), Epsilon(0.1)]),
        ("convolution=gamma", [STRONG, STRONG, STRONG, None, None]),
        ("linear=epsilon, convolution=gamma, first=zplus", [ZPlus(), STRONG, STRONG, FINE, FINE]),
        ("first=zplus,last=epsilon", [ZPlus(), None, None, None, FINE]),
        ("first=zplus,epsilon", [FINE] * 5),
        ("epsilon,last=zero", [FINE] * 4 + [None]),
        ("blocks.1.0=zplus", [None, None, ZPlus(), None, None]),
        ("blocks.*=zplus,blocks.0.*=gamma", [None, STRONG, ZPlus(), None, None]),
    ],
)
def test_the_last_choice_that_fits_a_layer_counts(rules: str, expected: list[Any]) -> None:
    net = Net()
    found = rules_by_weight(net, composite(rules))
    weights = [id(net.get_submodule(name).weight) for name in NAMES]
    assert [found.get(weight) for weight in weights] == expected
    assert len(found) == sum(rule is not None for rule in expected)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("gama", "--rules gama: expected epsilon, epsilon:NUMBER, gamma, gamma:NUMBER, zplus or zero"),
        ("linear=gamma:much", "--rules gamma:much: expected epsilon"),
        ("linear=gamma:", "--rules gamma:: expected epsilon"),
        ("zplus:1", "--rules zplus:1: expected epsilon"),
        ("linear=epsilon:0", "epsilon 0: expected a number above 0"),
        ("linear=", "--rules linear=: 'linear=' is no LAYERS=RULE, such as linear=epsilon:1e-6"),
        ("=zplus", "--rules =zplus: '=zplus' is no LAYERS=RULE"),
        ("epsilon,", "--rules epsilon,: '' is no LAYERS=RULE"),
    ],
)
def test_a_composite_that_says_nothing_is_refused_in_one_line(rules: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        LRP(rules)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_name_that_no_layer_has_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match=r"--rules blocks\.0: no linear .* names: stem, blocks\.0\.0, "):
        rules_by_weight(Net(), composite("linear=epsilon,blocks.0=zplus"))


def test_a_weight_that_is_made_in_every_pass_is_refused() -> None:
    net = Net()
    weight_norm(net.head)
    assert len(rules_by_weight(net, composite("convolution=gamma"))) == 3
    with pytest.raises(InputError, match=r"the weight of head is computed in every pass"):
        rules_by_weight(net, composite("linear=epsilon"))


# Whole models


@pytest.mark.parametrize("name", TOYS)
def test_without_rules_of_their_own_it_is_attnlrp(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    np.testing.assert_array_equal(values(LRP("zero"), model, name), values(AttnLRP(), model, name))


@pytest.mark.parametrize("rules", ["epsilon:0.01", "gamma:0.25", "zplus"])
@pytest.mark.parametrize("name", ["cnn", "protbert", "esm", "prott5"])
def test_rules_reach_the_layers_of_any_model(toy_model: ToyModel, name: str, rules: str) -> None:
    model = toy_model(name)
    plain, other = values(AttnLRP(), model, name), values(LRP(rules), model, name)
    assert np.abs(plain - other).max() > 1e-4 * np.abs(plain).max()


@pytest.mark.parametrize("rules", [LRP().rules, "epsilon:0.3", "gamma:0.7", "zplus"])
@pytest.mark.parametrize("name", ["cnn", "protbert-masked", "esm", "prott5"])
def test_the_ledger_closes(toy_model: ToyModel, name: str, rules: str) -> None:
    model = toy_model(name)
    for found in LRP(rules, audit=True).attribute(model, TOYS[name].batch(model, 12, 9)):
        assert found.ledger is not None
        assert found.ledger.unaccounted_share < 1e-9
        # ESM and T5 calculate some steps in single precision, an audit does not
        assert found.ledger.tokens == pytest.approx(found.total, abs=1e-5 * found.ledger.throughput)


Back = Callable[[np.ndarray], np.ndarray]


def test_the_default_on_the_cnn_by_its_formulas(toy_model: ToyModel) -> None:
    """Gamma on convolutions and epsilon on linear layers, carried back layer by layer."""
    model = toy_model("cnn")
    batch = TOYS["cnn"].batch(model, 11)
    net: Any = model.module
    x = net.embedding(torch.from_numpy(batch.tokens[0].ids)).T.numpy()
    steps: list[Back] = []
    for layer, pool in zip(net.convolutions, net.config.pools, strict=True):
        x, back = affine(layer, x, gamma=0.25)
        x, unpool = pooled(np.maximum(x, 0), pool)
        steps += [back, unpool]
    x, unpool = pooled(x, x.shape[1])
    x, back = affine(nn.Sequential(nn.Flatten(), net.hidden), x, gamma=0)
    x, last = affine(net.classifier, np.maximum(x, 0), gamma=0)
    relevance = np.where(np.arange(len(x)) == TOYS["cnn"].target(model).index, x, 0)
    for step in reversed([*steps, unpool, back, last]):
        relevance = step(relevance)
    (found,) = LRP().attribute(model, batch)
    assert found.values is not None
    np.testing.assert_allclose(found.values, relevance.sum(0), rtol=0, atol=1e-10 * np.abs(relevance).max())


def affine(layer: nn.Module, x: np.ndarray, gamma: float) -> tuple[np.ndarray, Back]:
    """What a layer makes of x, and how relevance goes back through its matrix of contributions."""
    units = torch.eye(x.size + 1, x.size, dtype=torch.float64).reshape(-1, *x.shape)
    with torch.no_grad():
        made = layer(units).numpy()
    matrix, bias = (made[:-1] - made[-1]).reshape(x.size, -1), made[-1].reshape(-1)
    contributions = x.reshape(-1, 1) * matrix
    y = contributions.sum(0) + bias

    def back(relevance: np.ndarray) -> np.ndarray:
        shares, of_bias = (c + gamma * np.where(c * y > 0, c, 0) for c in (contributions, bias))
        z = shares.sum(0) + of_bias
        return (shares * relevance.reshape(-1) / (z + np.where(z < 0, -1e-6, 1e-6))).sum(1).reshape(x.shape)

    return y.reshape(made.shape[1:]), back


def pooled(x: np.ndarray, width: int) -> tuple[np.ndarray, Back]:
    """The largest of every window, to which all relevance goes back."""
    starts = range(0, x.shape[1], width)
    best = np.stack([start + x[:, start : start + width].argmax(1) for start in starts], 1)

    def back(relevance: np.ndarray) -> np.ndarray:
        found = np.zeros_like(x)
        np.put_along_axis(found, best, relevance, 1)
        return found

    return np.take_along_axis(x, best, 1), back


# From the command line and from Python


def test_rules_are_given_on_the_command_line(
    relevome_cli: Callable[..., tuple[int, str, list[str]]], saved: Callable[[str], Path],
    write: Callable[[str, str], Path], tmp_path: Path,
) -> None:  # fmt: skip
    fasta, rules = write("d.fa", ">a\nACGTTGACAACGT\n>b\nTATAATGGC\n"), "linear=epsilon,first=zplus"
    asked = ("explain", "--model", saved("cnn"), "--fasta", fasta, "--method", "lrp", "--rules", rules)
    code, _, err = relevome_cli(*asked, "-o", tmp_path / "run")
    assert (code, err) == (0, [])
    run = relevome.Run(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["parameters"]["rules"] == rules
    model = relevome.load_model(str(saved("cnn")))
    again = relevome.explain(model, fasta, method="lrp", target=1, rules=rules)
    for row, other in zip(run, again, strict=True):
        np.testing.assert_array_equal(row.relevance, other.relevance)
