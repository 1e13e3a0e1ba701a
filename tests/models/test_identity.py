"""One digest for all that changes a model's answers, and for nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import relevome
from relevome.errors import InputError
from relevome.jobs.evaluate import evaluate
from relevome.models.hugging_face import load_model
from relevome.stores.place import local
from tests.results.earlier import as_before_parts_knew_their_run
from tests.toys import TOYS

FASTA = ">a\nMKTAYIAKQRGAVLI\n>b\nGAVLIMCFYWHKTAY\n>c\nWHKTAYMKTAYIAKQRG\n"


@pytest.fixture
def folder(saved: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved("protbert"), tmp_path / "model"))


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def swap_letters(content: Any) -> None:
    ids = content["model"]["vocab"]
    ids["A"], ids["C"] = ids["C"], ids["A"]


def another_activation(content: Any) -> None:
    content["hidden_act"] = "relu"


def other_labels(content: Any) -> None:
    content["id2label"]["0"] = "none of these"


CHANGES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "letters are other tokens": ("tokenizer.json", swap_letters),
    "another activation": ("config.json", another_activation),
    "other labels": ("config.json", other_labels),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_answers_changes_the_digest(folder: Path, name: str) -> None:
    before = load_model(folder).sha256
    file, change = CHANGES[name]
    rewrite(folder / file, change)
    assert load_model(folder).sha256 != before


def test_one_weight_changes_the_digest_also_in_memory(folder: Path) -> None:
    model = load_model(folder)
    before = model.sha256
    weight = next(model.module.parameters())
    with torch.no_grad():
        kept = weight[0, 0].clone()
        weight[0, 0] += 1
        changed = model.sha256
        weight[0, 0] = kept
    assert len({before, changed}) == 2
    assert model.sha256 == before
    assert load_model(folder, rare_as_x=True).sha256 != before


@pytest.mark.parametrize("name", TOYS)
def test_where_it_is_and_who_wrote_it_do_not(saved: Callable[[str], Path], name: str, tmp_path: Path) -> None:
    model = load_model(saved(name))
    moved = Path(shutil.copytree(saved(name), tmp_path / "moved"))
    rewrite(moved / "config.json", lambda content: content.update(transformers_version="4.0.0"))
    (moved / "README.md").write_text("a model")
    assert load_model(moved).sha256 == model.sha256
    # what was asked of a tokenizer before is not what it is
    asked = {"padding": model.tokenizer.pad_id is not None, "truncation": True, "max_length": 3}
    model.tokenizer.hf(["ACGT", "A"], **asked)
    again = load_model(moved)
    again.tokenizer.hf(["ACGT", "A"], **asked)
    assert again.sha256 == model.sha256


def test_inference_mode_changes_nothing(folder: Path) -> None:
    before = load_model(folder).sha256
    with torch.inference_mode():
        assert load_model(folder).sha256 == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_is_not_gone_on_with_by_another_model(
    relevome_cli: Callable[..., tuple[int, str, list[str]]], folder: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "p.fa").write_text(FASTA)
    asked = (
        "explain",
        "--model",
        folder,
        "--fasta",
        tmp_path / "p.fa",
        "--target",
        "0",
        "-o",
        tmp_path / "run",
    )
    assert relevome_cli(*asked)[0] == 0
    file, change = CHANGES[name]
    rewrite(folder / file, change)
    code, _, err = relevome_cli(*asked)
    assert (code, len(err)) == (2, 1)
    assert "model.sha256" in err[0]
    with pytest.raises(InputError, match="is not the model that"):
        evaluate(tmp_path / "run", model=load_model(folder))


def test_a_run_that_knew_the_weights_alone_still_meets_its_model(folder: Path, tmp_path: Path) -> None:
    from relevome.models.loading.weight_files import weights_sha256

    model = load_model(folder)
    run = relevome.explain(model, TOYS["protbert"].sequences(12, 13), "saliency", 1, out=tmp_path / "run")
    record = local(run.path) / "run.json"

    def as_it_was(content: Any) -> None:
        del content["model"]["sha256"]
        content["model"]["weights_sha256"] = weights_sha256(str(folder))

    as_before_parts_knew_their_run(local(run.path))
    rewrite(record, as_it_was)
    assert evaluate(run.path, model=model, fast=True, metrics=["comprehensiveness"], null=0).scores
    rewrite(record, lambda content: content["model"].update(weights_sha256="0" * 64))
    with pytest.raises(InputError, match="is not the model that"):
        evaluate(run.path, model=model, fast=True, metrics=["comprehensiveness"], null=0)
