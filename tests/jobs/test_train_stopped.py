"""Trainings that were stopped, of every objective: finished early, or gone on with within an epoch."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor

from relevome.errors import InputError
from relevome.jobs.train import TrainingResult, train
from relevome.models.hugging_face import load_model
from relevome.results.folder import lock_folder
from relevome.training import genome_fitting, while_fitting
from relevome.training.folder import TrainingFolder
from relevome.training.genome_fitting import Fit
from relevome.training.objective import Reached
from relevome.training.settings import TrainingSettings

CNN = {"model_type": "relevome-cnn", "filters": [6], "widths": [5], "pools": [2], "hidden_size": 5}
BERT = {
    "model_type": "bert", "hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3,
    "intermediate_size": 20, "max_position_embeddings": 42,
}  # fmt: skip
ANNOTATOR = {
    "model_type": "relevome-annotator", "num_hidden_layers": 1, "num_attention_heads": 3, "head_size": 6,
    "hidden_size": 10, "convolution": 5, "segment": 16, "memory": 11, "downstream": 3, "dropout": 0.1,
}  # fmt: skip
EPOCHS = 3
OBJECTIVES = ("classify", "ragged", "function", "mlm", "annotate")

Make = Callable[..., TrainingSettings]


def letters(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", weights=[4, 2, 2, 1], k=length))


def table(path: Path, count: int, ragged: bool = False) -> Path:
    """Sequences, every other one rich in G."""
    rows = []
    for i in range(count):
        text = letters(i + 1000 * count, 20 + (i % 7 if ragged else 0))
        rows.append(f"{text.replace('A', 'G') if i % 2 else text},{i % 2}")
    path.write_text("\n".join(["sequence,label", *rows]))
    return path


def proteins(path: Path) -> Path:
    rows = [f"p{i},{letters(i, 20)}{'CG'[i % 2] * 5},{('1.1.1.1', '2.7.1.1')[i % 2]}" for i in range(60)]
    path.write_text("\n".join(["id,sequence,ec", *rows]))
    return path


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Settings of a small training, in this test's own folder."""
    return maker(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainingResult]:
    """The same training at one go, once for all tests."""

    @cache
    def trained(kind: str, **more: Any) -> TrainingResult:
        return train(maker(tmp_path_factory.mktemp(kind))(kind, **more))

    return trained


def maker(tmp_path: Path) -> Make:
    """Makes settings of a small training with some steps in each of some epochs."""

    def make(kind: str, **more: Any) -> TrainingSettings:
        arch = tmp_path / "arch.json"
        arch.write_text(json.dumps({"classify": CNN, "annotate": ANNOTATOR}.get(kind, BERT)))
        genome = tmp_path / "genome.fa"
        genome.write_text(f">chr\n{letters(5, 500)}\n")
        told: dict[str, Any] = {
            "train": None, "validation": None, "output": tmp_path / "model", "device": "cpu",
            "learning_rate": 0.01,
        }  # fmt: skip
        if kind in ("classify", "ragged"):
            told |= {name: table(tmp_path / f"{name}.csv", n, kind == "ragged") for name, n in TABLES.items()}
        elif kind == "function":
            told |= {"train": proteins(tmp_path / "t.csv"), "labels_from": "ec", "split": "0.6,0.2,0.2"}
        elif kind == "mlm":
            told |= {"objective": "mlm", "genome": genome, "window": 20, "windows": 48}
        else:
            sites = tmp_path / "sites.bed"
            lines = [f"chr\t{at}\t{at + 1}\tsite\t0\t{'+-'[at % 2]}" for at in range(9, 500, 17)]
            sites.write_text("\n".join(lines))
            told |= {"objective": "annotate", "genome": genome, "labels": sites, "streams": 2}
        told |= {"steps": STEPS} if kind == "annotate" else {"epochs": EPOCHS, "batch_size": 8}
        return TrainingSettings(str(arch), **told | more)

    return make


TABLES = {"train": 48, "validation": 24, "test": 24}
STEPS = 100


def stopped_after(epochs: int, settings: TrainingSettings, **more: Any) -> None:
    """A training that is stopped when so many epochs are kept, before the next is."""

    def stop(reached: Reached) -> None:
        if reached.scores is not None and reached.epoch > epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, progress=stop, **more)


