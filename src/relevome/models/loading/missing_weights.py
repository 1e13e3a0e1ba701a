"""Why a checkpoint has no trained weights for what is asked of it, in one line with what to do."""

from __future__ import annotations

from typing import Any

from relevome.errors import InputError
from relevome.models.loading.tasks import AUTO, ENDINGS, auto_class
from relevome.models.loading.weights import Weighted, common_prefixes
from relevome.models.questions import TASKS, Task

_EXPECTED = "expected a model fine-tuned for sequence or token classification, or a language model"
_MASKED = ("cls.predictions.", "lm_head.")
_WRAPPERS = ("module.", "_orig_mod.", "model.")


def no_trained_weights(path: str, config: Any, found: Weighted | None) -> InputError:
    """The error for a checkpoint; ``found`` is the module that lacked the fewest weights, if there is one."""
    lacking = "any head that can be explained"
    if found is not None:
        lacking = ", ".join(found.missing[:3]) + (", ..." if len(found.missing) > 3 else "")
    cause = _by_class(path, config, found)
    if cause is None:
        cause = f"{_EXPECTED} (--task)" if found is None else _by_names(path, config, found)
    return InputError(f"{path} has no trained weights for {lacking}: {cause}")


def _by_class(path: str, config: Any, found: Weighted | None) -> str | None:
    """What the class says that a checkpoint was saved as."""
    if found is not None and _wrapper(found):
        return None
    named = [str(name) for name in getattr(config, "architectures", None) or ()]
    kind = named[0] if named else type(config).__name__.removesuffix("Config")
    if any(name.endswith(tuple(ENDINGS)) for name in named):
        if found is None or type(found.module).__name__ in named:
            return None
        language = any(kind.endswith(end) and TASKS[task].language for end, task in ENDINGS.items())
        tune = f", or {_fine_tune(path, config)}" if language else ""
        return f"it is a {kind}: leave --task out{tune}"
    if config.model_type == "t5":
        return (
            f"it is a T5 without a classifier ({kind}): {_fine_tune(path, config)}, which reads its encoder"
        )
    if getattr(config, "is_encoder_decoder", False):
        return f"it is an encoder with a decoder ({kind}), which cannot be explained; {_EXPECTED}"
    return None


def _by_names(path: str, config: Any, found: Weighted) -> str:
    """What the names say of the weights that a module lacks and of those that it does not know."""
    kind = type(found.module).__name__
    if prefix := _wrapper(found):
        return (
            f"the names of its weights begin with {prefix}, and without that are not those of {kind}: "
            "save the model itself, without what wraps it"
        )
    base = f"{getattr(found.module, 'base_model_prefix', '')}."
    if any(name.startswith(base) and not name.startswith(f"{base}pooler.") for name in found.missing):
        return f"its weights and its config.json (a {kind}) do not belong together, copy both again"
    tune, asked = _fine_tune(path, config), _language_tasks(config)
    if any(name.startswith(_MASKED) for name in found.unknown) and asked:
        return f"it has the head of a language model: ask for --task {asked}, or {tune}"
    if found.unknown:
        own = ", ".join(found.unknown[:3])
        return (
            f"it has a head of its own ({own}) and not that of a {kind}: save it as one, or with its code "
            "(auto_map in config.json) and give --trust-remote-code"
        )
    if asked == "causal":  # whose head may be its table of embeddings
        return f"it has no head of its own: ask for --task causal if it predicts the next token, or {tune}"
    return f"it is a pre-trained encoder without a head: {tune}"


def _language_tasks(config: Any) -> str:
    """Which language models transformers can make of a configuration."""
    tasks: list[Task] = [task for task in AUTO if TASKS[task].language]
    return " or ".join(task for task in tasks if type(config) in auto_class(task)._model_mapping)


def _wrapper(found: Weighted) -> str | None:
    """What all weights that a module does not know begin with, if it is of something that wraps models."""
    *_, prefix = common_prefixes(found.unknown)
    return prefix if found.unknown and prefix.startswith(_WRAPPERS) else None


def _fine_tune(path: str, config: Any) -> str:
    known = type(config) in auto_class("sequence")._model_mapping
    return f"fine-tune it with `relevome train --arch {path}`" if known else "fine-tune it first"
