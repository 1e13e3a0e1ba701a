"""Readers of models, and of trainings and studies that were stopped."""

from __future__ import annotations

import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging as hub_logging

from relevome.data.sequences import PROTEIN, Sequence
from relevome.models.base import Batch, Target
from relevome.models.hugging_face import load_model
from relevome.models.loading.own_weights import load_weights
from relevome.studies.carry_out import carry_out
from relevome.studies.recipe import Command
from relevome.training.folder import TrainingFolder
from tests.damage.readers import Files, Reader, register
from tests.toys import TOYS

MODELS = ("protbert", "esm", "dnabert2", "cnn", "bpe", "prott5")


def _saved() -> list[Files]:
    found = []
    for name in MODELS:
        with tempfile.TemporaryDirectory() as made:
            folder = TOYS[name].save(Path(made) / "model")
            found.append({f"model/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())})
    return found


def _load(folder: Path) -> Any:
    hub_logging.set_verbosity_error()
    logging.disable(logging.CRITICAL)
    model = load_model(folder / "model", device="cpu")
    letters = "ACDEFGHIKL" if model.alphabet == PROTEIN else "ACGTACGTAC"
    tokens = model.tokenize(Sequence("s", letters, model.alphabet))
    with torch.no_grad():
        logits = model.module(**model.inputs(Batch((tokens,), (Target(0, ""),)))).logits.numpy()
    return model, tokens, logits


def _logits_differ(folder: Path, found: Any) -> str:
    """Whether plain transformers gives the same logits, where it reads the folder and knows its class."""
    model, tokens, logits = found
    if model.task != "sequence" or type(model.module).__module__.startswith("relevome"):
        return ""
    try:
        plain = AutoModelForSequenceClassification.from_pretrained(
            folder / "model", local_files_only=True, attn_implementation="eager", dtype=torch.float32
        ).eval()
        with torch.no_grad():
            theirs = plain(input_ids=torch.tensor(tokens.ids)[None].long()).logits.numpy()
    except Exception:  # noqa: BLE001 - it raises whatever it likes
        return ""
    if theirs.shape != logits.shape or np.allclose(theirs, logits, atol=1e-4, equal_nan=True):
        return "" if theirs.shape == logits.shape else f"logits {logits.shape}, not {theirs.shape}"
    return f"logits {logits.tolist()}, not {theirs.tolist()}"


register(
    Reader(
        "model",
        _saved,
        _load,
        ("relevome.models.hugging_face:load_model",),
        _logits_differ,
        share=0.05,
        words=(b'"num_labels": 3,', b'"auto_map": {},', b"[MASK]", b'"dtype": "float16",'),
    )
)

CLAIM = {"seed": 1, "data": {"train": "0" * 64}}


def _training() -> list[Files]:
    state = {
        "epoch": 1.0, "best_model_checkpoint": None, "log_history": [],
        "stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": False}}},
    }  # fmt: skip
    begun = {
        "model/checkpoints/claim.json": json.dumps(CLAIM).encode(),
        "model/checkpoints/checkpoint-10/trainer_state.json": json.dumps(state).encode(),
    }
    record = {"claim": CLAIM, "metrics": {"test": {"auroc": 0.5}}, "best_epoch": 1}
    ended = {"model/config.json": b"{}", "model/training.json": json.dumps(record).encode()}
    return [begun, ended]


def _resume(folder: Path) -> Any:
    training = TrainingFolder(folder / "model", CLAIM)
    found = training.finished()
    if found is None:
        training.open(resume=True)
    last = training.last_checkpoint()
    training.close()
    return found, last


register(Reader("training", _training, _resume, ("relevome.training.folder:TrainingFolder",)))


@dataclass(frozen=True)
class Nothing:
    """A study without commands."""

    name = "nothing"

    def about(self) -> dict[str, Any]:
        return {"seed": 0, "size": "small"}

    def prepare(self, folder: Path, say: Any) -> None:
        """There is nothing to prepare."""

    def commands(self) -> tuple[Command, ...]:
        return ()

    def conclude(self, folder: Path) -> list[str]:
        return []


def _study() -> list[Files]:
    return [{"study/study.json": json.dumps({"study": "nothing", **Nothing().about()}).encode()}]


def _go_on(folder: Path) -> None:
    carry_out(Nothing(), folder / "study", lambda *given: None, 1, lambda line: None)


register(Reader("study", _study, _go_on, ("relevome.studies.carry_out:carry_out",)))


def _own_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))


def _own_weights() -> list[Files]:
    weights = {f"model.{name}": one for name, one in _own_network().state_dict().items()}
    with tempfile.TemporaryDirectory() as made:
        torch.save({"state_dict": weights, "epoch": 3}, Path(made) / "last.ckpt")
        save_file(weights, Path(made) / "model.safetensors")
        return [{path.name: path.read_bytes()} for path in sorted(Path(made).iterdir())]


def _load_own(folder: Path) -> Any:
    (path,) = (one for one in folder.iterdir() if one.suffix in (".ckpt", ".safetensors"))
    with torch.no_grad():
        return load_weights(_own_network(), path)(torch.ones(1, 4)).numpy()


register(
    Reader(
        "weights of a module",
        _own_weights,
        _load_own,
        ("relevome.models.loading.weight_files:read_weights",),
        share=0.05,
    )
)
