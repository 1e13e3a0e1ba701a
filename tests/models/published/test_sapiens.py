"""Sapiens against its authors' probabilities, where its weights are, and against a forward pass by hand."""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import relevome
from relevome.errors import InputError
from relevome.results.prediction import Prediction
from tests.antibody_models import DIM, HEADS, LAYERS, RESIDUES, save_sapiens

CHECKPOINTS = {"H": "checkpoint_vh.pt", "K": "checkpoint_vl.pt"}
SEQUENCE = "EVQLWESGGACDFHIKMNPRTY"


def by_hand(file: Path, letters: str) -> np.ndarray:
    """Probabilities (letters, residues) in double precision, by the recipe of the checkpoint alone."""
    with torch.serialization.safe_globals([argparse.Namespace]):
        raw = torch.load(file, weights_only=True)["model"]
    weights = {name.removeprefix("decoder."): one.double() for name, one in raw.items()}

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    whole = "sentence_encoder"
    ids = torch.tensor([0, *(RESIDUES.index(one) + 4 for one in letters), 2])
    x = weights[f"{whole}.embed_tokens.weight"][ids]
    x = norm(x + weights[f"{whole}.embed_positions.weight"][2 : 2 + len(ids)], f"{whole}.emb_layer_norm")
    for number in range(LAYERS):
        at = f"{whole}.layers.{number}"
        q, k, v = (
            linear(x, f"{at}.self_attn.{one}_proj").view(len(ids), HEADS, -1).transpose(0, 1) for one in "qkv"
        )
        seen = (q @ k.transpose(1, 2) / (DIM // HEADS) ** 0.5).softmax(-1) @ v
        seen = linear(seen.transpose(0, 1).flatten(1), f"{at}.self_attn.out_proj")
        x = norm(x + seen, f"{at}.self_attn_layer_norm")
        x = norm(x + linear(F.gelu(linear(x, f"{at}.fc1")), f"{at}.fc2"), f"{at}.final_layer_norm")
    x = linear(norm(F.gelu(linear(x, "lm_head.dense")), "lm_head.layer_norm"), "lm_head")
    return x.softmax(-1)[1:-1, 4:24].numpy()


def test_probabilities_equal_those_by_hand(tmp_path: Path) -> None:
    file = save_sapiens(tmp_path)
    model = relevome.load_model(file)
    assert (model.task, model.max_tokens, model.alphabet.name) == ("masked", 40, "protein")
    (found,) = model.predict([SEQUENCE])
    assert found.outputs == tuple(RESIDUES)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, by_hand(file, SEQUENCE), atol=1e-6)
    np.testing.assert_array_equal(relevome.load_model(tmp_path).predict([SEQUENCE])[0].logits, found.logits)


def test_its_relevance_is_accounted_for(tmp_path: Path) -> None:
    model = relevome.load_model(save_sapiens(tmp_path))
    run = relevome.explain(model, [SEQUENCE], "attnlrp", "W", position=4, audit=True)
    assert run.counts.ledger is not None
    assert run.counts.ledger.largest_share < 1e-3


def test_what_it_cannot_be_read_from(tmp_path: Path) -> None:
    file = save_sapiens(tmp_path / "two")
    save_sapiens(tmp_path / "two", "checkpoint_vl.pt")
    with pytest.raises(InputError, match=r"has 2 checkpoints: name one of checkpoint_vh.pt, checkpoint_vl"):
        relevome.load_model(file.parent)
    with pytest.raises(InputError, match="has no head 'chain': expected"):
        relevome.load_model(f"{file}:chain")
    with pytest.raises(InputError, match="expected a RoBERTa with gelu"):
        relevome.load_model(save_sapiens(tmp_path / "other", activation="relu"))
    (file.parent / "dict.txt").write_text("A 1\nC 1\n")
    with pytest.raises(InputError, match=r"embeddings of 25 tokens.*expected 7 tokens"):
        relevome.load_model(file)
    torch.save({"args": object, "model": {}}, file)
    with pytest.raises(InputError, match="has more than tensors, or is damaged: nothing in it is run"):
        relevome.load_model(file)


def test_probabilities_of_antibodies_are_the_original_ones(
    shared: Path, tmp_path: Path, relevome_cli: Any
) -> None:
    weights = shared / "models" / "sapiens"
    numbers = shared / "data" / "antibodies" / "sapiens1_probabilities.tsv.gz"
    if not weights.is_dir() or not numbers.is_file():
        pytest.skip("needs ../shared/models/sapiens and ../shared/data/antibodies")
    known: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    with gzip.open(numbers, "rt") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            known[row["antibody"], row["chain"]].append(row)
    compared = 0
    for chain, name in CHECKPOINTS.items():
        rows = {antibody: found for (antibody, which), found in known.items() if which == chain}
        fasta = tmp_path / f"{chain}.fa"
        fasta.write_text(
            "".join(f">{one}\n{''.join(r['parental'] for r in found)}\n" for one, found in rows.items())
        )
        out = tmp_path / chain
        named = ("--model", str(weights / name), "--fasta", str(fasta), "-o", str(out))
        said = relevome_cli("predict", *named, "--device", "cpu")
        assert said[0] == 0, said
        found = {row.sequence_id: np.asarray(row.probabilities) for row in Prediction(out)}
        for antibody, expected in rows.items():
            wanted = np.array([[float(row[letter]) for letter in RESIDUES] for row in expected])
            np.testing.assert_allclose(np.reshape(found[antibody], wanted.shape), wanted, atol=1e-5)
            compared += len(wanted)
    assert compared == sum(map(len, known.values())) > 0
