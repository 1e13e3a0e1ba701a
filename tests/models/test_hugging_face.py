from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import BertForMaskedLM
from transformers.utils import logging

from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.hugging_face import load_model
from relevome.models.loading.weight_files import weights_sha256
from tests.toys import LONGEST, TOYS

Saved = Callable[[str], Path]
Copy = Callable[..., Path]


@pytest.fixture
def copy(saved: Saved, tmp_path: Path) -> Copy:
    """A toy's folder of this test's own, with other entries in config.json (None: without)."""

    def copy_toy(name: str, **entries: Any) -> Path:
        folder = Path(shutil.copytree(saved(name), tmp_path / name))
        config = json.loads((folder / "config.json").read_text()) | entries
        kept = {key: value for key, value in config.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(kept))
        return folder

    return copy_toy


def as_bin(folder: Path, weights: Any = None) -> Path:
    """The same folder with its weights, or something else, in pytorch_model.bin."""
    found = load_file(folder / "model.safetensors") if weights is None else weights
    (folder / "model.safetensors").unlink()
    torch.save(found, folder / "pytorch_model.bin")
    return folder


def assert_same_weights(one: Model, other: Model) -> None:
    pairs = zip(one.module.state_dict().items(), other.module.state_dict().items(), strict=True)
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


@pytest.mark.parametrize("name", TOYS)
def test_what_a_checkpoint_says_of_itself(saved: Saved, name: str) -> None:
    model, toy = load_model(saved(name), device="cpu"), TOYS[name]
    assert (model.task, len(model.labels)) == (toy.head, toy.labels)
    assert (model.alphabet, model.tokenizer.style) == (toy.alphabet, toy.style)
    assert model.max_tokens == toy.max_tokens
    assert model.source.path == str(saved(name))
    assert model.source.tokenizer.endswith(f" ({toy.style})")
    assert not model.module.training
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}


def test_labels_are_those_of_the_configuration(copy: Copy) -> None:
    folder = copy("protbert", id2label={str(i): name for i, name in enumerate("vwxyz")})
    assert load_model(folder).labels == tuple("vwxyz")


def test_labels_of_a_masked_language_model_are_its_tokens(saved: Saved) -> None:
    model = load_model(saved("esm-masked"))
    assert model.labels[:6] == ("<cls>", "<pad>", "<eos>", "<unk>", "L", "A")


def test_a_vocabulary_may_be_larger_than_its_tokenizer(saved: Saved, tmp_path: Path) -> None:
    module = BertForMaskedLM.from_pretrained(saved("protbert-masked"))
    module.resize_token_embeddings(37, mean_resizing=False)
    folder = Path(shutil.copytree(saved("protbert-masked"), tmp_path / "larger"))
    module.save_pretrained(folder)
    labels = load_model(folder).labels
    assert labels[28:32] == ("Z", "O", "[unused30]", "[unused31]")
    assert len(labels) == 37


def test_the_task_is_found_by_trying_where_the_configuration_does_not_name_it(copy: Copy) -> None:
    assert load_model(copy("esm", architectures=None)).task == "sequence"
    assert load_model(copy("protbert-residues", architectures=None), task="token").task == "token"
    assert load_model(copy("esm-masked", architectures=["EsmModel"])).task == "masked"


@pytest.mark.parametrize("name", ["protbert", "esm-masked"])
def test_weights_load_from_bin_too(saved: Saved, copy: Copy, name: str) -> None:
    assert_same_weights(load_model(as_bin(copy(name))), load_model(saved(name)))


def test_weights_in_several_files(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("protbert"), tmp_path / "shards"))
    whole = load_model(folder)
    (folder / "model.safetensors").unlink()
    whole.module.save_pretrained(folder, max_shard_size="5KB")  # pyright: ignore[reportCallIssue]
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 2
    digest = hashlib.sha256(b"".join(hashlib.sha256(shard.read_bytes()).digest() for shard in shards))
    assert weights_sha256(str(folder)) == digest.hexdigest()
    assert_same_weights(load_model(folder), whole)


