"""A tokenizer from elsewhere: read where it is named, kept on record, and found again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from tests.toys import TOYS

Saved = Callable[[str], Path]
Cli = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def apart(saved: Saved, tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """A toy in two folders: one with its tokenizer alone, and one with the rest."""

    def parted(toy: str) -> tuple[Path, Path]:
        model, reader = tmp_path / "model", tmp_path / "reader"
        shutil.copytree(saved(toy), model)
        reader.mkdir()
        for file in [*model.glob("*token*"), *model.glob("vocab*"), *model.glob("*special*")]:
            shutil.move(file, reader / file.name)
        assert not [*reader.glob("config.json"), *reader.glob("*.safetensors")]
        return model, reader

    return parted


@pytest.mark.parametrize("toy", ["protbert", "esm", "nucleotide-transformer", "roberta", "cnn", "prott5"])
def test_a_model_without_a_tokenizer_reads_with_another_folders(apart: Any, saved: Saved, toy: str) -> None:
    model, reader = apart(toy)
    with pytest.raises(InputError, match=r"model has no tokenizer: .*, or another folder that has it"):
        load_model(model)
    found, plain = load_model(model, tokenizer=reader), load_model(saved(toy))
    assert found.sha256 == plain.sha256
    assert (found.about()["tokenizer"], found.max_tokens) == (plain.about()["tokenizer"], plain.max_tokens)
    assert found.about()["tokenizer_path"] == str(reader)
    assert "tokenizer_path" not in plain.about()


def test_it_comes_before_the_models_own(saved: Saved, tmp_path: Path) -> None:
    own = load_model(saved("letters-masked"))
    vocabulary = own.tokenizer.hf.get_vocab()
    other = letter_tokenizer(own.alphabet, specials=True)
    text = json.loads(other.backend_tokenizer.to_str())
    swapped = {"A": "C", "C": "A"}
    text["model"]["vocab"] = {swapped.get(token, token): index for token, index in vocabulary.items()}
    (tmp_path / "swapped").mkdir()
    for file in saved("letters-masked").glob("*token*"):
        shutil.copy(file, tmp_path / "swapped")
    (tmp_path / "swapped" / "tokenizer.json").write_text(json.dumps(text))
    model = load_model(saved("letters-masked"), tokenizer=tmp_path / "swapped")
    assert model.sha256 != own.sha256
    given, exchanged = "ACGTTGCAAC", "CAGTTGACCA"
    found, expected = (one.predict([x])[0] for one, x in ((model, given), (own, exchanged)))
    assert found.outputs == tuple("ACGT")  # which are exchanged like what is read
    np.testing.assert_array_equal(found.logits, expected.logits[:, [1, 0, 2, 3]])


def refused(message: str, *path: Any, **options: Any) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_model(*path, **options)
    assert "\n" not in str(caught.value)


def test_one_that_does_not_belong_to_the_model_is_refused(saved: Saved) -> None:
    refused(
        "has embeddings of 30 tokens, and its tokenizer gives 'CGC' the id 30: expected a tokenizer that",
        saved("protbert"), tokenizer=saved("dnabert"),
    )  # fmt: skip


def test_what_is_no_tokenizer_is_one_line(saved: Saved, tmp_path: Path) -> None:
    model = saved("protbert")
    refused(
        r"there is no tokenizer at nowhere/at-all: expected a folder with tok",
        model,
        tokenizer="nowhere/at-all",
    )
    refused(f"{tmp_path} has no tokenizer", model, tokenizer=tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    refused(f"the tokenizer in {tmp_path} cannot be read", model, tokenizer=tmp_path)
    (tmp_path / "mine.py").write_text("def model(): ...")
    refused(r"mine.py:model has its own way to read letters: leave --tokenizer .* out",
            f"{tmp_path / 'mine.py'}:model", tokenizer=model)  # fmt: skip


def test_a_run_finds_it_again(apart: Any, relevome_cli: Cli, tmp_path: Path) -> None:
    model, reader = apart("protbert")
    (tmp_path / "s.fa").write_text(
        "".join(f">{x.id}\n{x.letters}\n" for x in TOYS["protbert"].sequences(20, 24, 22))
    )
    run, named = tmp_path / "run", ("--tokenizer", reader)
    asked = ("--model", model, "--fasta", tmp_path / "s.fa")
    explained = relevome_cli("explain", *asked, *named, "--target", "1", "--method", "saliency", "-o", run)
    assert explained[0] == 0
    assert relevome_cli("predict", *asked, *named, "-o", tmp_path / "predicted")[0] == 0
    assert relevome.Run(run).manifest["model"]["tokenizer_path"] == str(reader)
    few = ("--sequences", "3", "--fast")
    code, out, _ = relevome_cli("evaluate", run, *few, "-o", tmp_path / "scores")
    assert (code, "left out" in out) == (0, False)
    again = relevome_cli("substitute", run, "--most", "2", "--orders", "2", "-o", tmp_path / "exchanged")
    assert again[0] == 0
    moved = reader.rename(tmp_path / "moved")
    code, _, (line,) = relevome_cli("substitute", run, "--most", "2", "-o", tmp_path / "lost")
    assert (code, f"there is no tokenizer at {reader}" in line) == (2, True)
    named = ("--tokenizer", moved)
    assert relevome_cli("substitute", run, "--most", "2", *named, "-o", tmp_path / "again")[0] == 0
    code, out, _ = relevome_cli("evaluate", run, *few, *named, "-o", tmp_path / "scores2")
    assert (code, "left out" in out) == (0, False)


@pytest.mark.parametrize("command", ["explain", "predict", "annotate", "heads", "evaluate", "substitute"])
def test_every_command_that_reads_a_model_takes_it(relevome_cli: Cli, command: str) -> None:
    run = (__file__,) if command in ("evaluate", "substitute") else ()
    code, _, (line,) = relevome_cli(command, *run, "--tokenizer", "./not/there", "-o", "out",
                                    *(("--genome", __file__) if command == "annotate" else ()),
                                    *(() if run else ("--model", Path(__file__).parent)))  # fmt: skip
    assert (code, "there is no tokenizer at ./not/there: expected a folder" in line) == (2, True)
