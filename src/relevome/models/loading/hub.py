"""What is asked of the hub: nothing unless the user said so, and then no longer than it answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import get_session
from transformers.utils.hub import cached_file

from relevome.errors import InputError

_PATIENCE = 5.0  # seconds for a first answer; the hub's own client tries for half a minute


@dataclass(frozen=True)
class Hub:
    """Whether files may be fetched for a model, and if it was asked for in vain, why not."""

    download: bool = False
    silent_because: str | None = None

    @property
    def options(self) -> dict[str, bool]:
        """What transformers calls it."""
        return {"local_files_only": not self.download or self.silent_because is not None}


@contextmanager
def hub(download: bool) -> Iterator[Hub]:
    """While active, no library opens a connection to the hub, unless ``download`` says so and it answers."""
    asked = Hub(download, _silence() if download else None)
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or asked.options["local_files_only"]
    try:
        yield asked
    finally:
        constants.HF_HUB_OFFLINE = before


def is_here(path: str) -> bool:
    """Whether there is such a folder, or a model of that hub id in the local cache."""
    if Path(path).exists():
        return True
    try:
        return cached_file(path, "config.json", local_files_only=True) is not None
    except (OSError, ValueError):
        return False


def is_on_hub(error: BaseException) -> bool:
    """Whether files were asked for that are neither in a folder nor in the local cache."""
    return any(isinstance(cause, LocalEntryNotFoundError | OfflineModeIsEnabled) for cause in _causes(error))


def not_fetched(path: str, error: BaseException, asked: Hub) -> InputError:
    """The error for a model, or files of one, that are not on this machine, by what asking for them gave."""
    if is_here(path):
        why = "they are fetched only with --download"
        if asked.silent_because is not None:
            why = f"{constants.ENDPOINT} does not answer ({asked.silent_because})"
        return InputError(f"{path} needs files (weights, tokenizer or code) that are not here: {why}")
    wanted = "expected a folder with config.json, weights and a tokenizer"
    nowhere = f"there is no folder {path}, nor a model of that hub id in the local cache"
    if not asked.download:
        return InputError(f"{nowhere}: {wanted} (hub ids are fetched by such as `explain --download`)")
    if asked.silent_because is not None:
        return InputError(f"{nowhere}, and {constants.ENDPOINT} does not answer ({asked.silent_because})")
    causes = list(_causes(error))
    if any(isinstance(cause, GatedRepoError) for cause in causes):
        return InputError(f"{path} is given to those only who ask at {constants.ENDPOINT}/{path}: log in")
    if any(isinstance(cause, RepositoryNotFoundError | HFValidationError) for cause in causes):
        return InputError(
            f"there is no folder {path}, nor a model of that id at {constants.ENDPOINT}: {wanted}, or an id "
            "such as owner/name (for a private one log in with `hf auth login`)"
        )
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InputError(f"{path} cannot be fetched from {constants.ENDPOINT}: {said}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _silence() -> str | None:
    """Why the hub does not answer; None if it does. A name that is not resolved has no time limit else."""
    answers: list[str | None] = []
    asking = Thread(target=lambda: answers.append(_first_answer()), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return answers[0] if answers else f"within {_PATIENCE:g} s"


def _first_answer() -> str | None:
    try:
        answer: Any = get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception as error:  # noqa: BLE001 - of many kinds, by what stands between here and there
        return " ".join(str(error).split()) or type(error).__name__
    return f"status {answer.status_code}" if answer.status_code >= 500 else None
