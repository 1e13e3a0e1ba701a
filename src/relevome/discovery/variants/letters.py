"""Variants by models with outputs for every letter: where near the variant they rise and fall.

Outputs of the alternative are brought to the letters of the reference, as scores of splicing are given
(Jaganathan et al. 2019, Cell 176:535-548): a deleted letter has 0, and a letter behind which others are
inserted has the largest of theirs and its own.
"""

from __future__ import annotations

from collections.abc import Sequence as List
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.data.variants.variant import Variant, trimmed
from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.discovery.variants.strands import StrandedWindow, overflowed, stranded
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import like_lengths
from relevome.models.predictions import logits_or_errors, outputs, probabilities
from relevome.models.some_letters import only_outputs_of
from relevome.models.tokens import Tokens
from relevome.results.variants.effect import VariantEffect

_ANY = Target(0, "", position=0)  # logits are read whole


def letter_effects(
    model: Model, targets: List[Target], windows: List[VariantWindows], both_strands: bool, distance: int
) -> list[list[VariantEffect] | InputError]:
    """Gain and loss of every target within ``distance`` letters of every variant's first.

    They are of probabilities, or of numbers where outputs are numbers. Of a variant at which the model fails,
    or whose windows end before, it is the error.
    """
    asked: dict[_Asked, str] = {}
    for one in windows:
        for some in _asked(one, both_strands, distance):
            asked |= dict.fromkeys(some, one.variant.name)
    known = _outputs(model, [target.index for target in targets], asked)
    return [_effects(targets, one, _asked(one, both_strands, distance), distance, known) for one in windows]


def aligned(
    values: Float[np.ndarray, "letters outputs"], first: int, variant: Variant, distance: int
) -> Float[np.ndarray, "places outputs"]:
    """Outputs of the alternative at the letters of the reference, from ``-distance`` to ``distance``.

    Args:
        values: Outputs of letters of the alternative's window.
        first: Which of them is the alternative's first letter.
        variant: The variant.
        distance: Letters on either side of the first.
    """
    shared, ref, alt = trimmed(variant.ref, variant.alt, 1)
    places = np.arange(-distance, distance + 1)
    behind = places >= shared + len(ref)
    at = first + places + np.where(behind, len(alt) - len(ref), 0)
    deleted = (places >= shared + len(alt)) & (places < shared + len(ref))
    found = np.where(deleted[:, None], 0.0, values[np.where(deleted, first, at)])
    last = distance + shared + len(ref) - 1
    if len(alt) > len(ref) and last < len(found):
        inserted = slice(first + shared + len(ref) - 1, first + shared + len(alt))
        found[last] = values[inserted].max(axis=0)
    return found


class _Asked(NamedTuple):
    """A reading, and the letters around its allele's first whose outputs are asked for."""

    reading: StrandedWindow
    letters: range


def _asked(windows: VariantWindows, both: bool, distance: int) -> tuple[list[_Asked], list[_Asked]]:
    """What is asked of the reference, and of the alternative."""
    variant = windows.variant
    behind = max(distance + 1 + variant.growth, min(distance + 1, len(variant.alt)))
    spans = range(-distance, distance + 1), range(-distance, behind)
    pairs = zip(stranded(windows, both), spans, strict=True)
    reference, alternative = ([_Asked(one, span) for one in readings] for readings, span in pairs)
    return reference, alternative


def _outputs(
    model: Model, columns: list[int], asked: dict[_Asked, str]
) -> dict[_Asked, Float[np.ndarray, "letters outputs"] | InputError]:
    """The outputs of the letters that are asked for, in the direction of the file."""
    found: dict[_Asked, np.ndarray | InputError] = {}
    tokens: list[tuple[_Asked, range, Tokens]] = []
    tokenize = LetterTokens(model)
    for one, name in asked.items():
        try:
            letters = _letters(one)
            tokens.append((one, letters, tokenize(one.reading.sequence(name, model.alphabet))))
        except InputError as error:
            found[one] = error
    kind = outputs(model)
    for some in like_lengths(model, [len(each) for _, _, each in tokens]):
        batch = Batch(tuple(tokens[n][2] for n in some), (_ANY,) * len(some))
        with only_outputs_of(model, {at for n in some for at in (tokens[n][1][0], tokens[n][1][-1])}):
            every = logits_or_errors(model, batch, lambda all, _: all)
        for n, logits in zip(some, every, strict=True):
            one, letters, each = tokens[n]
            if isinstance(logits, InputError):
                found[one] = logits
                continue
            there = logits[[model.token_read(each, letter) for letter in letters]]
            chance = probabilities(there, kind)
            values = (there if chance is None else chance)[:, columns]
            found[one] = values[::-1] if one.reading.turned else values
    return found


def _letters(asked: _Asked) -> range:
    """The same letters, counted as they are read. Raises InputError where the window is too short."""
    at, size = asked.reading.window.at, len(asked.reading.window.letters)
    first, last = at + asked.letters.start, at + asked.letters.stop
    if first < 0 or last > size:
        raise InputError(
            f"windows of {size:,} letters do not hold {-asked.letters.start:,} on either side of the variant "
            "with both alleles: expected a longer --width, or a shorter --distance"
        )
    return range(size - last, size - first) if asked.reading.turned else range(first, last)


def _effects(
    targets: List[Target],
    windows: VariantWindows,
    asked: tuple[list[_Asked], list[_Asked]],
    distance: int,
    known: dict[_Asked, Float[np.ndarray, "letters outputs"] | InputError],
) -> list[VariantEffect] | InputError:
    found: list[list[np.ndarray]] = []
    for some in asked:
        said = [known[one] for one in some]
        failed = next((one for one in said if isinstance(one, InputError)), None)
        if failed is not None:
            return failed
        found.append([one for one in said if not isinstance(one, InputError)])
    reference, alternative = found
    there = [aligned(values, distance, windows.variant, distance) for values in alternative]
    rise = np.mean(there, axis=0) - np.mean(reference, axis=0)
    if not np.isfinite(rise).all():
        return overflowed(windows)
    return [_gain_and_loss(target, rise[:, place], distance) for place, target in enumerate(targets)]


def _gain_and_loss(target: Target, rise: Float[np.ndarray, " places"], distance: int) -> VariantEffect:
    most, least = int(rise.argmax()), int(rise.argmin())
    return VariantEffect(
        target.label,
        target.index,
        gain=float(rise[most]),
        gain_at=most - distance,
        loss=float(-rise[least]),
        loss_at=least - distance,
    )
