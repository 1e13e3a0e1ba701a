"""From what a user asks for to the logit that is explained."""

from __future__ import annotations

from relevome.errors import InputError
from relevome.models.base import Model, Target


def resolve_target(
    model: Model,
    target: str | int,
    *,
    contrast: str | int | None = None,
    position: int | None = None,
    mask: bool = False,
) -> Target:
    """The logit of an output, given by its index or label, optionally minus another one's.

    Models with labels for every letter and masked language models need the 0-based ``position`` of a
    letter; for the latter ``target`` is the letter (or another token), and ``mask`` hides what is there.
    """
    if (position is None) != (model.task == "sequence"):
        wanted = "no --position" if model.task == "sequence" else "the --position of a letter"
        raise InputError(f"the model gives logits for every {_unit(model)}: expected {wanted}")
    if position is not None and position < 0:
        raise InputError(f"--position {position}: expected a 0-based position of a letter")
    if mask and (model.task != "masked" or model.tokenizer.mask_id is None):
        raise InputError("--mask-position hides a letter from a masked language model: this model is none")
    index = _index(model, target)
    other = None if contrast is None else _index(model, contrast)
    label = model.labels[index] if other is None else f"{model.labels[index]} - {model.labels[other]}"
    return Target(index, label, position, other, mask)


def _index(model: Model, target: str | int) -> int:
    """Index of an output; a label counts before a number that it could also be."""
    text = str(target)
    if model.task == "masked" and len(text) == 1 and (letter := model.tokenizer.letter_id(text)) is not None:
        return letter
    if text in model.labels:
        return model.labels.index(text)
    if text.isdigit() and int(text) < len(model.labels):
        return int(text)
    known = ", ".join(model.labels[:8]) + (", ..." if len(model.labels) > 8 else "")
    raise InputError(
        f"target {text!r} is out of range: expected an index from 0 to {len(model.labels) - 1}, "
        f"or one of {known}"
    )


def _unit(model: Model) -> str:
    return "sequence" if model.task == "sequence" else "letter"
