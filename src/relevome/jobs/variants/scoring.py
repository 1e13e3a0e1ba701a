"""What is asked about variants, and shards of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as List
from dataclasses import dataclass

from relevome.data.variants.variant import BadVariant, Unusable
from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letters import letter_effects
from relevome.discovery.variants.matched_null import matched_nulls
from relevome.discovery.variants.schemes import (
    LOG_LIKELIHOOD,
    PSEUDO_LIKELIHOOD,
    Scheme,
    check_scheme,
    scheme_effects,
)
from relevome.discovery.variants.sequences import sequence_effects
from relevome.errors import InputError
from relevome.jobs.running.shards import ShardResult
from relevome.jobs.variants.shards import VariantShard, carried_out, variant_shards
from relevome.jobs.variants.source import VariantItem
from relevome.models.base import Model, Target
from relevome.models.predictions import outputs_of
from relevome.models.questions import LIKELIHOOD
from relevome.models.targets import resolve_targets
from relevome.results.parts.part import Counts, Refusal
from relevome.results.parts.pieces import Outcome, Pieces
from relevome.results.variants.effect import MatchedNull, VariantEffect
from relevome.results.variants.rows import OF_LETTERS, OF_NULL, OF_NUMBERS, OF_SEQUENCES, variant_row

SHARD_VARIANTS, SHARD_LETTERS = 4096, 1 << 22
_TOGETHER = 1 << 17  # letters of windows that are asked about at once
_PASSES = 16  # times fewer where every letter is a pass of its own


@dataclass(frozen=True)
class VariantQuestion:
    """What a model is asked about every variant.

    Attributes:
        targets: The outputs; none of a masked language model.
        scheme: Of a masked language model, how it is asked; else None.
        distance: Letters on either side of a variant, of a model with outputs for every letter.
        both_strands: Whether numbers are means over both strands.
        null: At how many other places the same change is asked about.
    """

    targets: tuple[Target, ...]
    scheme: Scheme | None
    distance: int
    both_strands: bool
    null: int = 0

    @property
    def labels(self) -> list[str]:
        """What outputs are called."""
        return [target.label for target in self.targets] or [LOG_LIKELIHOOD]

    @property
    def of_substitutions_only(self) -> bool:
        """Whether insertions and deletions have no score."""
        return self.scheme not in (None, PSEUDO_LIKELIHOOD)

    def scores(self, model: Model) -> tuple[str, ...]:
        """The columns in which the answer is."""
        return self._own_scores(model) + (OF_NULL if self.null else ())

    def _own_scores(self, model: Model) -> tuple[str, ...]:
        if self.scheme is not None:
            return OF_NUMBERS
        if model.kind.by_letter and not model.kind.language:
            return OF_LETTERS
        return OF_NUMBERS if outputs_of(model, self.targets[0]) == "a number" else OF_SEQUENCES

    def effects(self, model: Model, windows: List[VariantWindows]) -> list[list[VariantEffect] | InputError]:
        """What every variant does to every output."""
        if self.scheme is not None:
            return scheme_effects(model, self.scheme, windows, self.both_strands)
        if model.kind.by_letter and not model.kind.language:
            return letter_effects(model, self.targets, windows, self.both_strands, self.distance)
        return sequence_effects(model, self.targets, windows, self.both_strands)


def variant_question(
    model: Model,
    targets: str | int | Iterable[str | int] | None,
    scheme: Scheme | None,
    distance: int,
    both_strands: bool,
) -> VariantQuestion:
    """What can be asked of a model. Raises InputError for what cannot."""
    if distance < 0:
        raise InputError(f"--distance {distance}: expected 0 letters or more")
    if model.task == "masked":
        if targets is not None:
            raise InputError(
                "--target is of classes and numbers, and this is a masked language model: leave it out"
            )
        check_scheme(model)
        return VariantQuestion((), scheme or "masked-marginal", distance, both_strands)
    if scheme is not None:
        check_scheme(model)
    if model.task == "causal":
        asked = LIKELIHOOD if targets is None else targets
        return VariantQuestion(resolve_targets(model, asked), None, distance, both_strands)
    found = resolve_targets(model, targets, position=0 if model.kind.by_letter else None)
    if any(target.is_predicted for target in found):
        raise InputError(
            "--target predicted may be another output for each allele: expected an output by its name"
        )
    return VariantQuestion(found, None, distance, both_strands)


def score_shards(items: Iterable[VariantItem]) -> Iterator[VariantShard[VariantItem]]:
    """Stretches of the variants that are scored."""
    return variant_shards(items, window_letters, SHARD_VARIANTS, SHARD_LETTERS)


@dataclass(frozen=True)
class ScoreShard:
    """What an engine does with every shard of variants."""

    model: Model
    question: VariantQuestion
    on_bad: str
    pieces: Pieces | None = None

    def __call__(self, shard: VariantShard[VariantItem]) -> ShardResult:
        """Score all variants of a shard; one that is refused is counted, or raised if that is asked."""
        most = _TOGETHER // (_PASSES if self.question.scheme == PSEUDO_LIKELIHOOD else 1)
        return carried_out(shard, self.model, self.pieces, window_letters, most, self._outcomes)

    def _outcomes(self, items: List[VariantItem]) -> Iterator[Outcome]:
        every = [one for item in items if not isinstance(item, BadVariant) for one in item]
        asked = [one for windows in every for one in (windows, *windows.elsewhere)]
        effects = iter(self.question.effects(self.model, asked))
        for item in items:
            if isinstance(item, BadVariant):
                yield _refused(item.id, str(item), item.kind)
                continue
            found = [[next(effects) for _ in range(1 + len(one.elsewhere))] for one in item]
            yield self._outcome(item, [own for own, *_ in found], [others for _, *others in found])

    def _outcome(
        self,
        windows: tuple[VariantWindows, ...],
        found: list[list[VariantEffect] | InputError],
        elsewhere: list[list[list[VariantEffect] | InputError]],
    ) -> Outcome:
        failed = next((one for one in found if isinstance(one, InputError)), None)
        if failed is not None and self.on_bad == "refuse":
            raise failed
        if failed is not None:
            return _refused(windows[0].variant.name, str(failed), "not_scored")
        rows = tuple(
            variant_row(one, effect, null)
            for one, effects, others in zip(windows, found, elsewhere, strict=True)
            if not isinstance(effects, InputError)
            for effect, null in zip(effects, self._nulls(effects, others), strict=True)
        )
        counted = {
            "padded": any(one.padded for one in windows),
            "without_null": self.question.null and not all(row.null_places for row in rows),
        }
        return Outcome(rows, Counts(1, 1, (), {name: 1 for name, there in counted.items() if there}))

    def _nulls(
        self, effects: List[VariantEffect], others: List[List[VariantEffect] | InputError]
    ) -> List[MatchedNull | None]:
        return matched_nulls(effects, others) if self.question.null else [None] * len(effects)


def window_letters(item: VariantItem) -> int:
    """Letters of the windows of a variant, its matched places among them, none of one that cannot be used."""
    if isinstance(item, BadVariant):
        return 0
    return sum(len(one.reference.letters) * (1 + len(one.elsewhere)) for one in item)


def _refused(id: str, reason: str, kind: Unusable) -> Outcome:
    return Outcome((), Counts(1, 0, (Refusal(id, reason),), {f"refused_{kind}": 1}))
