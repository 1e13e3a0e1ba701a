"""From a model and sequences to a run: read lazily, checked first, explained in shards, kept as they come.

A shard is a fixed stretch of the input, so a run that was killed goes on with the first shard that is
missing and ends with the same files. Memory holds one shard at a time.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from relevome import ledger as ledgers
from relevome.attribution import Method, methods
from relevome.attribution.batches import ONCE, Explained, check_logit, explain_sequences
from relevome.attribution.readings import Readings
from relevome.data.inputs import Input, from_fasta, from_sequences
from relevome.data.problems import Problem, refuse_or_skip
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.models.base import Model, Target
from relevome.models.batching import FixedBatchSize, MeasuredBatchSizes
from relevome.models.long_sequences import windows
from relevome.models.targets import resolve_target
from relevome.options import configured, option_defaults
from relevome.results.run.explanation import Explanation
from relevome.results.run.manifest import NAME, read_manifest
from relevome.results.run.parts import Counts, Refusal
from relevome.results.run.reader import Run
from relevome.results.run.rows import to_row
from relevome.results.run.writer import RunWriter

SHARD_SEQUENCES = 256
SHARD_LETTERS = 65_536

# Told how many sequences were just done, and of how many in all.
Progress = Callable[[int, int], None]


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


def explain(
    model: Model,
    sequences: str | Path | Iterable[str | Sequence] | Input,
    method: str = "attnlrp",
    target: str | int | Iterable[str | int] = 1,
    *,
    out: str | Path | None = None,
    position: int | None = None,
    contrast: str | int | None = None,
    mask_position: bool = False,
    lift: str = "split",
    average_strands: bool = False,
    tokenisations: int = 1,
    tokenisation_dropout: float = 0.1,
    offsets: int = 1,
    letter_scores: bool = False,
    long: str = "refuse",
    on_bad: str = "refuse",
    batch_size: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Run:
    """Explain a target of a model on sequences, and keep the result as a run.

    ``sequences`` is the path of a FASTA file, letters, `Sequence` objects, or an `Input`. ``options`` are
    those of the method. Without ``out`` the run lives in a temporary folder for as long as the object does.
    Raises ``InputError`` for anything that the user has to mend; what was finished before is kept.
    """
    given = (target,) if isinstance(target, str | int) else tuple(target)
    goals = [
        resolve_target(model, t, contrast=contrast, position=position, mask=mask_position) for t in given
    ]
    plan = Plan(
        _method(method, options, seed),
        method,
        tuple(goals),
        lift,
        Readings(tokenisations, tokenisation_dropout, offsets, average_strands, seed),
        letter_scores,
        long,
        on_bad,
        seed,
    )
    source = _input(model, sequences)
    if out is not None:
        return run_plan(model, source, plan, Path(out), batch_size, overwrite, progress)
    folder = Path(tempfile.mkdtemp(prefix="relevome-"))
    try:
        run = run_plan(model, source, plan, folder, batch_size, overwrite, progress)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    return run


def _method(name: str, options: dict[str, Any], seed: int) -> Method:
    kind = methods[name]
    drawn = {"seed": seed} if "seed" in option_defaults(kind) else {}
    return configured(kind, f"method {name}", options | drawn)


def _input(model: Model, sequences: str | Path | Iterable[str | Sequence] | Input) -> Input:
    if isinstance(sequences, Input):
        return sequences
    if isinstance(sequences, str | Path):
        return from_fasta(sequences, model.alphabet)
    return from_sequences(sequences, model.alphabet)


def run_plan(
    model: Model,
    source: Input,
    plan: Plan,
    out: Path,
    batch_size: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Carry out a plan into a run folder, or go on with it where it stopped."""
    plan.readings.check(model)
    each = len(plan.targets) * len(plan.readings)
    total = check(model, source, plan) * each

    def advance(count: int) -> None:
        if progress:
            progress(count, total)

    model.batch_sizes = FixedBatchSize(batch_size) if batch_size else _remembered_sizes(out, overwrite)
    with RunWriter(out, _manifest(model, source, plan), overwrite) as writer:
        for index, shard in enumerate(_shards(_work(model, source, plan))):
            if index in writer.done:
                advance(len(shard) * each)
                continue
            rows, counts = _explain_shard(model, plan, shard, advance)
            writer.remember(batch_size=_sizes(model))
            writer.write_part(index, rows, counts)
    return Run(out)


def check(model: Model, source: Input, plan: Plan) -> int:
    """Read all input once before anything is computed, and count it.

    Unless bad sequences are to be skipped, the first of them is raised: better now than after hours.
    """
    count = 0
    for sequence in refuse_or_skip(source.read(), "skip" if plan.on_bad == "skip" else "refuse", []):
        if plan.on_bad == "refuse" and plan.long == "refuse" and model.may_refuse(sequence):
            for reading in plan.readings.all:
                plan.readings.tokens(model, sequence, reading)
        count += 1
    return count


