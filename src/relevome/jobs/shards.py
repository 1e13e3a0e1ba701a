"""Shards of the sequences to explain: fixed stretches of the input, and what each of them gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from relevome import ledger as ledgers
from relevome.attribution import Method
from relevome.attribution.batches import ONCE, Explained, check_logit, explain_sequences
from relevome.attribution.readings import Readings
from relevome.data.inputs import Input
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.models.base import Model, Target
from relevome.models.long_sequences import windows
from relevome.results.parts.part import Counts, Refusal
from relevome.results.run.columns import Explanation, to_row

SHARD_SEQUENCES = 256
SHARD_LETTERS = 65_536


@dataclass(frozen=True)
class Plan:
    """All that decides what a run contains, apart from the model and the sequences."""

    method: Method
    method_name: str
    targets: tuple[Target, ...]
    lift: str = "split"
    readings: Readings = ONCE
    letter_scores: bool = False
    long: str = "refuse"
    on_bad: str = "refuse"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.long == "window" and any(target.position is not None for target in self.targets):
            raise InputError("--position is a letter of a whole sequence: it cannot go with --long window")
        if self.long == "window" and self.readings.tokenisations * self.readings.offsets > 1:
            raise InputError(
                "--long window cuts where the tokenizer's own tokens are too many: it cannot go with "
                "--tokenisations or --offsets"
            )
        if len(self.readings) > 1 and getattr(self.method, "heads", False):
            raise InputError(
                "--heads is by token, and tokens of one reading are not those of another: it cannot go with "
                "--average-strands, --tokenisations or --offsets"
            )
        choices = {"lift": ("split", "copy"), "long": ("refuse", "window"), "on_bad": ("refuse", "skip")}
        for name, expected in choices.items():
            if getattr(self, name) not in expected:
                flag = f"--{name.replace('_', '-')}"
                raise InputError(f"{flag} {getattr(self, name)}: expected {' or '.join(expected)}")


@dataclass(frozen=True)
class Item:
    """A sequence to explain, or a window of one, or what is wrong with it."""

    what: Sequence | Problem
    begins_sequence: bool = True


def shards(model: Model, source: Input, plan: Plan) -> Iterator[list[Item]]:
    """Stretches of the input of at most so many sequences and, beyond the first, so many letters."""
    shard: list[Item] = []
    letters = 0
    for item in _items(model, source, plan):
        length = len(item.what) if isinstance(item.what, Sequence) else 0
        if shard and (len(shard) == SHARD_SEQUENCES or letters + length > SHARD_LETTERS):
            yield shard
            shard, letters = [], 0
        shard.append(item)
        letters += length
    if shard:
        yield shard


def sequences_in(shard: list[Item]) -> int:
    """How many sequences begin in a shard, those that cannot be used aside."""
    return sum(item.begins_sequence and isinstance(item.what, Sequence) for item in shard)


def _items(model: Model, source: Input, plan: Plan) -> Iterator[Item]:
    for item in source.read():
        if isinstance(item, Problem) or plan.long == "refuse":
            yield Item(item)
        else:
            parts = windows(model, item)
            yield from (Item(part, number == 0) for number, part in enumerate(parts))


@dataclass(frozen=True)
class ShardResult:
    """Rows of a shard in the order of the input, what became of its sequences, and batch sizes on record."""

    rows: list[Explanation]
    counts: Counts
    batch_size: int | dict[str, int]


@dataclass(frozen=True)
class ExplainShard:
    """What an engine does with every shard of an explanation."""

    model: Model
    plan: Plan

    def __call__(self, shard: list[Item]) -> ShardResult:
        """Explain all sequences of a shard; one that is refused is counted, or raised if the plan says so."""
        plan = self.plan
        sequences = [item.what for item in shard if isinstance(item.what, Sequence)]
        found = iter(
            explain_sequences(
                self.model, plan.method, sequences, list(plan.targets),
                lift=plan.lift, readings=plan.readings,
            )
        )  # fmt: skip
        tally = _Tally()
        rows: list[Explanation] = []
        for item in shard:
            if isinstance(item.what, Problem):
                tally.refuse(item, str(item.what))
                continue
            results = [next(found) for _ in plan.targets]
            errors = [result for result in results if isinstance(result, InputError)]
            if errors and plan.on_bad == "refuse":
                raise errors[0]
            if errors:
                tally.refuse(item, str(errors[0]))
                continue
            explained = [result for result in results if isinstance(result, Explained)]
            if plan.letter_scores:
                self._check_letter_scores(explained[0])
            rows += [to_row(result, plan.letter_scores, plan.lift == "split") for result in explained]
            if not tally.explained:
                check_logit(self.model, explained[0])
            tally.explain(item, explained, self.model, plan.letter_scores)
        return ShardResult(rows, tally.counts(), self.model.batch_sizes.on_record())

    def _check_letter_scores(self, found: Explained) -> None:
        """Raises InputError where they were asked for, and a sequence that is read by letters has none."""
        if found.letter_scores is None and found.forward.tokens.one_letter_each:
            raise InputError(
                f"--letter-scores: {self.plan.method_name} has no score for every letter here: expected "
                "mutagenesis or, for a model that reads single letters, a gradient method at --site word"
            )


@dataclass
class _Tally:
    """What became of the sequences of a shard."""

    read: int = 0
    explained: int = 0
    refused: list[Refusal] = field(default_factory=list)
    other: dict[str, int] = field(default_factory=dict)
    ledgers: list[Ledger] = field(default_factory=list)

    def refuse(self, item: Item, reason: str) -> None:
        self.read += item.begins_sequence
        self.refused.append(Refusal(item.what.id, reason))

    def explain(self, item: Item, results: list[Explained], model: Model, asked: bool) -> None:
        self.read += item.begins_sequence
        self.explained += item.begins_sequence
        self.ledgers += [result.ledger for result in results if result.ledger]
        tokens = results[0].forward.tokens
        notes = [result.notes for result in results]
        for name in {name for note in notes for name in note}:
            self._add(name, sum(note.get(name, 0) for note in notes))
        self._add("windows", not item.begins_sequence)
        self._add("without_letter_scores", asked and results[0].letter_scores is None)
        self._add("read_past_their_end", _reads_past_end(model, results[0]))
        self._add("unknown_tokens", int((tokens.ids == model.tokenizer.unknown_id).sum()))
        self._add("ambiguous_letters", len(results[0].track.sequence.ambiguous_positions))
        self._add("rare_letters_read_as_X", model.tokenizer.rare_letters(results[0].track.sequence))

    def _add(self, name: str, count: int) -> None:
        if count:
            self.other[name] = self.other.get(name, 0) + count

    def counts(self) -> Counts:
        refused = tuple(self.refused)
        return Counts(self.read, self.explained, refused, self.other, ledgers.total(self.ledgers))


def _reads_past_end(model: Model, result: Explained) -> bool:
    """Whether the letters that a model looks ahead are not all in the sequence."""
    position = result.forward.target.position
    return position is not None and position + model.look_ahead >= len(result.track.sequence)
