"""From what a user asks for to the logit that is explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from relevome.data.names import check_name
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.predictions import outputs
from relevome.models.questions import LIKELIHOOD
from relevome.words import counted

PREDICTED = "predicted"


def resolve_targets(
    model: Model,
    given: str | int | Iterable[str | int] | None,
    *,
    contrast: str | int | None = None,
    position: int | list[int] | None = None,
    mask: bool = False,
    over: str | None = None,
) -> tuple[Target, ...]:
    """The logits of the outputs that are given, see `resolve_target`; one that is repeated counts once.

    Of several positions each is a target of its own, with its position behind the label: ``donor@12``. With
    ``over``, the name of a set of letters, logits are summed over it: ``donor@all``.

    Raises InputError as that does, and for no output at all.
    """
    asked = [given] if given is None or isinstance(given, str | int) else list(given)
    places = position if isinstance(position, list) else [position]
    if over is not None:
        places = [_any_letter(model, position, mask)]
    found = [
        _named(resolve_target(model, one, contrast=contrast, position=place, mask=mask), len(places), over)
        for one in asked
        for place in places
    ]
    if not found:
        raise InputError("there is no target: expected an output, by index or label")
    if len(set(found)) > 1 and any(one.is_likelihood for one in found):
        raise InputError(f"--target {LIKELIHOOD} is of no letter: expected it alone")
    if len(set(found)) > 1 and any(one.is_predicted for one in found):
        raise InputError(f"--target {PREDICTED} is another output for every sequence: expected it alone")
    return tuple(dict.fromkeys(found))


def _any_letter(model: Model, position: object, mask: bool) -> int:
    """A letter, in place of those that each sequence has. Raises InputError for what sums cannot go with."""
    if not model.kind.by_letter:
        raise InputError("the model gives logits for every sequence: expected no --positions")
    if position is not None or mask:
        option = "--mask-position" if mask else "--position"
        raise InputError(f"--positions is of several letters in one row: expected no {option} with it")
    return 0


def _named(target: Target, places: int, over: str | None) -> Target:
    """A target that is told apart from the same output at other letters."""
    if over is None and places == 1:
        return target
    if target.is_likelihood or target.is_predicted:
        raise InputError(f"--target {target.label} is of one letter or of none: expected an output")
    if over is None:
        return replace(target, label=f"{target.label}@{target.position}")
    return replace(target, label=f"{target.label}@{over}", position=None)


def resolve_target(
    model: Model,
    target: str | int | None,
    *,
    contrast: str | int | None = None,
    position: int | None = None,
    mask: bool = False,
) -> Target:
    """The logit of an output, given by its index or label, optionally minus another one's.

    None is the only output, or the second of two; of more, one has to be chosen. ``predicted`` is the most
    probable output of each sequence, unless the model has an output of that name. Models with labels for
    every letter and language models need the 0-based ``position`` of a letter; for the latter ``target`` is
    the letter (or another token), and ``mask`` hides what is there from a masked one. Of a causal language
    model ``log-likelihood``, without position, is that of each sequence.

    Raises InputError for an output that the model has not, whose label is that of another one too, since rows
    of a run are told apart by labels, or whose label has control characters.
    """
    if target == LIKELIHOOD and LIKELIHOOD not in model.labels:
        return _likelihood(model, contrast, position, mask)
    if (position is None) == model.kind.by_letter:
        wanted = "the --position of a letter" if model.kind.by_letter else "no --position"
        wanted += f", or --target {LIKELIHOOD}" if model.kind.ahead else ""
        raise InputError(f"the model gives logits for every {_unit(model)}: expected {wanted}")
    if position is not None and position < 0:
        raise InputError(f"--position {position}: expected a 0-based position of a letter")
    if mask and model.kind.ahead:
        raise InputError(
            "--mask-position hides a letter from a masked language model: a causal one sees none from the "
            "position on, leave it out"
        )
    if mask and (model.task != "masked" or model.tokenizer.mask_id is None):
        raise InputError("--mask-position hides a letter from a masked language model: this model is none")
    if target == PREDICTED and PREDICTED not in model.labels:
        return _predicted(model, contrast, position, mask)
    index = _default(model) if target is None else output_index(model, target)
    other = None if contrast is None else output_index(model, contrast)
    if other == index:
        raise InputError(f"--contrast {contrast} is the target itself: expected another output")
    label = model.labels[index] if other is None else f"{model.labels[index]} - {model.labels[other]}"
    return Target(index, label, position, other, mask)


def _predicted(model: Model, contrast: str | int | None, position: int | None, mask: bool) -> Target:
    if outputs(model) == "a number":
        raise InputError(
            f"--target {PREDICTED} is the most probable of several outputs, but the model gives "
            f"{'numbers' if len(model.labels) > 1 else 'one number'}: leave it out, or name an output"
        )
    if contrast is not None:
        raise InputError(
            f"--target {PREDICTED} may be what --contrast {contrast} subtracts: expected one of the two"
        )
    return Target.predicted(PREDICTED, position, mask)


def _likelihood(model: Model, contrast: str | int | None, position: int | None, mask: bool) -> Target:
    if not model.kind.ahead:
        raise InputError(
            f"--target {LIKELIHOOD} is of causal language models, and this is {model.kind.called}: expected "
            "an output, by index or label"
        )
    given = {"--position": position is not None, "--contrast": contrast is not None, "--mask-position": mask}
    if unfit := [name for name, there in given.items() if there]:
        raise InputError(f"--target {LIKELIHOOD} is of a whole sequence: leave {unfit[0]} out")
    return Target.likelihood()


def output_index(model: Model, target: str | int) -> int:
    """Index of an output; a label counts before a number that it could also be.

    Raises InputError for one that the model has not, or that shares its label with another.
    """
    text = str(target)
    if model.kind.language and len(text) == 1 and (letter := model.tokenizer.letter_id(text)) is not None:
        return letter
    index = place_of(model.labels, text)
    if index is not None:
        return _unique(model, index)
    raise InputError(
        f"target {text!r} is out of range: expected an index from 0 to {len(model.labels) - 1}, "
        f"or one of {_labels(model)}"
    )


def place_of(labels: Sequence[str], text: str) -> int | None:
    """Index of the output that a text names, by its label or else by its index; None if it names none."""
    if text in labels:
        return labels.index(text)
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) < len(labels) else None


def _default(model: Model) -> int:
    """The only output, or the second of two."""
    if len(model.labels) > 2 or model.kind.language:
        raise InputError(
            f"the model has {counted(len(model.labels), 'output')}: say which is explained with --target, an "
            f"index from 0 or one of {_labels(model)}"
        )
    return _unique(model, len(model.labels) - 1)


def _unique(model: Model, index: int) -> int:
    label = model.labels[index]
    same = [i for i, other in enumerate(model.labels) if other == label]
    if len(same) > 1:
        raise InputError(
            f"outputs {', '.join(map(str, same))} of the model are all called {label!r}, by which rows are "
            "told apart: give each a label of its own (id2label in its config.json)"
        )
    check_name(label, f"output {index} of the model (id2label in its config.json),")
    return index


def _labels(model: Model) -> str:
    return ", ".join(model.labels[:8]) + (", ..." if len(model.labels) > 8 else "")


def _unit(model: Model) -> str:
    return "letter" if model.kind.by_letter else "sequence"
