"""The folder of a training: checkpoints while it runs, a whole model afterwards, never half of one."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from relevome.errors import InputError
from relevome.results.folder import LOCK, Held, lock_folder, temporary_name, unlock_folder, whole_file
from relevome.results.record import reading

_AGAIN = "remove the folder, or choose another output"
_CHECKPOINTS, _BEGUN = "checkpoints", "begun.json"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: its folder, how many epochs were over in it, and whether training was."""

    path: Path
    epochs: int
    stopped: bool


class TrainingFolder:
    """``output``, in which ``checkpoints/`` exists only as long as training is not finished.

    A folder belongs to one training, known by its ``claim``: what was asked for and digests of the
    data. Going on with another claim is refused, and so is a second process, until `close` or `publish`.
    ``begun`` is kept as long as training is not finished, for `begun_with`.
    """

    _lock: Held | None = None

    def __init__(self, output: Path, claim: dict[str, Any], begun: Mapping[str, Any] | None = None) -> None:
        self.output = output.resolve()
        self.checkpoints = self.output / _CHECKPOINTS
        self._claim = json.loads(json.dumps(claim))
        self._begun = dict(begun or {})

    def close(self) -> None:
        """Leave the folder to other processes."""
        if self._lock is not None:
            unlock_folder(self._lock)
            self._lock = None

    __del__ = close

    def finished(self) -> dict[str, Any] | None:
        """The record of this training if it is complete."""
        record = finished_record(self.output)
        if record is not None:
            with reading(self.output / "training.json", _AGAIN):
                self._check(record["claim"])
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        return record

    def check_begun(self) -> None:
        """Raises InputError where there is no training to finish."""
        if not (self.checkpoints / "claim.json").is_file():
            raise InputError(f"{self.output} holds no training that was stopped: --finish has none to finish")

    def open(self, resume: bool) -> None:
        """Makes the folder, or with ``resume`` goes on with one; else one that is in use is refused."""
        claimed = self.checkpoints / "claim.json"
        self._check_claim(claimed, resume)
        self.close()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self._lock = lock_folder(self.checkpoints)
        self._check_claim(claimed, resume)  # another process may have been here before the lock
        if not claimed.is_file():
            _write(self.checkpoints / _BEGUN, self._begun)
            _write(claimed, self._claim)

    def _check_claim(self, claimed: Path, resume: bool) -> None:
        if not claimed.is_file():
            self._check_free()
        elif not resume:
            raise InputError(
                f"{self.output} holds an unfinished training: add --resume, or remove the folder"
            )
        else:
            with reading(claimed, _AGAIN):
                self._check(_read(claimed))

    def _check_free(self) -> None:
        """Nothing is there but what a process leaves that was killed before it had claimed the folder."""
        if self.output.is_dir() and {path.name for path in self.output.iterdir()} <= {self.checkpoints.name}:
            names = ("claim.json", _BEGUN)
            begun = {LOCK, _BEGUN, *(temporary_name(name) for name in names), "claim.json.part"}
            if not self.checkpoints.exists() or {one.name for one in self.checkpoints.iterdir()} <= begun:
                return
        if self.output.exists():
            again = ", or show its result with --resume" if (self.output / "training.json").is_file() else ""
            raise InputError(
                f"{self.output} exists and is not empty: choose another output, or remove it{again}"
            )

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint that is whole."""
        states = sorted(self.checkpoints.glob("checkpoint-*/trainer_state.json"), key=_step, reverse=True)
        for path in states:
            try:
                state = _read(path)
            except ValueError:
                continue  # killed while this was written
            with reading(path, _AGAIN):
                best = Path(state["best_model_checkpoint"] or path.parent)
                if not best.is_dir():
                    raise InputError(
                        f"{self.output} was moved since its training was begun: move it back to resume"
                    )
                stopped = state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"]
                return Checkpoint(path.parent, math.floor(state["epoch"] + 1e-6), stopped)
        return None

    def publish(self, parts: Iterable[Any], record: dict[str, Any]) -> dict[str, Any]:
        """Fills the folder with ``parts`` (each has save_pretrained) and the record; drops checkpoints.

        Everything is written elsewhere first and moved at once, config.json last: without it a folder is
        no model. Returns training.json.
        """
        stage = self.checkpoints / "finished"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            for part in parts:
                part.save_pretrained(stage)
        except SafetensorError as error:  # as a full disk is said by it
            raise InputError(
                f"cannot write the model to {self.output} ({error}): mend that, and go on with --resume"
            ) from error
        _write(stage / "metrics.json", record["metrics"])
        _write(stage / "training.json", {"claim": self._claim} | record)
        for path in sorted(stage.iterdir(), key=lambda path: path.name == "config.json"):
            path.replace(self.output / path.name)
        shutil.rmtree(self.checkpoints)
        self.close()
        return _read(self.output / "training.json")

    def _check(self, claim: dict[str, Any]) -> None:
        names = sorted(self._claim.keys() | claim.keys())
        different = [name for name in names if self._claim.get(name) != claim.get(name)]
        if different:
            before = ", ".join(f"{name} {claim.get(name)!r}" for name in different)
            raise InputError(
                f"{self.output} is from another training ({before}): resume it with the same settings and "
                "data, or choose another output"
            )


def finished_record(output: Path) -> dict[str, Any] | None:
    """What training.json of a finished training says, None where none is finished."""
    if not (output / "config.json").is_file() or not (output / "training.json").is_file():
        return None
    with reading(output / "training.json", _AGAIN):
        return dict(_read(output / "training.json"))


def begun_with(output: Path) -> dict[str, Any]:
    """What a training that is not finished was begun with. Raises InputError where nothing says so."""
    path = output / _CHECKPOINTS / _BEGUN
    if not path.is_file():
        raise InputError(
            f"{output} holds no training that was stopped, or does not say how it was begun: expected the "
            "folder of one, or the whole command that began it with --resume or --finish"
        )
    with reading(path, _AGAIN):
        return dict(_read(path))


def _step(path: Path) -> int:
    return int(path.parent.name.removeprefix("checkpoint-"))


def _read(path: Path) -> dict[str, Any]:
    """What a record says. Raises ValueError for what is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested without end") from error
    if not isinstance(content, dict):
        raise ValueError(f"it is {str(content)[:60]!r}")
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    """JSON that is whole or not there; what is undefined is null."""
    text = json.dumps(_without_nan(content), indent=1, allow_nan=False) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _without_nan(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