@dataclass
class _Item:
    """A sequence to explain, or a window of one, or what is wrong with it."""

    what: Sequence | Problem
    begins_sequence: bool = True


def _work(model: Model, source: Input, plan: Plan) -> Iterator[_Item]:
    for item in source.read():
        if isinstance(item, Problem) or plan.long == "refuse":
            yield _Item(item)
        else:
            parts = windows(model, item)
            yield from (_Item(part, number == 0) for number, part in enumerate(parts))


def _shards(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    """Stretches of the input of at most so many sequences and, beyond the first, so many letters."""
    shard: list[_Item] = []
    letters = 0
    for item in items:
        length = len(item.what) if isinstance(item.what, Sequence) else 0
        if shard and (len(shard) == SHARD_SEQUENCES or letters + length > SHARD_LETTERS):
            yield shard
            shard, letters = [], 0
        shard.append(item)
        letters += length
    if shard:
        yield shard


def _explain_shard(
    model: Model, plan: Plan, shard: list[_Item], advance: Callable[[int], None]
) -> tuple[list[Explanation], Counts]:
    """Rows of a shard in the order of the input, and what became of its sequences."""
    sequences = [item.what for item in shard if isinstance(item.what, Sequence)]
    found = iter(
        explain_sequences(
            model, plan.method, sequences, list(plan.targets),
            lift=plan.lift, readings=plan.readings, advance=advance,
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
        rows += [to_row(result, plan.letter_scores, plan.lift == "split") for result in explained]
        if not tally.explained:
            check_logit(model, explained[0])
        tally.explain(item, explained, model)
    return rows, tally.counts()


@dataclass
class _Tally:
    """What became of the sequences of a shard."""

    read: int = 0
    explained: int = 0
    refused: list[Refusal] = field(default_factory=list)
    other: dict[str, int] = field(default_factory=dict)
    ledgers: list[Ledger] = field(default_factory=list)

    def refuse(self, item: _Item, reason: str) -> None:
        self.read += item.begins_sequence
        self.refused.append(Refusal(item.what.id, reason))

    def explain(self, item: _Item, results: list[Explained], model: Model) -> None:
        self.read += item.begins_sequence
        self.explained += item.begins_sequence
        self.ledgers += [result.ledger for result in results if result.ledger]
        tokens = results[0].forward.tokens
        notes = [result.notes for result in results]
        for name in {name for note in notes for name in note}:
            self._add(name, sum(note.get(name, 0) for note in notes))
        self._add("windows", not item.begins_sequence)
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


def _manifest(model: Model, source: Input, plan: Plan) -> dict[str, Any]:
    """What ``run.json`` says about the question."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "model": asdict(model.source) | {"class": type(model.module).__name__, "task": model.task,
                                         "dtype": str(model.dtype), "max_tokens": model.max_tokens}
        | ({"rare_as_x": True} if model.tokenizer.rare_as_x else {}),
        "input": dict(source.description),
        "method": plan.method_name,
        "parameters": asdict(plan.method),
        "targets": [asdict(target) for target in plan.targets],
        "alphabet": model.alphabet.name,
        "alphabet_letters": model.alphabet.letters,
        "lift": plan.lift,
        "average_strands": plan.readings.both_strands,
        "tokenisations": plan.readings.tokenisations,
        "tokenisation_dropout": plan.readings.dropout,
        "offsets": plan.readings.offsets,
        "letter_scores": plan.letter_scores,
        "long": plan.long,
        "on_bad": plan.on_bad,
        "seed": plan.seed,
        "shard": {"sequences": SHARD_SEQUENCES, "letters": SHARD_LETTERS},
        "batch_size": _sizes(model),
        "library_versions": _versions(),
    }  # fmt: skip


def _versions() -> dict[str, str]:
    names = ("relevome", "torch", "transformers", "tokenizers", "numpy", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _sizes(model: Model) -> int | dict[str, int]:
    """The batch size as ``run.json`` keeps it: one number, or what was measured for every width."""
    sizes = model.batch_sizes
    if isinstance(sizes, MeasuredBatchSizes):
        return {str(width): rows for width, rows in sizes.measured.items()}
    return sizes.size if isinstance(sizes, FixedBatchSize) else 0


def _remembered_sizes(out: Path, overwrite: bool) -> MeasuredBatchSizes:
    """What was measured before a run was killed, so that the rest of it is computed alike."""
    known = read_manifest(out).get("batch_size") if (out / NAME).is_file() and not overwrite else None
    return MeasuredBatchSizes({int(w): n for w, n in known.items()} if isinstance(known, dict) else {})