def best_weights(output: Path) -> dict[str, Tensor]:
    """Those of the best epoch that an unfinished training has kept."""
    checkpoints = output / "checkpoints"
    if (checkpoints / "reached.safetensors").is_file():
        every = load_file(checkpoints / "reached.safetensors")
        return {name[5:]: value for name, value in every.items() if name.startswith("best.")}
    states = sorted(checkpoints.glob("checkpoint-*/trainer_state.json"), key=lambda x: x.stat().st_mtime)
    return load_file(Path(json.loads(states[-1].read_text())["best_model_checkpoint"]) / "model.safetensors")


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        assert torch.equal(found[name], expected[name]), name


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_a_stopped_training_is_finished_with_the_best_epoch_so_far(
    made: Make, whole: Callable[..., TrainingResult], kind: str
) -> None:
    undisturbed = whole(kind)
    asked = made(kind)
    stopped_after(2, asked)
    expected = best_weights(asked.output)
    result = train(asked.output, finish=True)
    assert_same(load_file(asked.output / "model.safetensors"), expected)
    assert result.history == undisturbed.history[:2]
    assert {"config.json", "model.safetensors", "tokenizer.json", "metrics.json", "training.json"} <= {
        path.name for path in asked.output.iterdir()
    }
    assert not (asked.output / "checkpoints").exists()
    record = json.loads((asked.output / "training.json").read_text())
    end = f"step {undisturbed.history[1]['step']:g} of {STEPS}" if kind == "annotate" else ""
    assert record["finished_early"] == (f"after epoch 2, {end}" if end else f"after epoch 2 of {EPOCHS}")
    assert json.loads((undisturbed.output / "training.json").read_text())["finished_early"] is None
    assert result.notes[0] == f"finished early, {record['finished_early']}: more epochs may have been better"
    assert result.metrics.keys() == undisturbed.metrics.keys()
    best = result.history[int(result.best_epoch) - 1]
    for name in ("loss", "validation_loss"):
        assert name in best
    assert result.metrics["validation"]["loss"] == pytest.approx(best["validation_loss"], rel=1e-5)
    assert load_model(asked.output).task == load_model(undisturbed.output).task
    assert ("train.tsv" in {path.name for path in asked.output.iterdir()}) == (kind == "function")


def test_what_was_finished_early_is_not_gone_on_with(made: Make) -> None:
    asked = made("classify")
    stopped_after(1, asked)
    result = train(replace(asked, finish=True))
    assert train(replace(asked, finish=True)) == train(asked.output, finish=True) == result
    assert train(asked, resume=True, finish=True) == result  # as a job that is put into its queue again
    message = "was finished early, after epoch 1 of 3 .*, and has no checkpoint to go on from: train into"
    for given in (asked, asked.output):
        with pytest.raises(InputError, match=message):
            train(given, resume=True)
    with pytest.raises(InputError, match="exists and is not empty"):
        train(asked)


@pytest.mark.parametrize("kind", ["classify", "annotate"])
def test_without_a_whole_epoch_there_is_nothing_to_finish(
    made: Make, whole: Callable[..., TrainingResult], kind: str
) -> None:
    asked = made(kind)
    stopped_after(0, asked)
    for given in (asked, asked.output):
        with pytest.raises(InputError, match="model has no whole epoch yet, so no model to finish with: go"):
            train(given, finish=True)
    assert train(asked.output, resume=True).history == whole(kind).history


