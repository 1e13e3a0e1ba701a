"""Files of published weights: the one that is meant, and what is said of one that cannot be read."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from relevome.errors import InputError
from relevome.models.loading.errors import first_line


def only_one(files: Sequence[Path], place: Path) -> Path:
    """The one checkpoint of a place. Raises InputError where there are several."""
    if len(files) > 1:
        raise InputError(
            f"{place} has {len(files)} checkpoints: name one of {', '.join(one.name for one in files)}"
        )
    return files[0]


@contextmanager
def parsed_as(what: str, path: Path, expected: str) -> Iterator[None]:
    """Whatever reading a file raises, as one line: InputError."""
    try:
        yield
    except InputError:
        raise
    except pickle.UnpicklingError as error:
        raise InputError(f"{path} has more than tensors, or is damaged: nothing in it is run") from error
    except Exception as error:  # of damaged files torch raises anything
        raise InputError(
            f"{path} cannot be read as {what} ({type(error).__name__}: {first_line(error)}): expected "
            f"{expected}"
        ) from error
