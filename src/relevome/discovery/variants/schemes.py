"""Variants by masked language models: log-probabilities of both alleles, under a scheme that is named.

With x the reference, y the alternative and M the places where they differ (Meier et al. 2021, NeurIPS,
"Language models enable zero-shot prediction of the effects of mutations on protein function", section 3):

- ``wild-type-marginal``: the sum over i in M of log p(y_i | x) - log p(x_i | x), nothing masked;
- ``masked-marginal``: the same of p(. | x without the letters of M), which are masked together;
- ``pseudo-likelihood``: the sum over all i of log p(y_i | y without i) minus that of x, which may have
  another length; of an insertion or a deletion the others say nothing, since there is no x_i beside a y_i.

A sequence that is longer than the model takes is read in windows that half overlap, each place in the one
in which it is farthest from an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import Sequence
from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.discovery.variants.strands import overflowed, stranded
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import like_lengths
from relevome.models.long_sequences import windows as long_windows
from relevome.models.predictions import logits_or_errors
from relevome.models.tokens import Tokens
from relevome.results.variants.effect import VariantEffect

Scheme: TypeAlias = Literal["wild-type-marginal", "masked-marginal", "pseudo-likelihood"]

LOG_LIKELIHOOD = "log-likelihood"
PSEUDO_LIKELIHOOD = "pseudo-likelihood"  # the only one that asks about both alleles as they are
_ANY = Target(0, "", position=0)  # logits are read whole


class Probe(NamedTuple):
    """What is asked of a model: the log-probability of a letter, with some places masked.

    Attributes:
        window: The part of the sequence that is read, by its letters.
        masked: Letters of it that are masked.
        place: The letter that is asked about.
        letter: What should be there.
    """

    window: str
    masked: tuple[int, ...]
    place: int
    letter: str


def scheme_effects(
    model: Model, scheme: Scheme, windows: List[VariantWindows], both_strands: bool
) -> list[list[VariantEffect] | InputError]:
    """Log-likelihoods of both alleles of every variant; the error of one that no scheme has a score for.

    What is asked twice, such as all of a protein of which there are several variants, is computed once.
    """
    probes: list[tuple[list[list[Probe]], list[list[Probe]]] | InputError] = []
    cut: dict[str, _Cut] = {}
    for one in windows:
        try:
            probes.append(_probes_of(model, scheme, one, both_strands, cut))
        except InputError as error:
            probes.append(error)
    strands = (
        one for pair in probes if not isinstance(pair, InputError) for allele in pair for one in allele
    )
    known = log_probabilities(model, (probe for strand in strands for probe in strand))
    return [_effect(one, pair, known) for one, pair in zip(windows, probes, strict=True)]


def check_scheme(model: Model) -> None:
    """Raises InputError for a model that has no log-probabilities of single letters under a mask."""
    tokenizer = model.tokenizer
    if model.task != "masked":
        raise InputError(
            f"--scheme is of masked language models, and this is {model.kind.called}: leave it out"
        )
    if not tokenizer.one_letter_always or tokenizer.letter_ids() is None or tokenizer.mask_id is None:
        raise InputError(
            "the model has no mask, or tokens of several letters: expected one that masks single letters, or "
            "a model with classes"
        )


@dataclass(frozen=True)
class _Cut:
    """A sequence in the windows that a model reads of it: their starts, and their letters."""

    starts: tuple[int, ...]
    parts: tuple[str, ...]

    @cached_property
    def owner(self) -> Int[np.ndarray, " letters"]:
        """Of each letter, the window in which it is farthest from an end."""
        length = self.starts[-1] + len(self.parts[-1])
        places = np.arange(length)
        depths = [
            np.minimum(places - start, start + len(part) - 1 - places)
            for start, part in zip(self.starts, self.parts, strict=True)
        ]
        return np.argmax(depths, axis=0)

    def probe(self, place: int, masked: Iterable[int], letter: str) -> Probe:
        """What is asked about one letter of the sequence, with some of its letters masked."""
        number = int(self.owner[place])
        start, part = self.starts[number], self.parts[number]
        inside = tuple(at - start for at in masked if 0 <= at - start < len(part))
        return Probe(part, inside, place - start, letter)


def _probes_of(
    model: Model, scheme: Scheme, windows: VariantWindows, both_strands: bool, cut: dict[str, _Cut]
) -> tuple[list[list[Probe]], list[list[Probe]]]:
    """Those of the reference and those of the alternative, for every strand."""
    readings = stranded(windows, both_strands)
    if scheme == PSEUDO_LIKELIHOOD:
        old, new = (
            [_one_by_one(model, one.sequence(windows.variant.name, model.alphabet), cut) for one in some]
            for some in readings
        )
        return old, new
    if windows.variant.growth:
        raise InputError(
            f"variant {windows.variant.name!r} is an insertion or a deletion, of which {scheme} says "
            f"nothing: expected a substitution, or --scheme {PSEUDO_LIKELIHOOD}"
        )
    found: tuple[list[list[Probe]], list[list[Probe]]] = ([], [])
    for pair in zip(*readings, strict=True):
        reference, alternative = (one.sequence(windows.variant.name, model.alphabet) for one in pair)
        probes = _probes(scheme, _cut(model, reference, cut), reference, alternative)
        for allele, some in zip(found, probes, strict=True):
            allele.append(some)
    return found


def _cut(model: Model, sequence: Sequence, known: dict[str, _Cut]) -> _Cut:
    """The windows of a sequence, which are kept by its letters."""
    if sequence.letters not in known:
        parts = [*long_windows(model, replace(sequence, interval=None))]
        starts = tuple(0 if part.interval is None else part.interval.start for part in parts)
        known[sequence.letters] = _Cut(starts, tuple(part.letters for part in parts))
    return known[sequence.letters]


def _probes(
    scheme: Scheme, cut: _Cut, reference: Sequence, alternative: Sequence
) -> tuple[list[Probe], list[Probe]]:
    old, new = reference.letters, alternative.letters
    changed = [place for place in range(len(old)) if old[place] != new[place]]
    hidden = changed if scheme == "masked-marginal" else []
    return (
        [cut.probe(place, hidden, old[place]) for place in changed],
        [cut.probe(place, hidden, new[place]) for place in changed],
    )


def _one_by_one(model: Model, sequence: Sequence, known: dict[str, _Cut]) -> list[Probe]:
    cut = _cut(model, sequence, known)
    return [cut.probe(place, [place], letter) for place, letter in enumerate(sequence.letters)]


def log_probabilities(model: Model, probes: Iterable[Probe]) -> dict[Probe, float | InputError]:
    """The log-probability of every probe's letter among all tokens; the error of one at which it fails."""
    together: dict[tuple[str, tuple[int, ...]], list[Probe]] = {}
    for probe in dict.fromkeys(probes):
        together.setdefault((probe.window, probe.masked), []).append(probe)
    found: dict[Probe, float | InputError] = {}
    read: dict[str, Tokens] = {}
    tokenize = LetterTokens(model)
    asked: list[tuple[Tokens, list[Probe]]] = []
    for (window, masked), some in together.items():
        try:
            if window not in read:
                read[window] = tokenize(Sequence("window", window, model.alphabet))
            asked.append((_masked(model, read[window], masked), some))
        except InputError as error:
            found |= dict.fromkeys(some, error)
    for number, logits in _logits(model, [tokens for tokens, _ in asked]):
        tokens, some = asked[number]
        for probe in some:
            found[probe] = logits if isinstance(logits, InputError) else _one(model, tokens, logits, probe)
    return found


