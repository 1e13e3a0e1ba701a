"""Whatever stands in the files of a model, loading it ends in a model or in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model

ODD: list[Any] = [None, [], {}, "x", -1, 1e300, True, [None], {"x": []}]
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")


@pytest.fixture
def folder(saved: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved("protbert"), tmp_path / "model"))


def logits(model: Model) -> np.ndarray:
    tokens = model.tokenize(Sequence("s", "MKTAYIAK", PROTEIN))
    return model.module(**model.inputs(Batch((tokens,), (Target(0, ""),)))).logits.detach().numpy()


def loads_or_says_why(folder: Path) -> None:
    said = ""
    try:
        load_model(folder)
    except InputError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize("file", FILES)
def test_any_value_of_any_name_ends_in_a_model_or_one_line(folder: Path, file: str) -> None:
    path = folder / file
    content = json.loads(path.read_text())
    for name in content:
        for value in ODD:
            path.write_text(json.dumps(content | {name: value}))
            loads_or_says_why(folder)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 50_000, b"\0" * 99])
def test_files_that_hold_something_else_are_one_line(folder: Path, file: str, content: bytes) -> None:
    (folder / file).write_bytes(content)
    loads_or_says_why(folder)


@pytest.mark.parametrize("method", ["bitsandbytes", "gptq", "awq"])
def test_quantised_weights_are_refused_by_name(folder: Path, method: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    said = {"quantization_config": {"quant_method": method, "bits": 4, "load_in_8bit": True}}
    (folder / "config.json").write_text(json.dumps(config | said))
    with pytest.raises(InputError, match=rf"the weights of .* are quantised \({method}\): expected"):
        load_model(folder)


@pytest.mark.parametrize(
    "kernel", ["flash_attention_2", "flash_attention_3", "owner/repository", "flex_attention"]
)
@pytest.mark.parametrize("name", ["_attn_implementation", "attn_implementation"])
def test_a_kernel_that_is_not_here_is_not_needed(folder: Path, kernel: str, name: str) -> None:
    plain = logits(load_model(folder))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {name: kernel}))
    np.testing.assert_array_equal(logits(load_model(folder)), plain)


def test_what_fails_at_the_first_sequence_is_one_line(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("dnabert2"), tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"layer_norm_eps": None}))
    with pytest.raises(InputError, match=r"was loaded and then failed at its first sequence \(.*: expected"):
        load_model(folder)


def test_a_value_that_is_not_known_is_not_called_a_fault_of_weights(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_act": "x"}))
    with pytest.raises(InputError, match=r"cannot be loaded as a model \(KeyError: 'x'\): expected a config"):
        load_model(folder)


def test_tokens_without_an_embedding_are_named(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["vocab"]["W"] = 900
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(
        InputError, match=r"embeddings of \d+ tokens, and its tokenizer gives 'W' the id 900: expected a tok"
    ):
        load_model(folder)


def changed(folder: Path, file: str, change: Callable[[Any], object]) -> Path:
    content = json.loads((folder / file).read_text())
    change(content)
    (folder / file).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("file", "name", "value", "message"),
    [
        (
            "config.json",
            "num_hidden_layers",
            2**31,
            r"has \d+ weights, and its config.json says num_h",
        ),
        (
            "config.json",
            "num_labels",
            2**31,
            "says num_labels 2147483648 in config.json: expected at",
        ),
        ("tokenizer_config.json", "extra_ids", 10**60, "says extra_ids 10{60} in tokenizer_config.json: exp"),
    ],
)
def test_nothing_is_made_of_a_size_that_no_model_has(
    folder: Path, file: str, name: str, value: int, message: str
) -> None:
    changed(folder, file, lambda content: content.update({name: value}))
    with pytest.raises(InputError, match=message):
        load_model(folder)


def test_a_cnn_has_no_pool_that_is_wider_than_any_sequence(
    saved: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(saved("cnn"), tmp_path / "model"))
    changed(folder, "config.json", lambda content: content.update(pools=[2**31, 3]))
    with pytest.raises(
        InputError, match=r"the CNN has pools \[2147483648, 3\]: expected numbers from 1 to 1,000,000"
    ):
        load_model(folder)


def test_a_tokenizer_that_panics_is_one_line(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("dnabert2"), tmp_path / "model"))
    changed(folder, "tokenizer.json", lambda said: said["post_processor"]["special_tokens"].pop("[CLS]"))
    with pytest.raises(InputError, match="cannot be loaded as a model: PanicException: no entry found"):
        load_model(folder)


def test_a_model_that_is_too_large_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def want_more(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("relevome.models.loading.checkpoint.load_tokenizer", want_more)
    with pytest.raises(InputError, match="does not fit into the memory of this machine: expected a smaller"):
        load_model(folder)


def test_logits_that_are_no_numbers_are_said(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("dnabert2"), tmp_path / "model"))
    changed(folder, "config.json", lambda content: content.update(layer_norm_eps=float("nan")))
    with pytest.raises(InputError, match="gives logits that are infinite or no numbers: expected weights"):
        load_model(folder)


def test_what_fails_at_every_length_alike_is_said(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("dnabert2"), tmp_path / "model"))
    changed(folder, "config.json", lambda said: said.update(hidden_dropout_prob=float("nan")))
    with pytest.raises(InputError, match=r"failed at its first sequence \(RuntimeError: dropout probability"):
        load_model(folder)


def test_sizes_of_layers_are_not_numbers_of_them(folder: Path) -> None:
    changed(folder, "config.json", lambda said: said.update(adapter_layer_size=4096))
    assert load_model(folder).labels
