"""What a command imports before it says what is missing, and until a small model has explained something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from typer.models import ArgumentInfo

from relevome.cli.app import app
from relevome.cli.shared.paths import ModelName, PathOrWord, ResultName, SequencesName
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models import models
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.hugging_face import load_model
from relevome.models.light import folder as light
from relevome.models.light.cnn import Cnn
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.untrained import with_random_weights
from tests import imports

# Neither a path that is there nor an id of the hub; and a name of which only a model is made.
NOWHERE = {
    Path: "nowhere/x", PathOrWord: "nowhere/x.json", ModelName: "nowhere", ResultName: "nowhere/x",
    SequencesName: "nowhere/x",
}  # fmt: skip


def options() -> Iterator[tuple[str, Parameter, Any, Any]]:
    """Every option of every command: command, parameter, what typer is told of it, and what it names.

    The last is None where nothing is read. Studies are not among them: they are found when one is asked for.
    """
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        for parameter in signature(command.callback, eval_str=True).parameters.values():
            hint, *metadata = get_args(parameter.annotation)
            (told,) = metadata
            of = {hint, *get_args(hint), *(x for one in get_args(hint) for x in get_args(one))}
            kind = told.parser if told.parser in NOWHERE else Path if Path in of else None
            yield name, parameter, told, None if parameter.name == "output" else kind


def flag(parameter: Parameter, told: Any) -> list[str]:
    """How the option is written; nothing for an argument."""
    if isinstance(told, ArgumentInfo):
        return []
    written = [one for one in told.param_decls or () if one.startswith("--")]
    return written[:1] or ["--" + parameter.name.replace("_", "-")]


def asked(command: str, missing: str, there: Path) -> list[str]:
    """A command with all that it requires, of which one path is missing."""
    arguments = [command]
    for name, parameter, told, kind in options():
        if name != command:
            continue
        if parameter.name == missing:
            arguments += [*flag(parameter, told), NOWHERE[kind]]
        elif parameter.default is Parameter.empty:
            arguments += [*flag(parameter, told), "png" if kind is None else str(there)]
    return arguments


PATHS = [(name, parameter.name) for name, parameter, _, kind in options() if kind is not None]


def test_all_commands_that_read_something_are_among_those_tested() -> None:
    assert {name for name, _ in PATHS} == {
        "explain", "evaluate", "compare", "substitute", "heads", "annotate", "train", "simulate",
        "show", "export", "predict", "sites", "check", "rerun", "profile", "list", "motifs", "variants",
        "pairs", "report", "view",
    }  # fmt: skip
    assert {("explain", "fasta"), ("explain", "model"), ("evaluate", "run"), ("train", "arch")} < set(PATHS)


def test_what_is_missing_is_said_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    cases = [asked(command, missing, tmp_path) for command, missing in PATHS]
    cases += [["study", name, "--data", "./nowhere/x", "-o", "out"] for name in ("annotation", "dnabert2")]
    code, said = imports.outcome(imports.fresh(), imports.commands_that_miss_something, tmp_path, cases)
    assert code == 0, said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "nowhere.bed",
            "cannot read nowhere.bed (No such file or directory): give --truth a path that is there",
        ),
        ("prosite:nowhere.dat", "cannot read nowhere.dat (No such file or directory): give --truth a path"),
        ("pattern:C-x-C", "is no run"),
        ("residues:hydrophobic", "is no run"),
    ],
)
def test_known_sites_may_be_words(relevome_cli: Any, tmp_path: Path, value: str, said: str) -> None:
    code, _, err = relevome_cli("evaluate", tmp_path, "--truth", value, "-o", "never")
    assert (code, len(err)) == (2, 1)
    assert said in err[0]


@pytest.mark.parametrize(
    ("name", "download", "said"),
    [
        ("nowhere", False, "there is no folder nowhere, nor a model of that hub id in the local cache"),
        ("a/b/c", True, "there is no folder a/b/c"),
        ("./nowhere", True, "there is no folder ./nowhere"),
        ("nowhere.py:net", False, "cannot read nowhere.py (No such file or directory): give --model a path"),
        ("owner/name", True, "cannot read nowhere.fa"),
        ("owner/cached", False, "cannot read nowhere.fa"),
    ],
)
def test_a_model_may_be_an_id_of_the_hub(
    relevome_cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, download: bool, said: str
) -> None:
    (tmp_path / "models--owner--cached").mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    arguments = ("explain", "--model", name, "--fasta", "nowhere.fa", "-o", "never")
    code, _, err = relevome_cli(*arguments, *(["--download"] if download else []))
    assert (code, len(err)) == (2, 1)
    assert said in err[0]


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny CNN, and ten sequences beside."""
    folder = tmp_path_factory.mktemp("startup") / "cnn"
    torch.manual_seed(0)
    config = CnnConfig(filters=[4, 4], widths=[5, 3], hidden_size=8, id2label={0: "no", 1: "yes"})
    CnnForSequenceClassification(config).save_pretrained(folder)
    letter_tokenizer(DNA).save_pretrained(folder)
    letters = np.random.default_rng(0).choice(list(DNA.letters), (10, 60))
    text = "".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate(letters))
    (folder.parent / "ten.fa").write_text(text)
    return folder