def _masked(model: Model, tokens: Tokens, places: tuple[int, ...]) -> Tokens:
    ids = tokens.ids.copy()
    ids[[tokens.covering(place) for place in places]] = model.tokenizer.mask_id
    return tokens.with_ids(ids)


def _logits(model: Model, asked: List[Tokens]) -> Iterator[tuple[int, np.ndarray | InputError]]:
    for some in like_lengths(model, [len(tokens) for tokens in asked]):
        batch = Batch(tuple(asked[n] for n in some), (_ANY,) * len(some))
        yield from zip(some, logits_or_errors(model, batch, lambda logits, _: logits), strict=True)


def _one(model: Model, tokens: Tokens, logits: np.ndarray, probe: Probe) -> float | InputError:
    letter = model.tokenizer.letter_id(_written(model, probe.letter))
    if letter is None:
        return InputError(f"the model has no token for {probe.letter!r}, which is among the letters")
    here = logits[tokens.covering(probe.place)]
    return float(here[letter] - np.logaddexp.reduce(here))


def _written(model: Model, letter: str) -> str:
    """A letter as the model reads it."""
    return model.tokenizer.read_as(Sequence("letter", letter, model.alphabet))


def _effect(
    windows: VariantWindows,
    pair: tuple[list[list[Probe]], list[list[Probe]]] | InputError,
    known: dict[Probe, float | InputError],
) -> list[VariantEffect] | InputError:
    if isinstance(pair, InputError):
        return pair
    means = []
    for strands in pair:
        said = [[known[probe] for probe in probes] for probes in strands]
        failed = next((one for some in said for one in some if isinstance(one, InputError)), None)
        if failed is not None:
            return failed
        means.append(float(np.mean([sum(one for one in some if isinstance(one, float)) for some in said])))
    if not np.isfinite(means).all():
        return overflowed(windows)
    return [VariantEffect(LOG_LIKELIHOOD, None, *means)]
