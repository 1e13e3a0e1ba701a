from __future__ import annotations

import csv
import gc
import json
import math
import random
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor

from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.jobs.train import TrainingResult, train
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.training.folder import TrainingFolder
from relevome.training.objective import Reached
from relevome.training.settings import TrainingSettings

Row = tuple[str, str]

CNN = {"model_type": "relevome-cnn", "filters": [12], "widths": [7], "pools": [2], "hidden_size": 9}
BERT = {
    "model_type": "bert",
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 34,
}
ESM = BERT | {"model_type": "esm", "token_dropout": True, "position_embedding_type": "rotary"}
LLAMA = BERT | {"model_type": "llama"}


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> Iterator[None]:
    """accelerate collects garbage at every start of a training, over all that the test run has imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def letters(draw: random.Random, length: int) -> str:
    return "".join(draw.choices("ACGT", k=length))


def motifs(count: int, seed: int, shortest: int = 30, longest: int = 30) -> list[Row]:
    """Every other sequence has the motif TATAAT, nine letters before its end."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        text = letters(draw, draw.randint(shortest, longest))
        rows.append((text[:-15] + "TATAAT" + text[-9:] if i % 2 else text, str(i % 2)))
    return rows


def write_table(path: Path, rows: Iterable[Row]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("sequence", "label"), *rows])
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., TrainingSettings]:
    """Settings for tables of these rows (by default the motif), in this test's own folder."""

    def make(
        arch: str | dict[str, Any], rows: Callable[[int, int], list[Row]] = motifs, **more: Any
    ) -> TrainingSettings:
        if isinstance(arch, dict):
            (tmp_path / "arch.json").write_text(json.dumps(arch))
            arch = str(tmp_path / "arch.json")
        tables = {"train": 200, "validation": 80, "test": 100}
        paths: dict[str, Any] = {
            name: write_table(tmp_path / f"{name}.csv", rows(n, n)) for name, n in tables.items()
        }
        defaults: dict[str, Any] = {
            "epochs": 3,
            "batch_size": 16,
            "output": tmp_path / "model",
            "device": "cpu",
        }
        return TrainingSettings(arch, **(defaults | paths | more))

    return make


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def assert_same_weights(one: Path, other: Path) -> None:
    found, expected = weights(one), weights(other)
    assert found.keys() == expected.keys()
    for name in expected:
        assert torch.equal(found[name], expected[name]), name


def config_of(model: Model) -> Any:
    return model.module.config


def logits(model: Model, rows: list[Row]) -> np.ndarray:
    """Every output of a model, one sequence at a time."""
    found = []
    for i, (text, _) in enumerate(rows):
        tokens = (model.tokenize(Sequence(f"s{i}", text, model.alphabet)),)
        with torch.no_grad():
            found.append(model.module(**model.inputs(Batch(tokens, (Target(0, ""),)))).logits[0].numpy())
    return np.array(found)


