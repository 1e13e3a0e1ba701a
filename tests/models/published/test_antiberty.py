"""AntiBERTy against its authors' numbers, where its package is to be had, and against its parts by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

import relevome
from relevome.errors import InputError
from relevome.models.published.antiberty import LABELS
from relevome.results.prediction import Prediction
from tests.antibody_models import RESIDUES, save_antiberty

SEQUENCES = ["EVQLWESGGACDFHIKMNPRTY", "DIQMTQ"]
HEADS = ("species", "chain", "graft", "residues")


@pytest.mark.parametrize("head", sorted(LABELS))
def test_heads_read_the_pooled_output(tmp_path: Path, head: str) -> None:
    weights = save_antiberty(tmp_path / "model")
    model = relevome.load_model(f"{tmp_path / 'model'}:{head}")
    assert (model.task, model.labels) == ("sequence", LABELS[head])
    bert = BertModel(BertConfig.from_pretrained(tmp_path / "model")).eval()
    names = {name.removeprefix("bert."): one for name, one in weights.items() if name.startswith("bert.")}
    bert.load_state_dict({name: one for name, one in names.items() if "_ids" not in name})
    for sequence, found in zip(SEQUENCES, model.predict(SEQUENCES), strict=True):
        ids = torch.tensor([[2, *(RESIDUES.index(one) + 5 for one in sequence), 3]])
        with torch.no_grad():
            expected = (
                bert(ids).pooler_output[0] @ weights[f"cls.{head}.weight"].T + weights[f"cls.{head}.bias"]
            )
        np.testing.assert_allclose(found.logits, expected.numpy(), atol=1e-5)


def test_it_is_explained_and_taken_up_again(tmp_path: Path) -> None:
    save_antiberty(tmp_path / "model")
    model = relevome.load_model(f"{tmp_path / 'model'}:species")
    run = relevome.explain(
        model, SEQUENCES, "attnlrp", "Mouse", contrast="Human", audit=True, out=tmp_path / "run"
    )
    assert run.counts.ledger is not None
    assert run.counts.ledger.largest_share < 1e-3
    # the head is on record, so that the model of the run is found again
    assert relevome.evaluate(tmp_path / "run", out=tmp_path / "evaluation")
    residues = relevome.load_model(f"{tmp_path / 'model'}:residues")
    assert residues.task == "masked"
    assert relevome.explain(residues, SEQUENCES[:1], "attnlrp", "W", position=4)[0].relevance.any()
    assert residues.sha256 != model.sha256


def test_a_head_has_to_be_named(tmp_path: Path) -> None:
    save_antiberty(tmp_path / "model")
    with pytest.raises(InputError, match=r"no head is named: expected .*:HEAD, with species, chain"):
        relevome.load_model(tmp_path / "model")
    with pytest.raises(InputError, match="has no head 'age'"):
        relevome.load_model(f"{tmp_path / 'model'}:age")
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(InputError, match=r"has no vocab.txt"):
        relevome.load_model(f"{tmp_path / 'model'}:chain")


def test_logits_are_the_original_ones(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relevome_cli: Any
) -> None:
    known = shared / "models" / "antiberty"
    if not known.is_dir():
        pytest.skip("needs ../shared/models/antiberty")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "5")
    try:
        relevome.fetch("antiberty", tmp_path / "antiberty")
    except InputError as error:
        pytest.skip(f"needs the wheel of antiberty: {error}")
    reference = np.load(known / "reference.npz")
    for head in HEADS:
        out = tmp_path / head
        named = ("--model", f"{tmp_path / 'antiberty'}:{head}", "--fasta", str(known / "sequences.fasta"))
        said = relevome_cli("predict", *named, "-o", str(out), "--device", "cpu")
        assert said[0] == 0, said
        prediction = Prediction(out)
        for row in prediction:
            name = "prediction" if head == "residues" else head
            expected = reference[f"{row.sequence_id}_{name}"]
            if head == "residues":
                expected = expected[1:-1, 5:]
            np.testing.assert_allclose(prediction.logits(row), expected, atol=1e-4)
