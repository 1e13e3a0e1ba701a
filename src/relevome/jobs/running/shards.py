"""Shards of the sequences to explain: fixed stretches of the input, and what each of them gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from relevome import ledger as ledgers
from relevome.attribution import Method
from relevome.attribution.batches import ONCE, Asked, Explained, ask, check_logit, explain_each
from relevome.attribution.readings import Readings
from relevome.data.inputs import Input
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.jobs.running.answers import answered, asked_alone
from relevome.jobs.running.cuts import cut
from relevome.jobs.running.positions import Positions
from relevome.models.base import Model, Target
from relevome.models.long_sequences import windows
from relevome.models.responses import Response, responses_to
from relevome.options import check_choice
from relevome.results.parts.part import Counts, Refusal, total
from relevome.results.parts.pieces import Keeping, Outcome, Pieces
from relevome.results.run.rows import to_rows

SHARD_SEQUENCES = 256
SHARD_LETTERS = 65_536


@dataclass(frozen=True)
class Plan:
    """All that decides what a run contains, apart from the model and the sequences.

    ``chosen`` says for what the method was chosen where nobody named one.
    """

    method: Method
    method_name: str
    targets: tuple[Target, ...]
    lift: str = "split"
    readings: Readings = ONCE
    letter_scores: bool = False
    long: str = "refuse"
    on_bad: str = "refuse"
    seed: int = 0
    positions: Positions | None = None
    chosen: str | None = None

    def targets_of(self, sequence: Sequence) -> tuple[Target, ...]:
        """The targets, at the letters of a sequence that are meant. Raises InputError without any."""
        if self.positions is None:
            return self.targets
        letters = self.positions.of(sequence)
        return tuple(replace(target, positions=letters) for target in self.targets)

    def __post_init__(self) -> None:
        if self.long == "window" and (self.positions or any(target.letters for target in self.targets)):
            raise InputError("positions are letters of a whole sequence: they cannot go with --long window")
        readings = self.readings
        if self.long == "window" and (readings.tokenisations * readings.offsets > 1 or readings.shifts):
            raise InputError(
                "--long window cuts where the tokenizer's own tokens are too many: it cannot go with "
                "--tokenisations, --offsets or --shifts"
            )
        if readings.shifts and any(target.is_likelihood for target in self.targets):
            raise InputError(
                "--shifts fills with unknown letters, which a log-likelihood would be asked about: leave one "
                "of them out"
            )
        if len(self.readings) > 1 and getattr(self.method, "heads", False):
            raise InputError(
                "--heads is by token, and tokens of one reading are not those of another: it cannot go with "
                "--average-strands, --tokenisations, --offsets or --shifts"
            )
        check_choice("--lift", self.lift, ("split", "copy"))
        check_choice("--long", self.long, ("refuse", "window"))
        check_choice("--on-bad", self.on_bad, ("refuse", "skip"))


def check_letters(sequence: Sequence, plan: Plan) -> None:
    """Raises InputError for letters that are asked for and that the sequence has not."""
    for target in plan.targets_of(sequence):
        for position in target.letters:
            plan.readings.check_position(sequence, position)


@dataclass(frozen=True)
class Item:
    """A sequence to explain, or a window of one, or what is wrong with it."""

    what: Sequence | Problem
    begins_sequence: bool = True


@dataclass(frozen=True)
class Shard:
    """A stretch of the input, by its number."""

    number: int
    items: list[Item]

    @property
    def sequences(self) -> int:
        """How many sequences begin in it, those that cannot be used aside."""
        return sum(item.begins_sequence and isinstance(item.what, Sequence) for item in self.items)

    @property
    def letters(self) -> int:
        """How many letters are in it."""
        return sum(map(letters_of, self.items))


def shards(model: Model, source: Input, long: str) -> Iterator[Shard]:
    """Stretches of the input of at most so many sequences and, beyond the first, so many letters."""
    for number, items in cut(_items(model, source, long), letters_of, SHARD_SEQUENCES, SHARD_LETTERS):
        yield Shard(number, items)


def letters_of(item: Item) -> int:
    """The letters of a sequence, none of one that cannot be used."""
    return len(item.what) if isinstance(item.what, Sequence) else 0


def _items(model: Model, source: Input, long: str) -> Iterator[Item]:
    for item in source.read():
        if isinstance(item, Problem) or long == "refuse":
            yield Item(item)
        else:
            parts = windows(model, item)
            yield from (Item(part, number == 0) for number, part in enumerate(parts))


@dataclass(frozen=True)
class ShardResult:
    """Rows of a shard in the order of the input, what became of its sequences, and batch sizes on record.

    ``letters`` is how many were computed, and not found in pieces; None: all. ``written`` is the SHA-256 of
    their part where the rows are in it already, and not here.
    """

    rows: list[Any]
    counts: Counts
    batch_size: int | dict[str, int]
    letters: int | None = None
    written: str | None = None


def result_of(shard: Shard, keeping: Keeping, model: Model) -> ShardResult:
    """The result of a shard of which every outcome is known, by its place."""
    outcomes = [keeping.known[place] for place in range(len(shard.items))]
    rows = [row for outcome in outcomes for row in outcome.rows]
    letters = sum(letters_of(item) for place, item in enumerate(shard.items) if place not in keeping.found)
    return ShardResult(rows, total(one.counts for one in outcomes), model.batch_sizes.on_record(), letters)


@dataclass(frozen=True)
class ExplainShard:
    """What an engine does with every shard of an explanation.

    ``pieces``, where given, keep what is finished of a shard while the rest of it is computed.
    """

    model: Model
    plan: Plan
    pieces: Pieces | None = None

    def __call__(self, shard: Shard) -> ShardResult:
        """Explain all sequences of a shard; one that is refused is counted, or raised if the plan says so."""
        keeping = Keeping(self.pieces, shard.number)
        for place, outcome in self._outcomes(shard.items, keeping.known.keys()):
            keeping.add(place, outcome)
        return result_of(shard, keeping, self.model)

    def _outcomes(self, items: list[Item], known: Set[int]) -> Iterator[tuple[int, Outcome]]:
        """What came of each item, by its place, as it comes; those that are known are left out."""
        plan, model = self.plan, self.model
        places: list[int] = []
        asked: list[Asked] = []
        for place, item in enumerate(items):
            if isinstance(item.what, Sequence):
                places.append(place)
                asked.append(self._asked(item.what))
            elif place not in known:
                yield place, refused(item, str(item.what))
        told, failed = answered(model, asked, plan.readings, asked_alone(plan.method, asked))
        asked = [replace(one, tokens=failed.get(number, one.tokens)) for number, one in enumerate(asked)]
        if plan.targets[0].is_predicted:
            asked = [_for_predicted(model, one, told.get(n, ())) for n, one in enumerate(asked)]
        done = {number for number, place in enumerate(places) if place in known}
        found = explain_each(
            model, plan.method, asked, lift=plan.lift, readings=plan.readings, known=done,
            letter_scores=plan.letter_scores,
        )  # fmt: skip
        for some in found:
            outcomes = self._explained([items[places[number]] for number in some], some, told)
            yield from zip((places[number] for number in some), outcomes, strict=True)

    def _asked(self, sequence: Sequence) -> Asked:
        """A sequence with its targets, or why it has none."""
        try:
            targets = self.plan.targets_of(sequence)
        except InputError as error:
            return Asked(sequence, self.plan.targets, error)
        return ask(self.model, sequence, targets, self.plan.readings)

    def _explained(
        self,
        items: list[Item],
        found: Mapping[int, list[Explained | InputError]],
        told: Mapping[int, List[Response]],
    ) -> Iterator[Outcome]:
        """What came of each of some items, of which ``found`` has the results, one after the other."""
        plan, errors = self.plan, {n: _error(results) for n, results in found.items()}
        refusals = [error for error in errors.values() if error is not None]
        if refusals and plan.on_bad == "refuse":
            raise refusals[0]
        kept = {n: _without_errors(results) for n, results in found.items() if errors[n] is None}
        results = [result for some in kept.values() for result in some]
        own = iter(self._responses_of([one for n in kept if n not in told for one in kept[n]]))
        answers = [answer for n in kept for answer in told.get(n) or islice(own, len(kept[n]))]
        for n, explained in kept.items():
            self._check(explained, told.get(n))
        rows = iter(to_rows(results, plan.letter_scores, plan.lift == "split", answers, self.model.labels))
        for item, (number, error) in zip(items, errors.items(), strict=True):
            if error is not None:
                yield refused(item, str(error))
                continue
            counts = _counts(item, kept[number], self.model, plan.letter_scores)
            yield Outcome(tuple(islice(rows, len(kept[number]))), counts)

    def _check(self, explained: list[Explained], alone: List[Response] | None) -> None:
        """Raises InputError for results that lack what is asked for, or are of another logit."""
        if self.plan.letter_scores:
            self._check_letter_scores(explained[0])
        for result, answer in zip(explained, alone or (), strict=alone is not None):
            check_logit(self.model, result, answer)

    def _responses_of(self, results: list[Explained]) -> list[Response]:
        """What the model said while it was explained."""
        outputs = [result.forward.outputs for result in results if result.forward.outputs is not None]
        if len(outputs) < len(results):
            raise ValueError(f"{self.plan.method_name} promises all outputs, and has none")
        return self._responses(outputs)

    @cached_property
    def _responses(self) -> Callable[[List[np.ndarray]], list[Response]]:
        return responses_to(self.model, self.plan.targets[0])

    def _check_letter_scores(self, found: Explained) -> None:
        """Raises InputError where they were asked for, and a sequence that is read by letters has none."""
        if found.letter_scores is None and found.forward.tokens.one_letter_each:
            raise InputError(
                f"--letter-scores: {self.plan.method_name} has no score for every letter here: expected "
                "mutagenesis or, for a model that reads single letters, a gradient method at --site word"
            )


def _for_predicted(model: Model, asked: Asked, answers: List[Response]) -> Asked:
    """The same sequence with its most probable output as target."""
    largest = [answer.largest for answer in answers]
    targets = tuple(
        target if index is None else replace(target, index=index, label=model.labels[index])
        for target, index in zip(asked.targets, largest or [None] * len(asked.targets), strict=True)
    )
    return replace(asked, targets=targets)


def _error(results: list[Explained | InputError]) -> InputError | None:
    """The first error among the results of a sequence, if there is one."""
    return next((result for result in results if isinstance(result, InputError)), None)


def _without_errors(results: list[Explained | InputError]) -> list[Explained]:
    return [result for result in results if isinstance(result, Explained)]


def refused(item: Item, reason: str) -> Outcome:
    """What came of a sequence for which there is no result."""
    return Outcome((), Counts(int(item.begins_sequence), 0, (Refusal(item.what.id, reason),)))


def _counts(item: Item, results: list[Explained], model: Model, asked_scores: bool) -> Counts:
    """What is counted of a sequence that was explained."""
    tokens, sequence = results[0].forward.tokens, results[0].track.sequence
    notes: dict[str, int] = {}
    for result in results:
        notes |= {name: notes.get(name, 0) + count for name, count in result.notes.items()}
    other = notes | {
        "windows": int(not item.begins_sequence),
        "without_letter_scores": int(asked_scores and results[0].letter_scores is None),
        "read_past_their_end": int(_reads_past_end(model, results[0])),
        "unknown_tokens": int(np.count_nonzero(tokens.ids == model.tokenizer.unknown_id)),
        "ambiguous_letters": len(sequence.ambiguous_positions),
        "rare_letters_read_as_X": model.tokenizer.rare_letters(sequence),
    }
    one = int(item.begins_sequence)
    counted = {name: count for name, count in other.items() if count}
    return Counts(one, one, (), counted, ledgers.total(one.ledger for one in results if one.ledger))


def _reads_past_end(model: Model, result: Explained) -> bool:
    """Whether the letters that a model looks ahead are not all in the sequence."""
    letters = result.forward.target.letters
    return bool(letters) and max(letters) + model.look_ahead >= len(result.track.sequence)