@contextmanager
def killed_in(owner: type, name: str, calls: int = 0) -> Iterator[None]:
    """What runs in here is killed when a method is called after some calls that went well."""
    method, left = getattr(owner, name), iter(range(calls))

    def killed(*args: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return method(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(KeyboardInterrupt):
            yield


def without_times(result: TrainingResult) -> dict[str, Any]:
    return {name: value for name, value in vars(result).items() if name not in ("output", "seconds")}


@pytest.mark.parametrize(("shortest", "pooling"), [(30, "flatten"), (22, "max")])
def test_the_cnn_learns_a_motif_and_says_how_it_pools(
    settings: Callable[..., TrainingSettings], shortest: int, pooling: str
) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return motifs(count, seed, shortest=shortest)

    result = train(settings("cnn", rows))
    assert (result.task, result.labels, result.pooling) == ("binary", ("0", "1"), pooling)
    assert (result.metrics["test"]["auroc"] or 0) > 0.95
    test = rows(100, 100)
    found = logits(load_model(result.output), test)
    margin = found[:, 1] - found[:, 0]
    truth = np.array([int(label) for _, label in test])
    assert result.metrics["test"]["auroc"] == pytest.approx(roc_auc_score(truth, margin))
    assert result.metrics["test"]["accuracy"] == np.mean((margin > 0) == truth)
    assert result.metrics["test"]["loss"] == pytest.approx(
        F.cross_entropy(torch.from_numpy(found), torch.from_numpy(truth)).item(), rel=1e-5
    )


def test_the_folder_tells_the_whole_story(settings: Callable[..., TrainingSettings]) -> None:
    asked = settings(CNN)
    assert asked.train is not None
    with asked.train.open("a") as file:
        file.write(f"{motifs(100, 100)[3][0]},1\n")
    result = train(asked)
    names = {path.name for path in result.output.iterdir()}
    expected = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert names == expected | {"training.json", "metrics.json"}
    record = json.loads((result.output / "training.json").read_text())
    assert json.loads((result.output / "metrics.json").read_text()) == record["metrics"] == result.metrics
    assert record["settings"]["seed"] == 0
    assert record["chosen"]["learning_rate"] == result.learning_rate == 1e-3
    assert record["data"]["train"]["sequences"] == 201
    assert record["data"]["test"]["also_in_training"] == 1
    assert len(record["data"]["test"]["sha256"]) == 64
    assert record["versions"]["torch"] == torch.__version__
    assert [epoch["epoch"] for epoch in record["history"]] == [1, 2, 3]
    assert load_model(result.output).labels == ("0", "1")


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    settings: Callable[..., TrainingSettings], tmp_path: Path
) -> None:
    runs = [
        train(settings(BERT, epochs=1, seed=s, output=tmp_path / f"m{i}")) for i, s in enumerate((7, 7, 8))
    ]
    assert_same_weights(runs[0].output, runs[1].output)
    assert without_times(runs[0]) == without_times(runs[1])
    name = "bert.embeddings.word_embeddings.weight"
    apart = (weights(runs[0].output)[name] - weights(runs[2].output)[name]).abs().max()
    assert apart > 10 * runs[0].learning_rate  # more than one epoch can do: they started apart


def ragged(count: int, seed: int) -> list[Row]:
    return motifs(count, seed, shortest=20, longest=31)


def test_sequences_of_like_lengths_share_a_batch(
    settings: Callable[..., TrainingSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, shares = transformers.Trainer.training_step, []

    def watched(trainer: Any, module: Any, inputs: dict[str, Tensor], *more: Any) -> Tensor:
        shares.append(inputs["attention_mask"].double().mean().item())
        return step(trainer, module, inputs, *more)

    monkeypatch.setattr(transformers.Trainer, "training_step", watched)
    train(settings(CNN, ragged, epochs=1))
    lengths = [len(text) for text, _ in ragged(200, 200)]
    assert len(shares) == 13
    assert np.mean(shares) > 0.9 > 0.05 + np.mean(lengths) / max(lengths)


@pytest.mark.parametrize(("arch", "rows"), [(CNN, motifs), (BERT, ragged)], ids=["cnn", "ragged bert"])
def test_a_killed_training_that_is_resumed_ends_as_if_never_killed(
    settings: Callable[..., TrainingSettings],
    tmp_path: Path,
    arch: dict[str, Any],
    rows: Callable[[int, int], list[Row]],
) -> None:
    whole = train(settings(arch, rows, output=tmp_path / "whole"))
    asked = settings(arch, rows, output=tmp_path / "killed")
    with killed_in(transformers.Trainer, "training_step", calls=26):
        train(asked)
    assert not (asked.output / "config.json").exists()
    with pytest.raises(InputError, match="unfinished training: add --resume"):
        train(asked)
    resumed = train(replace(asked, resume=True))
    assert_same_weights(resumed.output, whole.output)
    assert without_times(resumed) == without_times(whole)


def test_one_that_was_killed_close_to_an_early_stop_stops_there_too(
    settings: Callable[..., TrainingSettings], tmp_path: Path
) -> None:
    hasty = {"epochs": 9, "patience": 2, "learning_rate": 0.03}
    whole = train(settings(CNN, output=tmp_path / "whole", **hasty))
    losses = [epoch["validation_loss"] for epoch in whole.history]
    assert len(losses) < 9
    assert whole.best_epoch == 1 + int(np.argmin(losses)) == len(losses) - 2
    assert whole.metrics["validation"]["loss"] == pytest.approx(min(losses), rel=1e-6)
    in_the_last_epoch = 13 * (len(losses) - 1) + 5
    for i, (owner, name, calls) in enumerate(
        [(transformers.Trainer, "training_step", in_the_last_epoch), (TrainingFolder, "publish", 0)]
    ):
        asked = settings(CNN, output=tmp_path / f"killed{i}", **hasty)
        with killed_in(owner, name, calls):
            train(asked)
        resumed = train(replace(asked, resume=True))
        assert_same_weights(resumed.output, whole.output)
        assert without_times(resumed) == without_times(whole)


def test_a_best_checkpoint_that_something_else_changed_is_noticed(
    settings: Callable[..., TrainingSettings],
) -> None:
    asked = settings(CNN, motifs)
    with killed_in(TrainingFolder, "publish"):
        train(asked)
    for path in (asked.output / "checkpoints").glob("checkpoint-*/model.safetensors"):
        save_file({name: torch.zeros_like(x) for name, x in load_file(path).items()}, path, {"format": "pt"})
    with pytest.raises(InputError, match=r"the best model of .* now has .*: its checkpoint was changed"):
        train(replace(asked, resume=True))


def test_a_checkpoint_that_is_damaged_is_one_line(settings: Callable[..., TrainingSettings]) -> None:
    asked = settings(CNN, motifs)
    with killed_in(transformers.Trainer, "training_step", calls=15):
        train(asked)
    (checkpoint,) = (asked.output / "checkpoints").glob("checkpoint-*")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "model.safetensors"):
        whole = (checkpoint / name).read_bytes()
        for content in (whole[: len(whole) // 2], b"{}"):
            (checkpoint / name).write_bytes(content)
            with pytest.raises(InputError, match=rf"{checkpoint} is damaged .*: remove it to go on from the"):
                train(replace(asked, resume=True))
        (checkpoint / name).write_bytes(whole)
    assert train(replace(asked, resume=True)).output == asked.output


def test_a_training_is_not_gone_on_with_from_another_beginning(
    settings: Callable[..., TrainingSettings], checkpoint: Path, tmp_path: Path
) -> None:
    begin = Path(shutil.copytree(checkpoint, tmp_path / "begin"))
    asked = settings(str(begin), motifs, output=tmp_path / "model")
    with killed_in(TrainingFolder, "publish"):
        train(asked)
    weights = load_file(begin / "model.safetensors")
    changed = {name: x + 1 if i == 0 else x for i, (name, x) in enumerate(sorted(weights.items()))}
    save_file(changed, begin / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"is from another training \(arch sha256 '"):
        train(replace(asked, resume=True))


def test_resuming_what_is_finished_trains_nothing(
    settings: Callable[..., TrainingSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = train(settings(CNN, epochs=1))
    monkeypatch.delattr(transformers.Trainer, "train")
    assert train(settings(CNN, epochs=1, resume=True)) == result
    with pytest.raises(InputError, match=r"is from another training \(epochs 1\)"):
        train(settings(CNN, epochs=2, resume=True))
    with pytest.raises(InputError, match="exists and is not empty"):
        train(settings(CNN, epochs=1))


def counted(kind: str) -> Callable[[int, int], list[Row]]:
    """Labels that depend on how many G and C there are."""

    def rows(count: int, seed: int) -> list[Row]:
        draw = random.Random(seed)
        found = []
        for _ in range(count):
            text = "".join(draw.choices("ACGT", weights=[1, draw.random() * 3, draw.random() * 3, 1], k=26))
            g, c = text.count("G"), text.count("C")
            label = {
                "multi-class": ["few", "some", "many"][(g > 4) + (g > 8)],
                "multi-label": ";".join(["g"] * (g > 5) + ["c"] * (c > 5)),
                "regression": f"{g / 10 - 0.05:.3f}",
            }[kind]
            found.append((text, label))
        return found

    return rows


@pytest.mark.parametrize(
    ("task", "labels", "problem", "score"),
    [
        ("multi-class", ("few", "many", "some"), "single_label_classification", "auroc"),
        ("multi-label", ("c", "g"), "multi_label_classification", "auroc"),
        ("regression", ("value",), "regression", "pearson"),
    ],
)
def test_every_task_of_sequences(
    settings: Callable[..., TrainingSettings], task: str, labels: tuple[str, ...], problem: str, score: str
) -> None:
    result = train(
        settings(CNN | {"pooling": "mean"}, counted(task), best=score, epochs=6, learning_rate=0.01)
    )
    assert (result.task, result.labels, result.pooling) == (task, labels, "mean")
    assert (result.metrics["test"][score] or 0) > 0.85
    model = load_model(result.output)
    assert model.labels == labels
    assert config_of(model).problem_type == problem


@pytest.mark.parametrize("arch", [BERT, "transformer"], ids=["bert", "transformer"])
def test_one_label_for_every_letter(arch: Any, settings: Callable[..., TrainingSettings]) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return [
            (text, "".join("x" if base in "GC" else "y" for base in text)) for text, _ in ragged(count, seed)
        ]

    result = train(settings(arch, rows, learning_rate=0.01))
    assert (result.task, result.labels) == ("token", ("x", "y"))
    assert (result.metrics["test"]["accuracy"] or 0) > 0.95
    model = load_model(result.output)
    assert model.task == "token"
    test = rows(100, 100)
    right = [
        row[1:-1].argmax(1) == [x == "y" for x in label]
        for row, (_, label) in zip((logits(model, [row])[0] for row in test), test, strict=True)
    ]
    assert result.metrics["test"]["accuracy"] == pytest.approx(np.concatenate(right).mean())


@pytest.mark.parametrize(("alphabet", "letter"), [("dna", "T"), ("rna", "U"), ("protein", "W")])
def test_a_small_transformer_on_single_letters_has_a_name(
    settings: Callable[..., TrainingSettings], alphabet: str, letter: str
) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return [(text.replace("T", letter), label) for text, label in motifs(count, seed)]

    result = train(settings("transformer", rows, epochs=1, alphabet=alphabet))
    model = load_model(result.output)
    assert result.learning_rate == 2e-3
    assert model.alphabet.name == alphabet
    assert model.tokenizer.one_letter_always
    assert len(model.tokenize(Sequence("s", f"A{letter}GC", model.alphabet))) == 6
    assert model.max_tokens == 1024 + 2
    assert config_of(model).pooling == "positions"
    assert sum(weights.numel() for weights in model.module.parameters()) < 200_000


def test_the_transformer_has_weights_for_places_where_all_sequences_have_as_many(
    settings: Callable[..., TrainingSettings],
) -> None:
    model = load_model(train(settings("transformer", ragged, epochs=1)).output)
    assert config_of(model).pooling == "mean"
    assert config_of(model).convolutions == [11]
    plain = load_model(
        train(settings("transformer:plain", epochs=1, output=Path(f"{model.source.path}_plain"))).output
    )
    assert config_of(plain).convolutions == []


@pytest.mark.parametrize("arch", [ESM, LLAMA], ids=["esm", "llama"])
def test_any_architecture_starts_from_its_config(
    settings: Callable[..., TrainingSettings], arch: dict[str, Any]
) -> None:
    result = train(settings(arch, ragged, epochs=1))
    config = json.loads((result.output / "config.json").read_text())
    tokenizer = json.loads((result.output / "tokenizer.json").read_text())
    assert config["vocab_size"] == len(tokenizer["model"]["vocab"]) == 5 + 4 + 11
    assert config["pad_token_id"] == 0
    model = load_model(result.output)
    texts = ragged(20, 5)
    assert np.isfinite(logits(model, texts)).all()
    assert len(result.new_weights) == len(list(model.module.parameters()))


def test_a_config_with_a_tokenizer_of_its_own(
    settings: Callable[..., TrainingSettings], tmp_path: Path
) -> None:
    bpe_tokenizer([text for text, _ in motifs(90, 1)], 50, alphabet=DNA).save_pretrained(tmp_path / "bpe")
    result = train(settings(BERT, tokenizer=str(tmp_path / "bpe"), epochs=1))
    model = load_model(result.output)
    assert config_of(model).vocab_size == 50
    assert config_of(model).pad_token_id == 3
    assert not model.tokenize(Sequence("s", "TATAATTATAAT", DNA)).one_letter_each


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT trained for the motif."""
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / "arch.json").write_text(json.dumps(BERT))
    table = write_table(folder / "table.csv", motifs(300, 9))
    asked = TrainingSettings(
        str(folder / "arch.json"), table, table, folder / "model", epochs=5, batch_size=8, learning_rate=3e-3
    )
    result = train(asked)
    assert (result.metrics["validation"]["auroc"] or 0) > 0.9
    return result.output


def test_fine_tuning_starts_from_the_weights_that_are_there(
    settings: Callable[..., TrainingSettings], checkpoint: Path
) -> None:
    result = train(settings(str(checkpoint), epochs=1, learning_rate=1e-9))
    assert result.new_weights == ()
    assert (result.metrics["test"]["auroc"] or 0) > 0.9
    for name, value in weights(result.output).items():
        torch.testing.assert_close(value, weights(checkpoint)[name], rtol=0, atol=1e-6)


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(
    settings: Callable[..., TrainingSettings], checkpoint: Path, tmp_path: Path
) -> None:
    bpe_tokenizer([text for text, _ in motifs(90, 1)], 50, alphabet=DNA).save_pretrained(tmp_path / "bpe")
    with pytest.raises(InputError, match=r"the tokenizer has token number 49 but .* knows 20 only"):
        train(settings(str(checkpoint), tokenizer=str(tmp_path / "bpe")))


def test_a_head_for_other_labels_is_new_and_said_to_be(
    settings: Callable[..., TrainingSettings], checkpoint: Path
) -> None:
    result = train(settings(str(checkpoint), counted("multi-class"), epochs=1, learning_rate=1e-9))
    assert result.new_weights == ("classifier.bias", "classifier.weight")
    assert weights(result.output)["classifier.weight"].shape == (3, 24)
    name = "bert.encoder.layer.0.output.dense.weight"
    torch.testing.assert_close(weights(result.output)[name], weights(checkpoint)[name], rtol=0, atol=1e-6)


def test_lora_changes_linear_layers_by_low_rank_and_ends_as_plain_weights(
    settings: Callable[..., TrainingSettings], checkpoint: Path
) -> None:
    result = train(
        settings(str(checkpoint), counted("multi-class"), epochs=2, lora_rank=2, learning_rate=0.01)
    )
    before, after = weights(checkpoint), weights(result.output)
    assert before.keys() == after.keys()
    for name in before:
        if name.startswith("classifier"):
            continue
        change = (after[name] - before[name]).double()
        if name.endswith("weight") and change.ndim == 2 and "embeddings" not in name:
            assert torch.linalg.matrix_rank(change, atol=1e-5) == 2, name
        else:
            assert not change.any(), name
    found = logits(load_model(result.output), counted("multi-class")(100, 100))
    truth = [result.labels.index(label) for _, label in counted("multi-class")(100, 100)]
    assert result.metrics["test"]["accuracy"] == pytest.approx((found.argmax(1) == truth).mean())


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        (
            "Bert",
            {"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"},
        ),
        ("Esm", {f"classifier.{layer}.{x}" for layer in ("dense", "out_proj") for x in ("weight", "bias")}),
    ],
)
def test_lora_trains_what_a_language_model_lacks_in_full(
    settings: Callable[..., TrainingSettings], tmp_path: Path, kind: str, new: set[str]
) -> None:
    letters_and_brackets = letter_tokenizer(DNA, specials=True)
    sizes = (BERT if kind == "Bert" else ESM) | {"vocab_size": len(letters_and_brackets), "pad_token_id": 0}
    config = getattr(transformers, kind + "Config")(**sizes, mask_token_id=2)
    getattr(transformers, kind + "ForMaskedLM")(config).save_pretrained(tmp_path / "lm")
    letters_and_brackets.save_pretrained(tmp_path / "lm")
    result = train(settings(str(tmp_path / "lm"), epochs=1, lora_rank=2))
    assert set(result.new_weights) == new
    before, after = weights(tmp_path / "lm"), weights(result.output)
    assert np.isfinite(logits(load_model(result.output), motifs(4, 4))).all()
    for name in before.keys() & after.keys():
        change = (after[name] - before[name]).double()
        layer = name.endswith("weight") and change.ndim == 2 and "embeddings" not in name
        assert torch.linalg.matrix_rank(change, atol=1e-7) <= 2 if layer else not change.any(), name


def test_lora_that_was_killed_is_resumed(
    settings: Callable[..., TrainingSettings], checkpoint: Path, tmp_path: Path
) -> None:
    lora = {"epochs": 2, "lora_rank": 3}
    whole = train(settings(str(checkpoint), counted("multi-class"), output=tmp_path / "whole", **lora))
    asked = settings(str(checkpoint), counted("multi-class"), output=tmp_path / "killed", **lora)
    with killed_in(transformers.Trainer, "training_step", calls=15):
        train(asked)
    assert_same_weights(train(replace(asked, resume=True)).output, whole.output)


def test_class_weights_make_every_class_count_the_same(settings: Callable[..., TrainingSettings]) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return [row for i, row in enumerate(motifs(count, seed)) if row[1] == "0" or i % 8 == 1]

    result = train(settings(CNN, rows, class_weights=True, epochs=1))
    trained, validation = rows(200, 200), rows(80, 80)
    share = [len(trained) / 2 / sum(label == x for _, label in trained) for x in "01"]
    assert share == pytest.approx([0.625, 2.5])
    found = torch.from_numpy(logits(load_model(result.output), validation)).double().log_softmax(1)
    losses = [
        (share[int(x)], share[int(x)] * -row[int(x)].item())
        for row, (_, x) in zip(found, validation, strict=True)
    ]
    expected = sum(loss for _, loss in losses) / sum(weight for weight, _ in losses)
    assert result.metrics["validation"]["loss"] == pytest.approx(expected, rel=1e-5)


def test_nothing_is_printed_and_who_asks_is_told(
    settings: Callable[..., TrainingSettings], capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[Reached] = []
    result = train(settings(CNN, epochs=2), progress=told.append)
    assert capfd.readouterr() == ("", "")
    ends = [one for one in told if one.scores is not None]
    assert [(one.step, one.steps, one.epoch, one.epochs) for one in ends] == [(13, 26, 1, 2), (26, 26, 2, 2)]
    for one, epoch in zip(ends, result.history, strict=True):
        assert one.loss == pytest.approx(epoch["loss"], abs=1e-4)
        assert one.scores is not None
        assert one.scores["auroc"] == epoch["validation_auroc"]
    assert (told[0].step, told[0].epoch, told[0].scores) == (0, 1, None)


def test_sequences_that_were_learnt_from_are_said_where_scores_are(
    settings: Callable[..., TrainingSettings],
) -> None:
    asked = settings(CNN, motifs, epochs=1)
    assert not train(asked).notes
    learnt, test = (path.read_text().splitlines() for path in (asked.train, asked.test) if path)
    Path(str(asked.test)).write_text("\n".join([*test, *learnt[1:4]]) + "\n")
    (note,) = train(replace(asked, output=asked.output.with_name("again"))).notes
    assert note.startswith("3 of 103 sequences of test are in train too: scores of test say too much")


def test_rows_that_are_skipped_are_counted(settings: Callable[..., TrainingSettings]) -> None:
    asked = settings(CNN, epochs=1, on_bad="skip")
    assert asked.train is not None
    with asked.train.open("a") as file:
        file.write("ACGJ,1\n")
    record = json.loads((train(asked).output / "training.json").read_text())
    (skipped,) = record["data"]["train"]["skipped"]
    assert record["data"]["train"]["sequences"] == 200
    assert skipped["id"] == "row201"
    assert "'J' at position 4" in skipped["reason"]


def test_a_row_that_cannot_be_used_is_refused(settings: Callable[..., TrainingSettings]) -> None:
    asked = settings(CNN, epochs=1)
    assert asked.train is not None
    with asked.train.open("a") as file:
        file.write("ACGJ,1\n")
    with pytest.raises(InputError, match=r"train.csv, line 202: .*'J' at position 4"):
        train(asked)
    assert not asked.output.exists()


def short_then(length: int) -> Callable[[int, int], list[Row]]:
    def rows(count: int, seed: int) -> list[Row]:
        return motifs(count, seed) if count != 80 else [*motifs(9, seed), ("A" * length, "1")]

    return rows


@pytest.mark.parametrize(
    ("arch", "length", "message"),
    [
        (
            BERT,
            33,
            r"validation.csv: sequence 'row10' has 35 tokens \(33 letters\) but the model takes 34: cut it",
        ),
        (CNN, 31, r"validation.csv: sequence 'row10' has 31 letters but the CNN is made for exactly 30"),
    ],
    ids=["bert", "cnn"],
)
def test_a_sequence_longer_than_the_model_takes_is_refused_by_name(
    settings: Callable[..., TrainingSettings], arch: dict[str, Any], length: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(settings(arch, short_then(length)))


def test_a_label_that_training_did_not_have_is_refused_with_its_table(
    settings: Callable[..., TrainingSettings],
) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return motifs(count, seed) if count != 100 else [*motifs(4, seed), ("ACGT", "2")]

    with pytest.raises(InputError, match=r"test.csv: sequence 'row5' has label '2': expected one of 0, 1"):
        train(settings(CNN | {"pooling": "max"}, rows))


@pytest.mark.parametrize(
    ("arch", "more", "message"),
    [
        (CNN, {"lora_rank": 2}, "LoRA fine-tunes a trained model"),
        (CNN, {"tokenizer": "some/folder"}, "the CNN reads single letters: leave --tokenizer out"),
        (CNN, {"dtype": "float16"}, "dtype float16 needs a CUDA device, not cpu"),
        (CNN, {"best": "pearson"}, "task binary has no score 'pearson': expected one of loss, accuracy"),
        (
            CNN,
            {"task": "regression", "class_weights": True},
            "class weights were asked for, but the task is reg",
        ),
        (CNN, {"task": "token"}, "the CNN gives one prediction per sequence"),
        (CNN, {"alphabet": "rna"}, "'T' at position"),
        ({"model_type": "no-such-thing"}, {}, "cannot be loaded as a model: Unrecognized model identifier"),
        ({"hidden_size": 3}, {}, "arch.json has no model_type: expected a config.json"),
        ("nowhere.json", {}, "cannot read nowhere.json"),
        ("./no/such/folder", {}, "./no/such/folder"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    settings: Callable[..., TrainingSettings], arch: str | dict[str, Any], more: dict[str, Any], message: str
) -> None:
    asked = settings(arch, **more)
    with pytest.raises(InputError) as error:
        train(asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not asked.output.exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"epochs": 0}, "epochs is 0: expected a number above 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan: expected a number above 0"),
        ({"warmup": 1.5}, "warmup is 1.5"),
        ({"device": "abacus"}, "unknown device 'abacus': expected one of auto, cpu, cuda, mps"),
        ({"alphabet": "greek"}, "unknown alphabet 'greek': expected one of dna, rna, protein"),
    ],
)
def test_settings_that_make_no_sense_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainingSettings("cnn", Path("t.csv"), Path("v.csv"), Path("model"), **more)


def test_a_score_that_is_never_defined_is_an_error(settings: Callable[..., TrainingSettings]) -> None:
    def rows(count: int, seed: int) -> list[Row]:
        return motifs(count, seed) if count != 80 else [row for row in motifs(count, seed) if row[1] == "1"]

    with pytest.raises(InputError, match="validation auroc was undefined after every epoch: expected both"):
        train(settings(CNN, rows, best="auroc", epochs=1))


@pytest.mark.parametrize(("library", "extra"), [("accelerate", "train"), ("peft", "lora")])
def test_a_missing_library_is_named_with_its_extra(
    settings: Callable[..., TrainingSettings],
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    extra: str,
) -> None:
    asked = settings(str(checkpoint), lora_rank=2)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf"{library}: pip install relevome\[{extra}\]"):
        train(asked)
