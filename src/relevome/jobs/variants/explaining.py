"""Why variants do what they do: from those that were scored to relevance of both alleles, shard by shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relevome.data.variants.columns import allele_columns
from relevome.data.variants.variant import BadVariant
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.discovery.variants.token_breaks import token_breaks
from relevome.discovery.variants.why import RelevanceChange, WhyAsked, relevance_changes
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs.running.estimates import WorkEstimate
from relevome.jobs.running.planning import estimate_shards
from relevome.jobs.running.shards import ShardResult
from relevome.jobs.running.writing import remembered, write_shards
from relevome.jobs.variants.scoring import ScoreShard, VariantQuestion
from relevome.jobs.variants.shards import VariantShard, carried_out, variant_shards
from relevome.jobs.variants.source import VariantItem
from relevome.jobs.variants.why_plan import WhyPlan, why_manifest
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.results.parts.part import Counts, Refusal
from relevome.results.parts.pieces import Outcome, Pieces
from relevome.results.parts.writer import PartsWriter, parts_there
from relevome.results.variants.columns import OF_TARGET, OF_VARIANT
from relevome.results.variants.rows import VariantRow, Variants
from relevome.results.variants.why import FOLDER, TABLE, WHY, VariantsWhy, WhyRow

SHARD_VARIANTS, SHARD_LETTERS = 512, 1 << 20
_TOGETHER = 1 << 16  # letters that are explained at once


def explain_variants(
    model: Model,
    question: VariantQuestion,
    plan: WhyPlan,
    items: Iterable[VariantItem],
    windowing: VariantWindowing,
    scored: Variants,
    batch_size: int | None,
    engine: Engine | str,
    told: Callable[[int], None],
) -> None:
    """Explain variants that are scored, beside them, or go on where that was stopped.

    Args:
        model: The model.
        question: What was asked of it.
        plan: How they are explained.
        items: The variants, in windows of the plan's `WhyPlan.windowing`.
        windowing: How windows were cut of which they have their scores.
        scored: The scores.
        batch_size: Sequences that go through the model at once. None: what suits the model.
        engine: Where it is computed.
        told: Called with how many variants were just done.
    """
    folder = scored.path / FOLDER
    sized = model.with_batch_sizes(batch_sizes_of(batch_size, remembered(folder, WHY, overwrite=False)))
    said = why_manifest(sized, plan, scored.manifest, windowing)
    with PartsWriter(folder, WHY, said) as writer:
        (folder / TABLE).unlink(missing_ok=True)
        task = ExplainVariants(sized, question, plan, scored.manifest["on_bad"], writer.pieces)
        asked = why_items(items, scored)
        every = variant_shards(asked, _letters, SHARD_VARIANTS, SHARD_LETTERS)
        write_shards(writer, task, every, engine, told)
        VariantsWhy(folder).write_table()


def estimate_explaining(
    score: ScoreShard,
    plan: WhyPlan,
    items: Iterable[tuple[VariantItem, VariantItem]],
    windowing: VariantWindowing,
    scores: Mapping[str, Any],
    folder: Path,
    overwrite: bool,
    engine: Engine | str,
) -> WorkEstimate:
    """What it will take to explain variants once they are scored; a sample of them is scored for that.

    ``items`` are the variants in windows of their scores and in those of the plan, ``scores`` what
    ``variants.json`` will say. The rest is as of `explain_variants`, but nothing is written.
    """
    said = why_manifest(score.model, plan, scores, windowing)
    task = ExplainVariants(score.model, score.question, plan, score.on_bad)

    def scored(number: int, pairs: list[Any]) -> VariantShard[Any]:
        rows = score(VariantShard(0, [own for own, _ in pairs])).rows
        return VariantShard(number, [*why_items((wide for _, wide in pairs), rows)])

    every = variant_shards(items, _letters_to_explain, SHARD_VARIANTS, SHARD_LETTERS)
    there = parts_there(folder / FOLDER, WHY, said, overwrite)
    return estimate_shards(scored, every, task, WHY.rows, engine, _letters_to_explain, there)


@dataclass(frozen=True)
class WhyItem:
    """A variant with its windows, each of which has a row for every target; or why there is nothing."""

    windows: tuple[VariantWindows, ...]
    rows: tuple[VariantRow, ...]
    refused: Refusal | None = None


def why_items(items: Iterable[VariantItem], scored: Iterable[VariantRow]) -> Iterator[WhyItem]:
    """Variants beside the rows of what was scored, which are in the same order."""
    rows = groupby(scored, key=lambda row: (row.line, row.alternative))
    at, here = next(rows, (None, iter(())))
    for item in items:
        if isinstance(item, BadVariant):
            yield WhyItem((), (), Refusal(item.id, str(item)))
        elif (item[0].variant.line, item[0].variant.number) == at:
            yield WhyItem(item, tuple(here))
            at, here = next(rows, (None, iter(())))
        else:
            yield WhyItem((), (), Refusal(item[0].variant.name, "it was not scored"))


@dataclass(frozen=True)
class ExplainVariants:
    """What an engine does with every shard of variants that are explained."""

    model: Model
    question: VariantQuestion
    plan: WhyPlan
    on_bad: str
    pieces: Pieces | None = None

    @torch.inference_mode(mode=False)
    @torch.enable_grad()
    def __call__(self, shard: VariantShard[WhyItem]) -> ShardResult:
        """Explain all variants of a shard; one that is refused is counted, or raised if that is asked."""
        each = self.plan.readings * max(len(self.question.targets), 1)
        return carried_out(shard, self.model, self.pieces, _letters, _TOGETHER // each, self._outcomes)

    def _outcomes(self, items: List[WhyItem]) -> Iterator[Outcome]:
        asked = [[self._asked(*pair) for pair in self._pairs(item)] for item in items]
        ready = [one for some in asked for one in some if isinstance(one, WhyAsked)]
        both, shifts = self.question.both_strands, self.plan.shifts
        found = iter(relevance_changes(self.model, self.plan.method, ready, both, shifts))
        for item, some in zip(items, asked, strict=True):
            changes = [one if isinstance(one, InputError) else next(found) for one in some]
            yield self._outcome(item, some, changes)

    def _pairs(self, item: WhyItem) -> Iterator[tuple[VariantWindows, VariantRow, int]]:
        pairs = product(item.windows, range(len(self.question.targets)))
        for (windows, place), row in zip(pairs, item.rows, strict=True):
            yield windows, row, place

    def _asked(self, windows: VariantWindows, row: VariantRow, place: int) -> WhyAsked | InputError:
        """What is explained of a row, or why nothing can be."""
        target = self.question.targets[place]
        if row.gain is None:
            return WhyAsked(windows, target)
        letter = _most_changed(windows, row)
        if letter is None:
            return InputError(
                f"variant {windows.variant.name!r} changes {row.target} only at letters that one allele has "
                "alone: there is no output of both to explain"
            )
        return WhyAsked(windows, target, letter)

    def _outcome(
        self,
        item: WhyItem,
        asked: list[WhyAsked | InputError],
        changes: list[RelevanceChange | InputError],
    ) -> Outcome:
        if item.refused is not None:
            return Outcome((), Counts(1, 0, (item.refused,), {"refused_before": 1}))
        failed = next((one for one in changes if isinstance(one, InputError)), None)
        if failed is not None and self.on_bad == "refuse":
            raise failed
        if failed is not None:
            refusal = Refusal(item.windows[0].variant.name, str(failed))
            return Outcome((), Counts(1, 0, (refusal,), {"refused_not_explained": 1}))
        rows = [
            self._row(row, one, change)
            for row, one, change in zip(item.rows, asked, changes, strict=True)
            if isinstance(one, WhyAsked) and isinstance(change, RelevanceChange)
        ]
        counted = {f"motif_{side}": sum(getattr(row, side) is not None for row in rows) for side in _SIDES}
        return Outcome(
            tuple(rows), Counts(1, 1, (), {name: count for name, count in counted.items() if count})
        )

    def _row(self, row: VariantRow, asked: WhyAsked, change: RelevanceChange) -> WhyRow:
        columns, known = change.columns, row._asdict()
        kept = {name: known[name] for name in _KEPT}
        gaps = [
            np.array([letter == "-" for letter in letters])
            for letters in (columns.ref_letters, columns.alt_letters)
        ]
        return WhyRow(
            **kept,
            letter=None if asked.letter is None else row.start + asked.letter,
            first=asked.windows.start + self.plan.shifts,
            changed_start=columns.changed.start,
            changed_end=columns.changed.stop,
            ref_letters=columns.ref_letters,
            alt_letters=columns.alt_letters,
            ref_relevance=np.where(gaps[0], np.nan, change.ref).astype(np.float32),
            alt_relevance=np.where(gaps[1], np.nan, change.alt).astype(np.float32),
            difference=change.difference.astype(np.float32),
            difference_low=change.low.astype(np.float32),
            difference_high=change.high.astype(np.float32),
            ref_score=change.scores[0],
            alt_score=change.scores[1],
            ref_special=change.special[0],
            alt_special=change.special[1],
            **self._breaks(change),
            **self._motifs(change),
        )

    def _motifs(self, change: RelevanceChange) -> dict[str, Any]:
        """What is said of motifs, if any are looked for."""
        if self.plan.motifs is None:
            return {}
        count, gained, lost = self.plan.motifs.changes(change, self.model.alphabet)
        return {"motif_placements": count, "gained": gained, "lost": lost}

    def _breaks(self, change: RelevanceChange) -> dict[str, Any]:
        """What is said of tokens of several letters."""
        if self.model.tokenizer.one_letter_always:
            return {}
        found = token_breaks(change)
        return {
            "ref_tokens": found.ref_tokens, "alt_tokens": found.alt_tokens, "broken_tokens": found.broken,
            "on_changed_tokens": found.on_changed, "on_broken_tokens": found.on_broken,
            "on_same_tokens": found.on_same, "broken_share": found.share,
        }  # fmt: skip


_SIDES = ("gained", "lost")
_KEPT = [field.name for field in (*OF_VARIANT, *OF_TARGET)]


def _letters(item: WhyItem) -> int:
    return sum(len(one.reference.letters) for one in item.windows)


def _letters_to_explain(pair: tuple[VariantItem, VariantItem]) -> int:
    """Letters of the windows in which a variant will be explained, none of one that cannot be used."""
    return 0 if isinstance(pair[1], BadVariant) else sum(len(one.reference.letters) for one in pair[1])


def _most_changed(windows: VariantWindows, row: VariantRow) -> int | None:
    """The letter of the larger of gain and loss that both alleles have, from the variant's first on."""
    sizes = sorted([(row.gain, row.gain_at), (row.loss, row.loss_at)], key=lambda one: -(one[0] or 0))
    for _, at in sizes:
        letter = windows.reference.at + (at or 0)
        opposite = [allele_columns(windows, one).opposite(letter) for one in windows.alternatives]
        if None not in opposite:
            return at
    return None