def test_a_tiny_cnn_explains_without_what_it_does_not_need(cnn: Path, tmp_path: Path) -> None:
    asked = [
        "explain",
        "--model",
        str(cnn),
        "--fasta",
        str(cnn.parent / "ten.fa"),
        "-o",
        str(tmp_path / "run"),
    ]
    code, said = imports.outcome(imports.fresh(), imports.a_command_with_little, tmp_path, asked)
    assert code == 0, said
    counts = json.loads((tmp_path / "run" / "run.json").read_text())["counts"]
    assert counts["explained"] == 10


def by_transformers(cnn: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """The model as transformers loads it."""
    with monkeypatch.context() as patch:
        patch.setattr("relevome.models.hugging_face.read_light", lambda *_: None)
        return load_model(cnn, **options)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_cnn_that_is_read_lightly_is_the_one_that_transformers_loads(
    cnn: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    lightly, whole = load_model(cnn, dtype=dtype), by_transformers(cnn, monkeypatch, dtype=dtype)
    assert type(lightly.module) is Cnn
    assert isinstance(whole.module, CnnForSequenceClassification)
    assert lightly.about() == whole.about()
    assert repr(lightly) == repr(whole)
    assert (lightly.labels, lightly.max_tokens, lightly.pad_id) == (
        whole.labels,
        whole.max_tokens,
        whole.pad_id,
    )
    other = dict(whole.module.state_dict())
    for name, weight in lightly.module.state_dict().items():
        assert weight.dtype == other[name].dtype
        assert torch.equal(weight, other.pop(name))
    assert not other
    ids = torch.randint(3, 7, (2, 40))
    assert torch.equal(lightly.module(ids).logits, whole.module(ids).logits)


def test_random_weights_are_those_of_the_whole_model(cnn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = with_random_weights(load_model(cnn), 3).module.state_dict()
    for name, weight in with_random_weights(by_transformers(cnn, monkeypatch), 3).module.state_dict().items():
        assert torch.equal(weight, drawn[name])


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"architectures": ["Other"]}),
        ("config.json", {"auto_map": {"AutoConfig": "x.Y"}}),
        ("config.json", {"quantization_config": {}}),
        ("config.json", {"model_type": "bert"}),
        ("config.json", {"hidden_size": 9}),
        ("config.json", {"pooling": "nothing"}),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}),
    ],
)
def test_a_folder_that_is_not_as_we_write_it_is_left_to_transformers(
    cnn: Path, tmp_path: Path, file: str, change: dict[str, Any]
) -> None:
    for path in cnn.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert light.read_light(str(tmp_path), None, torch.float32) is not None
    assert light.read_light(str(tmp_path), "masked", torch.float32) is None
    (tmp_path / file).write_text(json.dumps(json.loads((tmp_path / file).read_text()) | change))
    assert light.read_light(str(tmp_path), None, torch.float32) is None


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors"]
)
def test_a_folder_that_lacks_a_file_is_left_to_transformers(cnn: Path, tmp_path: Path, name: str) -> None:
    for path in cnn.iterdir():
        if path.name != name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert light.read_light(str(tmp_path), None, torch.float32) is None


def test_every_network_that_is_read_lightly_is_a_model_by_its_name() -> None:
    for config_class, network in light.NETWORKS.values():
        (whole,) = [one for _, one in models.items() if issubclass(one, network)]
        assert (whole.__name__, whole.config_class) == (network.known_as, config_class)


def test_a_cnn_with_damaged_weights_is_one_line(cnn: Path, tmp_path: Path) -> None:
    for path in cnn.iterdir():
        (tmp_path / path.name).write_bytes(
            path.read_bytes()[: -50 if path.suffix == ".safetensors" else None]
        )
    with pytest.raises(InputError, match=r"weights of .* cannot be read"):
        load_model(tmp_path)