def test_the_digest_is_of_the_file_that_is_read(copy: Copy) -> None:
    folder = copy("protbert")
    weights = (folder / "model.safetensors").read_bytes()
    torch.save({}, folder / "pytorch_model.bin")
    assert weights_sha256(str(folder)) == hashlib.sha256(hashlib.sha256(weights).digest()).hexdigest()
    changed = bytearray(weights)
    changed[-1] ^= 1
    (folder / "model.safetensors").write_bytes(changed)
    assert weights_sha256(str(folder)) != hashlib.sha256(hashlib.sha256(weights).digest()).hexdigest()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", torch.float16])
def test_the_type_of_the_weights(saved: Saved, dtype: str | torch.dtype) -> None:
    model = load_model(saved("esm"), dtype=dtype, device="cpu")
    assert str(model.dtype).removeprefix("torch.") == str(dtype).removeprefix("torch.")
    assert {parameter.dtype for parameter in model.module.parameters()} == {model.dtype}


def test_a_length_of_the_tokenizer_and_one_of_the_user(copy: Copy) -> None:
    folder = copy("protbert")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": 23}))
    assert load_model(folder).max_tokens == 23
    assert load_model(folder, max_tokens=11).max_tokens == 11
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": 512}))
    assert load_model(folder).max_tokens == LONGEST


def test_loading_says_nothing_and_leaves_the_settings_of_transformers(
    copy: Copy, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled(), warnings.filters[:])
    load_model(copy("protbert-masked", architectures=None))
    load_model(as_bin(copy("esm")))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled(), warnings.filters[:]) == before
    assert logging.set_tqdm_hook(None) is None


def test_loading_leaves_the_state_of_random_numbers(saved: Saved) -> None:
    before = torch.get_rng_state()
    load_model(saved("esm"))
    assert torch.equal(torch.get_rng_state(), before)


def refused(message: str, path: str | Path, **options: Any) -> None:
    """One line that matches, in no time."""
    begin = time.perf_counter()
    with pytest.raises(InputError, match=message) as caught:
        load_model(path, **options)
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("path", ["nowhere", "no/where", "./no/where/at all", "/no/where"])
def test_a_folder_that_is_not_there(path: str) -> None:
    refused(f"there is no folder {path}, nor .*: expected a folder with config.json", path)


def test_a_folder_or_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "sequences.fasta").write_text(">a\nACGT\n")
    refused(f"{tmp_path} is no model: expected a folder with config.json", tmp_path)
    refused("sequences.fasta is no model", tmp_path / "sequences.fasta")


def test_files_that_are_missing_or_damaged(copy: Copy) -> None:
    folder = copy("protbert")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    refused(r"the weights of .*protbert cannot be read \(.*\): expected safetensors", folder)
    (folder / "model.safetensors").write_bytes(b"")
    refused(r"the weights of .*protbert cannot be read \(.*\): expected safetensors", folder)
    (folder / "model.safetensors").unlink()
    refused("no file named model.safetensors", folder)
    (folder / "pytorch_model.bin").write_bytes(b"hello")
    refused(r"the weights of .*protbert cannot be read \(.*\): expected safetensors", folder)
    (folder / "config.json").write_text("{")
    refused("protbert cannot be loaded as a model: .*not a valid JSON", folder)


@pytest.mark.parametrize("name", ["protbert", "esm", "bpe"])
def test_a_tokenizer_that_is_missing(copy: Copy, name: str) -> None:
    folder = copy(name)
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / file).unlink(missing_ok=True)
    refused(f"{name} has no tokenizer: expected tokenizer.json or vocab.txt beside config.json", folder)


