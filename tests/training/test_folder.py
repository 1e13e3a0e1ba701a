from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from relevome.errors import InputError
from relevome.training.folder import Checkpoint, TrainingFolder

RECORD: dict[str, Any] = {"metrics": {"test": {"auroc": math.nan, "f1": 0.5}}, "best_epoch": 3}


class Part:
    """Something that saves itself, and may fail after the first file."""

    def __init__(self, *names: str, fails: bool = False) -> None:
        self.names, self.fails = names, fails

    def save_pretrained(self, path: Path) -> None:
        for name in self.names:
            (path / name).write_text(name)
            if self.fails:
                raise OSError("no space left on device")


def checkpoint(folder: TrainingFolder, step: int, stopped: bool = False, best: Path | None = None) -> Path:
    path = folder.checkpoints / f"checkpoint-{step}"
    path.mkdir()
    state = {
        "epoch": step / 10,
        "best_model_checkpoint": str(best or path),
        "stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": stopped}}},
    }
    (path / "trainer_state.json").write_text(json.dumps(state))
    return path


def opened(path: Path, **claim: Any) -> TrainingFolder:
    folder = TrainingFolder(path, claim or {"seed": 1})
    folder.open(resume=False)
    return folder


def test_a_published_folder_holds_the_parts_and_the_record_and_no_checkpoints(tmp_path: Path) -> None:
    folder = opened(tmp_path / "new" / "model")
    checkpoint(folder, 10)
    record = folder.publish([Part("config.json", "model.safetensors"), Part("tokenizer.json")], RECORD)
    names = sorted(path.name for path in folder.output.iterdir())
    assert names == ["config.json", "metrics.json", "model.safetensors", "tokenizer.json", "training.json"]
    assert json.loads((folder.output / "metrics.json").read_text()) == {"test": {"auroc": None, "f1": 0.5}}
    assert record == json.loads((folder.output / "training.json").read_text())
    assert record["claim"] == {"seed": 1}
    assert folder.finished() == record


def test_a_failure_while_saving_leaves_no_half_of_a_model(tmp_path: Path) -> None:
    folder = opened(tmp_path / "model")
    with pytest.raises(OSError, match="no space left"):
        folder.publish([Part("config.json", "model.safetensors", fails=True)], RECORD)
    assert [path.name for path in folder.output.iterdir()] == ["checkpoints"]
    assert folder.finished() is None
    folder.open(resume=True)
    folder.publish([Part("config.json", "model.safetensors")], RECORD)
    assert folder.finished() is not None


def test_a_disk_that_is_full_for_the_weights_is_said(tmp_path: Path) -> None:
    class Full:
        def save_pretrained(self, path: Path) -> None:
            raise SafetensorError("I/O error: No space left on device (os error 28)")

    folder = opened(tmp_path / "model")
    with pytest.raises(InputError, match=r"cannot write the model to .*No space left.*go on with --resume"):
        folder.publish([Full()], RECORD)
    assert folder.finished() is None


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="exists and is not empty: choose another output"):
        opened(tmp_path)
    with pytest.raises(InputError, match="exists and is not empty"):
        opened(tmp_path / "notes.txt")


def test_an_unfinished_training_is_only_gone_on_with_when_asked(tmp_path: Path) -> None:
    opened(tmp_path / "model")
    with pytest.raises(InputError, match="holds an unfinished training: add --resume, or remove the folder"):
        opened(tmp_path / "model")
    TrainingFolder(tmp_path / "model", {"seed": 1}).open(resume=True)


def test_resuming_what_was_never_begun_begins_it(tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "model", {"seed": 1})
    folder.open(resume=True)
    assert folder.last_checkpoint() is None
    assert folder.checkpoints.is_dir()


@pytest.mark.parametrize("published", [False, True])
def test_another_training_is_not_gone_on_with(tmp_path: Path, published: bool) -> None:
    folder = opened(tmp_path / "model", seed=1, epochs=5)
    if published:
        folder.publish([Part("config.json")], RECORD)
    other = TrainingFolder(tmp_path / "model", {"seed": 2, "epochs": 5})
    look = other.finished if published else functools.partial(other.open, resume=True)
    with pytest.raises(InputError, match=r"is from another training \(seed 1\): resume it with the same"):
        look()


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    folder = opened(tmp_path / "model")
    first, newest = checkpoint(folder, 90), checkpoint(folder, 100)
    (folder.checkpoints / "checkpoint-110").mkdir()
    (folder.checkpoints / "checkpoint-120").mkdir()
    (folder.checkpoints / "checkpoint-120" / "trainer_state.json").write_text('{"epoch": 1')
    assert folder.last_checkpoint() == Checkpoint(newest, 10, stopped=False)
    assert first.is_dir()


def test_a_training_that_had_stopped_says_when(tmp_path: Path) -> None:
    folder = opened(tmp_path / "model")
    last = checkpoint(folder, 70, stopped=True)
    assert folder.last_checkpoint() == Checkpoint(last, 7, stopped=True)


def test_a_folder_that_was_moved_is_noticed(tmp_path: Path) -> None:
    folder = opened(tmp_path / "model")
    checkpoint(folder, 70, best=folder.checkpoints / "checkpoint-60")
    with pytest.raises(InputError, match="was moved since its training was begun: move it back"):
        folder.last_checkpoint()


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path, resume: bool) -> None:
    first = opened(tmp_path / "model")
    second = TrainingFolder(tmp_path / "model", {"seed": 1})
    why = "another process is writing .*: wait until it has ended" if resume else "holds an unfinished"
    with pytest.raises(InputError, match=why):
        second.open(resume)
    first.close()
    second.open(resume=True)
    with pytest.raises(InputError, match="another process is writing"):
        TrainingFolder(tmp_path / "model", {"seed": 1}).open(resume=True)
    second.publish([Part("config.json")], RECORD)
    assert TrainingFolder(tmp_path / "model", {"seed": 1}).finished() is not None


@pytest.mark.parametrize("left", [(), (".lock",), (".lock", ".claim.json.tmp"), ("claim.json.part",)])
def test_a_folder_that_was_hardly_begun_is_begun_again(tmp_path: Path, left: tuple[str, ...]) -> None:
    (tmp_path / "model" / "checkpoints").mkdir(parents=True)
    for name in left:
        (tmp_path / "model" / "checkpoints" / name).write_text("{")
    folder = opened(tmp_path / "model")
    assert json.loads((folder.checkpoints / "claim.json").read_text()) == {"seed": 1}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff"])
def test_a_damaged_claim_or_record_is_one_line(tmp_path: Path, text: str) -> None:
    folder = opened(tmp_path / "model")
    folder.close()
    claim = folder.checkpoints / "claim.json"
    claim.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"claim.json is damaged .*: remove the folder, or choose another"):
        TrainingFolder(tmp_path / "model", {"seed": 1}).open(resume=True)
    for name in ("config.json", "training.json"):
        (tmp_path / "model" / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(
        InputError, match=r"training.json is damaged .*: remove the folder, or choose another"
    ):
        folder.finished()


@pytest.mark.parametrize("text", ["", "[1]", '"x"', "[" * 100_000, "\x00"])
def test_a_checkpoint_without_a_whole_state_is_passed_over(tmp_path: Path, text: str) -> None:
    folder = opened(tmp_path / "model")
    first, last = checkpoint(folder, 10), checkpoint(folder, 20)
    (last / "trainer_state.json").write_text(text)
    assert folder.last_checkpoint() == Checkpoint(first, 1, stopped=False)
