"""What goes wrong with the files of a model, as one line that says what to do."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

from relevome.errors import InputError
from relevome.models.loading.hub import Hub, is_here, is_on_hub, not_fetched

_PANIC = "PanicException"  # of libraries in Rust, which no name can be imported for


@contextmanager
def one_line_errors(path: str, asked: Hub | None = None) -> Iterator[None]:
    """What transformers raises over many lines, as one line that says what to do."""
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(
            f"{path} does not fit into the memory of this machine: expected a smaller model, or --dtype "
            "bfloat16 (a config.json that is damaged may also say sizes that it has not)"
        ) from error
    except BaseException as error:  # of damaged files transformers raises anything, and tokenizers panics
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        if "trust_remote_code" in str(error):
            raise InputError(
                f"{path} comes with code of its own, which is not run: "
                "give --trust-remote-code if you trust its authors"
            ) from error
        if is_on_hub(error) or not is_here(path):
            raise not_fetched(path, error, asked or Hub()) from error
        said = first_line(error)
        if not isinstance(error, OSError | ValueError):
            said = f"{type(error).__name__}: {said}"
        raise InputError(f"{path} cannot be loaded as a model: {said}") from error


@contextmanager
def weight_errors(path: str) -> Iterator[None]:
    """What goes wrong with files of weights, as one line."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise InputError(
            f"the weights of {path} are no plain tensors but pickled objects, whose code is never run: "
            "expected safetensors, or a .bin of tensors"
        ) from error
    except LookupError as error:
        if isinstance(next(iter(error.args), None), int):  # a code of a damaged pickle
            raise _unreadable(path, f"{type(error).__name__}: {first_line(error)}") from error
        raise InputError(
            f"{path} cannot be loaded as a model ({type(error).__name__}: {first_line(error)}): expected a "
            "config.json that transformers understands, and safetensors or a .bin of tensors"
        ) from error
    except (SafetensorError, RuntimeError, EOFError) as error:
        reason = first_line(error)
        if "ignore_mismatched_sizes" in reason:
            reason = "their shapes are not those of config.json"
        raise _unreadable(path, reason) from error


def _unreadable(path: str, reason: str) -> InputError:
    return InputError(
        f"the weights of {path} cannot be read ({reason}): expected safetensors, or a .bin of tensors"
    )


def first_line(error: BaseException) -> str:
    """What an error says, without what comes after its first line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