@pytest.mark.parametrize("other", ["sequence", "token"])
def test_a_head_without_weights_is_refused(saved: Saved, other: str) -> None:
    message = (
        "has no trained weights for .*classifier.*: it is a EsmForMaskedLM: leave --task out, or fine-tune"
    )
    refused(message, saved("esm-masked"), task=other)


def test_layers_without_weights_are_refused(copy: Copy) -> None:
    refused("has no trained weights for bert.encoder.layer.2", copy("protbert", num_hidden_layers=3))


def test_weights_of_another_shape_are_refused(copy: Copy) -> None:
    refused("their shapes are not those of config.json", copy("protbert", hidden_size=15))


class Touch:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("archive", [True, False])
def test_pickled_code_in_bin_is_never_run(copy: Copy, tmp_path: Path, archive: bool) -> None:
    folder = as_bin(copy("protbert"), {"bert.pooler.dense.bias": Touch(tmp_path / "ran")})
    if not archive:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"x": Touch(tmp_path / "ran")}))
    refused("pickled objects, whose code is never run: expected safetensors", folder)
    assert not (tmp_path / "ran").exists()


def with_code(folder: Path, trace: Path) -> Path:
    """Code of a checkpoint's own, which leaves a file behind."""
    source = f"""
from pathlib import Path
from transformers import BertConfig
Path({str(trace)!r}).touch()
class OwnConfig(BertConfig):
    model_type = "own"
"""
    (folder / "configuration_own.py").write_text(source)
    return folder


def test_code_that_comes_with_a_checkpoint_is_run_only_if_trusted(
    copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    own = {"AutoConfig": "configuration_own.OwnConfig"}
    folder = with_code(copy("protbert", model_type="own", auto_map=own), tmp_path / "ran")
    refused("comes with code of its own, which is not run: give --trust-remote-code", folder)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(InputError, match="has no trained weights for any head that can be explained"):
        load_model(folder, trust_remote_code=True)  # there is code for a configuration only
    assert (tmp_path / "ran").exists()


def test_code_is_not_run_either_where_transformers_knows_the_architecture(copy: Copy, tmp_path: Path) -> None:
    own = {"AutoConfig": "configuration_own.OwnConfig", "AutoModelForSequenceClassification": "own.Own"}
    assert load_model(with_code(copy("protbert", auto_map=own), tmp_path / "ran")).task == "sequence"
    assert not (tmp_path / "ran").exists()


def test_options_that_make_no_sense(saved: Saved) -> None:
    folder = saved("protbert")
    refused("unknown dtype 'int8': expected float32, float64, bfloat16 or float16", folder, dtype="int8")
    refused("unknown dtype 'nn'", folder, dtype="nn")
    refused("device 'gpu' cannot be used: expected auto, cpu, cuda or mps", folder, device="gpu")
    refused("device 'cuda:99' cannot be used", folder, device="cuda:99")
    refused("unknown alphabet 'xna': expected one of dna, rna, protein", folder, alphabet="xna")
    refused("does not know protein letters", saved("dnabert"), alphabet="protein")


def test_an_alphabet_that_is_given_is_not_looked_for(saved: Saved) -> None:
    assert load_model(saved("protbert"), alphabet="dna").alphabet.name == "dna"


def test_models_that_transformers_does_not_know(copy: Copy) -> None:
    refused("cannot be loaded as a model: .*model type `strange`", copy("protbert", model_type="strange"))


@pytest.mark.parametrize("name", [name for name in TOYS if not name.startswith(("cnn", "dnabert2"))])
def test_logits_are_those_of_the_model_in_transformers(saved: Saved, name: str) -> None:
    model = load_model(saved(name), device="cpu")
    original = getattr(transformers, type(model.module).__name__).from_pretrained(saved(name)).eval()
    ids = torch.from_numpy(TOYS[name].batch(model, 13).tokens[0].ids)[None]
    with torch.no_grad():
        np.testing.assert_array_equal(model.module(ids).logits, original(ids).logits)