def test_a_training_that_was_over_is_not_finished_early(
    made: Make, whole: Callable[..., TrainingResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    asked = made("classify")
    with monkeypatch.context() as patch:
        patch.setattr(TrainingFolder, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            train(asked)
    result = train(asked, finish=True)
    assert result.notes == ()
    assert result.history == whole("classify").history
    assert train(asked, resume=True) == result


def test_another_training_or_none_is_not_finished(made: Make, tmp_path: Path) -> None:
    asked = made("classify")
    with pytest.raises(InputError, match=r"model holds no training that was stopped: --finish has none"):
        train(asked, finish=True)
    assert not asked.output.exists()
    with pytest.raises(InputError, match=r"model holds no training that was stopped, or does not say how"):
        train(asked.output, finish=True)
    stopped_after(1, asked)
    with pytest.raises(InputError, match=r"is from another training \(epochs 3\)"):
        train(replace(asked, epochs=9), finish=True)
    with pytest.raises(InputError, match=r"model is a folder: expected settings, or resume=True or finish"):
        train(asked.output)
    (tmp_path / "train.csv").write_text((tmp_path / "test.csv").read_text())
    with pytest.raises(InputError, match="is from another training"):
        train(asked.output, finish=True)


def test_what_still_runs_is_not_finished(made: Make, tmp_path: Path) -> None:
    asked = made("classify")
    stopped_after(1, asked)
    lock = lock_folder(asked.output / "checkpoints")
    with pytest.raises(InputError, match="another process is writing"):
        train(asked.output, finish=True)
    os.close(lock)
    assert train(asked.output, finish=True).best_epoch == 1


def test_relative_paths_are_found_where_they_were_meant(
    made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = made("classify")
    monkeypatch.chdir(tmp_path)
    stopped_after(1, replace(asked, train=Path("train.csv"), output=Path("model")))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=rf"was begun in {tmp_path}, from where train.csv is named: run"):
        train(tmp_path / "model", finish=True)
    monkeypatch.chdir(tmp_path)
    assert train(Path("model"), finish=True).best_epoch == 1


@pytest.mark.parametrize("text", ["", "[]", '{"settings": 3}', '{"begun_in": "/", "settings": {"x": 1}}'])
def test_a_damaged_record_of_how_it_was_begun_is_one_line(made: Make, text: str) -> None:
    asked = made("classify")
    stopped_after(1, asked)
    (asked.output / "checkpoints" / "begun.json").write_text(text)
    with pytest.raises(InputError, match="is damaged") as error:
        train(asked.output, finish=True)
    assert "\n" not in str(error.value)
    assert train(asked, finish=True).best_epoch == 1


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"chosen": 3}'])
def test_a_damaged_record_of_a_finished_training_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "training.json").write_text(text)
    with pytest.raises(InputError, match=r"training.json is damaged"):
        train(tmp_path, resume=True)


# Within an epoch


@pytest.fixture
def kept_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (while_fitting, genome_fitting):
        monkeypatch.setattr(module, "EVERY", 0.0)
        monkeypatch.setattr(module, "SHARE", 1e9)
    monkeypatch.setattr(while_fitting, "_TOLD_EVERY", 0.0)


@pytest.mark.usefixtures("kept_at_every_step")
@pytest.mark.parametrize(
    ("kind", "more"),
    [(kind, {}) for kind in OBJECTIVES] + [("ragged", {"tokens": 40, "bpe_dropout": 0.3})],
)
def test_a_training_goes_on_within_an_epoch_as_if_never_stopped(
    made: Make,
    whole: Callable[..., TrainingResult],
    kind: str,
    more: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = whole(kind, **more)
    first, end = (int(epoch["step"]) for epoch in undisturbed.history[:2])
    asked, within = made(kind, **more), (first + end) // 2 + 1
    steps: list[int] = []

    def killed(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            if len(steps) == within:
                raise KeyboardInterrupt
            steps.append(1)
            return function(*given, **named)

        return wrapped

    owner, name = (Fit, "_learn") if kind == "annotate" else (transformers.Trainer, "training_step")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed(getattr(owner, name)))
        with pytest.raises(KeyboardInterrupt):
            train(asked)
        steps.clear()
        within = -1
        resumed = train(asked, resume=True)
    last = int(undisturbed.history[-1]["step"])
    assert last - end < len(steps) < last - first  # neither from the beginning of the epoch nor from its end
    assert resumed.history == undisturbed.history
    assert resumed.metrics == undisturbed.metrics
    assert_same(*(load_file(x.output / "model.safetensors") for x in (resumed, undisturbed)))


@pytest.mark.usefixtures("kept_at_every_step")
@pytest.mark.parametrize("kind", ["classify", "annotate"])
def test_what_was_learnt_within_an_epoch_is_no_epoch_to_finish_with(
    made: Make, whole: Callable[..., TrainingResult], kind: str
) -> None:
    asked = made(kind)
    stopped_after(0, asked)
    with pytest.raises(InputError, match="no whole epoch yet"):
        train(asked, finish=True)
    stopped_after(1, asked, resume=True)
    expected = best_weights(asked.output)
    assert train(asked, finish=True).history == whole(kind).history[:1]
    assert_same(load_file(asked.output / "model.safetensors"), expected)


# The command


def test_the_command_finishes_with_its_folder_alone(
    made: Make, relevome_cli: Callable[..., tuple[int, str, list[str]]]
) -> None:
    asked = made("classify")
    stopped_after(1, asked)
    for more, message in {
        (): "relevome: --arch is missing: expected what is trained, such as --arch cnn",
        ("--finish", "--epochs", 3): "relevome: --epochs without --arch: expected --resume or --finish with "
        "-o FOLDER alone, which says how it was begun, or the whole command",
    }.items():
        assert relevome_cli("train", *more, "-o", asked.output)[::2] == (2, [message])
    code, out, err = relevome_cli("train", "--finish", "-o", asked.output)
    assert (code, err) == (0, [])
    assert "best epoch 1\n  finished early, after epoch 1 of 3: more epochs may have been better\n" in out
    code, _, err = relevome_cli("train", "--resume", "-o", asked.output)
    assert code == 2
    assert err[0].startswith(f"relevome: {asked.output} was finished early, after epoch 1 of 3 (--finish)")


def test_a_command_goes_on_with_its_folder_alone_and_its_log_has_a_line_for_every_epoch(
    made: Make, relevome_cli: Callable[..., tuple[int, str, list[str]]]
) -> None:
    asked = made("classify")
    stopped_after(1, asked)
    code, out, err = relevome_cli("train", "--resume", "-o", asked.output)
    assert code == 0
    assert len(err) == 2
    for epoch, line in zip((2, 3), err, strict=True):
        assert f"  epoch {epoch} of 3, loss 0." in line
        assert f": {6 * epoch} of 18 steps" in line
        assert "; validation: loss 0." in line
    assert relevome_cli("train", "--resume", "-o", asked.output) == (0, out, [])
