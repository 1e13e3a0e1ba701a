"""AttnLRP of whole models, against the explicit backward pass over their layers."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from relevome.attribution.attnlrp import AttnLRP
from relevome.models.base import Batch, Model
from tests.oracles.explicit.bert import bert
from tests.oracles.explicit.dnabert2 import dnabert2
from tests.oracles.explicit.esm import esm
from tests.oracles.explicit.network import Network
from tests.oracles.explicit_cases import CASES, LENGTHS, Double

FIXTURES = {
    "attnlrp_protbert_tiny": bert,
    "attnlrp_esm_tiny": esm,
    "attnlrp_esm_dropout_tiny": esm,
    "dnabert2_tiny": dnabert2,
}

each_model = pytest.mark.parametrize("name", CASES)
each_attention = pytest.mark.parametrize("attention", ["eager", "sdpa"])
each_seed = pytest.mark.parametrize("seed", [0, 1, 2])


def error(found: np.ndarray | None, expected: np.ndarray) -> float:
    """The distance in relative L2."""
    assert found is not None
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@each_model
@each_attention
@each_seed
def test_logits_are_those_of_the_model(tmp_path: Path, name: str, attention: str, seed: int) -> None:
    """What is explained is the model: every layer of the explicit pass is right forward."""
    case = CASES[name]
    with Double():
        model = case.load(tmp_path, seed, attention)
        batch = case.batch(model, seed)
        with torch.no_grad():
            logits = model.module(**model.inputs(batch)).logits.numpy()
    for row, tokens, expected in zip(logits, batch.tokens, case.explain(model, batch), strict=True):
        found = row if case.position is None else row[: len(tokens)]
        np.testing.assert_allclose(found, expected.logits, rtol=1e-10, atol=1e-10)


@each_model
@each_attention
@each_seed
def test_relevance_of_tokens_is_that_of_the_explicit_pass(
    tmp_path: Path, name: str, attention: str, seed: int
) -> None:
    """Two sequences of unlike lengths, padded in the model and alone in the explicit pass."""
    case = CASES[name]
    with Double():
        model = case.load(tmp_path, seed, attention)
        batch = case.batch(model, seed)
        found = AttnLRP().attribute(model, batch)
    assert len(set(map(len, batch.tokens))) == len(LENGTHS)
    for relevance, expected in zip(found, case.explain(model, batch), strict=True):
        assert error(relevance.values, expected.tokens) < 1e-8


@each_model
@each_attention
@each_seed
def test_relevance_of_heads_is_that_of_the_explicit_pass(
    tmp_path: Path, name: str, attention: str, seed: int
) -> None:
    case = CASES[name]
    with Double():
        model = case.load(tmp_path, seed, attention)
        batch = case.batch(model, seed)
        found = AttnLRP(heads=True).attribute(model, batch)
    for relevance, expected in zip(found, case.explain(model, batch), strict=True):
        assert error(relevance.heads, expected.heads) < 1e-8
        assert error(relevance.values, expected.tokens) < 1e-8


@each_model
@each_attention
@pytest.mark.parametrize("rule", ["cp", "gim"])
def test_other_rules_of_attention_are_those_of_the_explicit_pass(
    tmp_path: Path, name: str, attention: str, rule: str
) -> None:
    """Fused and spelt out, with ALiBi, relative biases, rotary positions and shared keys; the books close."""
    case = CASES[name]
    with Double():
        model = case.load(tmp_path, 0, attention)
        batch = case.batch(model, 0)
        found = AttnLRP(rules=f"attention={rule}", heads=True, audit=True).attribute(model, batch)
    usual = case.explain(model, batch)
    for relevance, expected, published in zip(found, case.explain(model, batch, rule), usual, strict=True):
        assert error(relevance.values, expected.tokens) < 1e-8
        assert error(relevance.heads, expected.heads) < 1e-8
        assert error(relevance.values, published.tokens) > 1e-3
        assert relevance.ledger is not None
        assert relevance.ledger.unaccounted_share < 1e-11
        assert (relevance.ledger.absorbed.get("softmax", 0.0) == 0) == (rule == "cp")


@each_model
@each_attention
def test_left_alone_models_differ_by_their_single_precision(
    tmp_path: Path, name: str, attention: str
) -> None:
    case = CASES[name]
    model = case.load(tmp_path, 0, attention)
    batch = case.batch(model, 0)
    found = AttnLRP().attribute(model, batch)
    for relevance, expected in zip(found, case.explain(model, batch), strict=True):
        assert error(relevance.values, expected.tokens) < 1e-5


@each_attention
def test_in_esm_a_masked_letter_has_no_relevance_and_rescales_the_others(
    tmp_path: Path, attention: str
) -> None:
    case = CASES["esm"]
    with Double():
        model = case.load(tmp_path, 0, attention)
        batch = mask(model, case.batch(model, 0), place=4)
        found = AttnLRP().attribute(model, batch)
    for relevance, expected in zip(found, case.explain(model, batch), strict=True):
        assert relevance.values is not None
        assert relevance.values[4] == 0
        assert error(relevance.values, expected.tokens) < 1e-8


def mask(model: Model, batch: Batch, place: int) -> Batch:
    """The same batch with the mask token in one place of every sequence."""
    masked = []
    for tokens in batch.tokens:
        ids = tokens.ids.copy()
        ids[place] = model.tokenizer.mask_id
        masked.append(replace(tokens, ids=ids))
    return replace(batch, tokens=tuple(masked))


@pytest.mark.parametrize(("name", "network"), FIXTURES.items())
def test_the_explicit_pass_is_that_of_published_code(
    shared: Path, name: str, network: Callable[..., Network]
) -> None:
    """Which rounds ESM-2's rotation and all of DNABERT-2 to single precision."""
    folder = shared / "fixtures" / name
    config = json.loads((folder / "config.json").read_text())
    weights = {k: v.astype(float) for k, v in load_file(folder / "model.safetensors").items()}
    reference = np.load(folder / "reference.npz")
    for row, length in enumerate(reference["attention_mask"].sum(1)):
        found = network(weights, config, reference["input_ids"][row, :length]).explain(reference["target"])
        np.testing.assert_allclose(found.logits, reference["logits"][row], rtol=0, atol=1e-6)
        assert error(found.tokens, reference["attnlrp"][row, :length]) < 1e-6


def test_the_explicit_pass_is_numpy_alone() -> None:
    """Nothing in it is differentiated by machine, nor by relevome."""
    files = list(Path(__file__).with_name("explicit").glob("*.py"))
    assert files
    for file in files:
        assert imported_by(file) <= {"numpy", "scipy.special"}


def imported_by(file: Path) -> set[str]:
    """Modules that a file imports, the standard library's and those beside it left out."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    others = {name for name in names if not name.startswith("tests.oracles.explicit.")}
    return {name for name in others if name.split(".")[0] not in sys.stdlib_module_names}
