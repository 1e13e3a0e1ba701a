"""From a model and sequences to a run: read lazily, checked first, explained in shards, kept as they come.

A shard is a fixed stretch of the input, so a run that was killed goes on with the first shard that is
missing and ends with the same files. Memory holds one shard at a time.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import Any

import torch

from relevome.attribution import Method, methods
from relevome.attribution.readings import Readings
from relevome.attribution.usual import usual_method
from relevome.data.inputs import Input, given_sequences
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import Sequence
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs import Progress
from relevome.jobs.running.estimates import Planned
from relevome.jobs.running.planning import estimate_shards
from relevome.jobs.running.positions import each_of, positions_of
from relevome.jobs.running.shards import (
    SHARD_LETTERS,
    SHARD_SEQUENCES,
    ExplainShard,
    Plan,
    Shard,
    check_letters,
    letters_of,
    shards,
)
from relevome.jobs.running.writing import remembered, write_shards
from relevome.models.base import Model, Target
from relevome.models.batching import batch_sizes_of
from relevome.models.targets import resolve_targets
from relevome.options import configured, option_defaults
from relevome.results.parts.writer import parts_there
from relevome.results.quality.loaded import quality_of_loaded
from relevome.results.quality.record import quality_record
from relevome.results.record import made_by_command, provenance
from relevome.results.run.manifest import RUN
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from relevome.stores.place import Place, named_place


def explain(
    model: Model,
    sequences: str | Path | Iterable[str | Sequence] | Mapping[str, str] | Input,
    method: str | None = None,
    target: str | int | Iterable[str | int] | None = None,
    *,
    out: str | Place | None = None,
    position: Any = None,
    positions: Any = None,
    contrast: str | int | None = None,
    mask_position: bool = False,
    lift: str = "split",
    average_strands: bool = False,
    tokenisations: int = 1,
    tokenisation_dropout: float = 0.1,
    offsets: int = 1,
    shifts: int = 0,
    letter_scores: bool = False,
    long: str = "refuse",
    on_bad: str = "refuse",
    batch_size: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    engine: Engine | str = "local",
    progress: Progress | None = None,
    planned: Planned | None = None,
    **options: Any,
) -> Run:
    """Say how much every letter, token and head contributed to an output of a model, and keep it as a run.

    With ``model = relevome.load_model("my_model")``, a DNA model with two outputs:

    >>> run = relevome.explain(model, ["ACGTTGCATAATGGCA"], "gradient-x-input", target=1)
    >>> run[0].relevance.shape, str(run[0].relevance.dtype)
    ((16,), 'float32')
    >>> run.to_pandas(["sequence_id", "target"]).shape
    (1, 2)

    Args:
        model: The model, as `relevome.load_model` gives it.
        sequences: The path of a file of sequences, in a format that its ending tells (`relevome list
            formats`; FASTA where it tells none), plain or gzip; a list of letters, which are called
            ``sequence1``, ``sequence2``, ..., or a dictionary of them by ids; `relevome.Sequence` objects;
            a data frame with a column of sequences, and perhaps of ids; or an ``Input`` of
            `relevome.data.inputs`, such as ``from_bed(bed, genome, alphabet)``.
        method: Name of the method, one of `relevome list methods`. None: the usual one for the kind of model
            (default), see `relevome.attribution.usual`; the run says which, and why.
        target: The output to explain, by index or label; several make one row of the run each; ``predicted``
            is each sequence's own most probable one, ``log-likelihood`` that of each sequence, of a causal
            language model. None: the only output, or the second of two (default); of more, one has to be
            chosen. What is explained is the logit, never the probability.
        out: Folder for the run, or its address in an object store, such as ``s3://bucket/run`` (see
            `docs/clusters.md`); one that was stopped goes on. None: a temporary folder, which lives as long
            as the object that is returned (default).
        position: Letter of every sequence, from 0 on, whose output is meant, for models with outputs for
            every letter; None for others. Of several, as numbers or stretches such as ``"10-40"`` (the last
            not in), each makes a row of the run, whose target is called such as ``donor@12``.
        positions: In place of one letter, those over which the output is summed in one row: ``all``, a
            stretch ``10-40``, or those on known sites: the path of BED, GFF3 or a table of features, or
            ``pattern:`` and ``residues:`` as for ``--truth`` of `relevome evaluate`. The target is called
            ``donor@all``, ``donor@10-40`` or ``donor@sites``. Default: None.
        contrast: Output that is subtracted: the logit of ``target`` minus the logit of this one is explained.
            None: the target alone.
        mask_position: Hide the letter at ``position`` from a masked language model. Default: False.
        lift: How relevance of tokens becomes relevance of letters: ``split`` (default) gives every letter an
            equal share, so that the sum stays; ``copy`` gives every letter the value of its token.
        average_strands: Explain the reverse complement too, turn it back, and take the mean over letters;
            nucleic acids only. Default: False.
        tokenisations: Average over so many tokenisations of a byte-pair encoding: the tokenizer's own, and
            the others drawn. Default: 1.
        tokenisation_dropout: Share of merges, above 0 and at most 1, that drawn tokenisations leave out.
            Default: 0.1.
        offsets: Average over so many windows of every sequence, each beginning a letter later; the windows
            are ``offsets`` - 1 letters shorter than the sequence. Default: 1.
        shifts: Average over the sequence as it is and moved by 1 to so many letters either way, at the same
            length, with unknown letters (N, X) where it leaves room; for tokens of one letter. Default: 0.
        letter_scores: Keep the score of every letter of the alphabet at every position, (letters, alphabet),
            where the method has them. Default: False.
        long: What is done with sequences of more tokens than the model takes: ``refuse`` (default), or
            ``window``, which explains overlapping windows of them.
        on_bad: What is done with sequences that cannot be explained: ``refuse`` (default) raises an error
            before anything is computed, ``skip`` leaves them out and counts them with their reasons.
        batch_size: Sequences that go through the model at once; None derives it from the model and the number
            of tokens (default).
        seed: Seed of everything that is drawn at random; the same seed gives the same bytes. Default: 0.
        overwrite: Replace another run that is in ``out``. Default: False.
        engine: Where shards are computed: an `Engine`, or the name of one, of `relevome list engines`.
            Default: ``local``, this process.
        progress: Called with two numbers when the sequences are counted and when a shard of them is done:
            how many readings of sequences were just done (sequences x targets x readings), and of how many
            in all. Default: nobody is told.
        planned: Called before anything is computed or written with what it will take, a
            `relevome.jobs.running.estimates.WorkEstimate`, which a sample says; what it raises ends the call.
            Default: nothing is estimated.
        **options: Options of the method, such as ``steps=64`` or ``baseline="zero"``; `relevome list methods`
            names those of each.

    Returns:
        The run. ``run[i].relevance`` is a float32 array over the letters of a sequence in logits,
        ``run[i].token_relevance`` one over its tokens; ``run.to_pandas()`` is a table of all.

    Raises:
        InputError: For anything that the user has to mend, in one line: unknown names, options that a method
            does not have, sequences that the model cannot read, a folder that holds something else. What was
            finished before is kept.

    The methods give their sources; `docs/methods.md` says what each suits.
    """
    if not isinstance(model, Model):
        raise InputError(
            f"{type(model).__name__} is no model of relevome: expected what relevome.load_model gives"
        )
    chosen = None
    if method is None:
        usual = usual_method(model, options, letter_scores)
        method, options, chosen = usual.method, dict(usual.options), usual.kind
    _check_options(method, options)
    source = given_sequences(sequences, model.alphabet)
    over = positions_of(positions, source)
    goals = resolve_targets(
        model, target, contrast=contrast, position=each_of(position), mask=mask_position,
        over=None if over is None else over.name,
    )  # fmt: skip
    plan = Plan(
        _method(method, options, seed),
        method,
        goals,
        lift,
        Readings(tokenisations, tokenisation_dropout, offsets, average_strands, seed, shifts),
        letter_scores or getattr(methods[method], "always_letter_scores", False),
        long,
        on_bad,
        seed,
        over,
        chosen,
    )
    how = {"batch_size": batch_size, "overwrite": overwrite, "engine": engine, "progress": progress}
    how["planned"] = planned
    if out is not None:
        return run_plan(model, source, plan, named_place(out), **how)
    folder = Path(tempfile.mkdtemp(prefix="relevome-"))
    try:
        run = run_plan(model, source, plan, folder, **how)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    return run


def _check_options(method: str, options: Mapping[str, Any]) -> None:
    """Raises InputError for a keyword that neither `explain` nor the method has, as Python spells it."""
    known, own = option_defaults(methods[method]), signature(explain).parameters
    for name in options:
        if name not in known and not made_by_command():
            raise InputError(
                f"explain has no parameter {name!r}: expected an option of {method} "
                f"({', '.join(known) or 'none'}), or {', '.join(key for key in own if key != 'options')}"
            )


def _method(name: str, options: dict[str, Any], seed: int) -> Method:
    kind = methods[name]
    drawn = {"seed": seed} if "seed" in option_defaults(kind) else {}
    return configured(kind, f"method {name}", options | drawn)


@torch.inference_mode(mode=False)
@torch.enable_grad()
def run_plan(
    model: Model,
    source: Input,
    plan: Plan,
    out: Place,
    *,
    batch_size: int | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    progress: Progress | None = None,
    sizes: object = None,
    planned: Planned | None = None,
) -> Run:
    """Carry out a plan into a run folder, or go on with it where it stopped.

    ``sizes`` are batch sizes as another run has them on record, to begin with. ``planned`` is told what it
    will take before it begins.
    """
    plan.readings.check(model)
    if plan.letter_scores and not _has_letter_scores(model, plan):
        raise InputError(
            f"--letter-scores: tokens of {model.source.path} have several letters, whose scores only "
            "mutagenesis knows: leave it out, or explain with --method mutagenesis"
        )
    each = len(plan.targets) * len(plan.readings)
    total = check(model, source, plan) * each
    tell = progress or (lambda count, total: None)
    tell(0, total)
    known = remembered(out, RUN, overwrite) or sizes
    sized = model.with_batch_sizes(batch_sizes_of(batch_size, known))
    asked = _manifest(sized, source, plan)
    if planned is not None:
        there = parts_there(out, RUN, asked, overwrite)
        tried = model.with_batch_sizes(batch_sizes_of(batch_size, known))  # leaves no trace in the run
        every = shards(tried, source, plan.long)
        task = ExplainShard(tried, plan)
        planned(estimate_shards(Shard, every, task, RUN.rows, engine, letters_of, there))
    with RunWriter(out, asked, overwrite) as writer:
        task = ExplainShard(sized, plan, writer.pieces)
        every = shards(sized, source, plan.long)
        write_shards(writer, task, every, engine, lambda count: tell(count * each, total))
    return Run(out)


def _said(target: Target) -> dict[str, Any]:
    """A target as ``run.json`` has it; letters over which it is summed are with every row."""
    return {name: value for name, value in asdict(target).items() if name != "positions"}


def _has_letter_scores(model: Model, plan: Plan) -> bool:
    always = getattr(plan.method, "always_letter_scores", False)
    return always or (model.tokenizer.one_letter_always and model.tokenizer.letter_ids() is not None)


def check(model: Model, source: Input, plan: Plan) -> int:
    """Read all input once before anything is computed, and count it.

    Unless bad sequences are to be skipped, the first of them is raised: better now than after hours.
    """
    count = 0
    for sequence in refuse_or_skip(source.read(), "skip" if plan.on_bad == "skip" else "refuse", []):
        if plan.on_bad == "refuse" and plan.long == "refuse" and model.may_refuse(sequence):
            for reading in plan.readings.all:
                plan.readings.tokens(model, sequence, reading)
        if plan.on_bad == "refuse":
            check_letters(sequence, plan)
        count += 1
    return count


def _manifest(model: Model, source: Input, plan: Plan) -> dict[str, Any]:
    """What ``run.json`` says about the question."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "model": model.about() | {"task": model.task, "max_tokens": model.max_tokens}
        | ({"rare_as_x": True} if model.tokenizer.rare_as_x else {})
        | {"quality": quality_record(quality_of_loaded(model))},
        "input": dict(source.description),
        "method": plan.method_name,
        "parameters": asdict(plan.method),
        **({} if plan.chosen is None else {"chosen": plan.chosen}),
        "targets": [_said(target) for target in plan.targets],
        **({} if plan.positions is None else {"positions": plan.positions.on_record()}),
        "alphabet": model.alphabet.name,
        "alphabet_letters": model.alphabet.letters,
        "lift": plan.lift,
        "average_strands": plan.readings.both_strands,
        "tokenisations": plan.readings.tokenisations,
        "tokenisation_dropout": plan.readings.dropout,
        "offsets": plan.readings.offsets,
        "shifts": plan.readings.shifts,
        "letter_scores": plan.letter_scores,
        "long": plan.long,
        "on_bad": plan.on_bad,
        "seed": plan.seed,
        "shard": {"sequences": SHARD_SEQUENCES, "letters": SHARD_LETTERS},
        "batch_size": model.batch_sizes.on_record(),
        **provenance(),
    }  # fmt: skip
