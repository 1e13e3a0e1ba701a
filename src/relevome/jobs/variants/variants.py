"""What variants do to the outputs of a model, kept in a folder."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.variants.matched import matched
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import Anchored, VariantWindowing, VariantWindows
from relevome.discovery.variants.schemes import Scheme
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.running.estimates import Planned
from relevome.jobs.running.planning import estimate_shards
from relevome.jobs.running.writing import remembered, write_shards
from relevome.jobs.variants.explaining import estimate_explaining, explain_variants
from relevome.jobs.variants.scoring import (
    ScoreShard,
    VariantQuestion,
    score_shards,
    variant_question,
    window_letters,
)
from relevome.jobs.variants.shards import VariantShard
from relevome.jobs.variants.source import VariantSource, checked_count, genome_variants, protein_variants
from relevome.jobs.variants.why_plan import WhyPlan, why_plan
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.options import check_choice
from relevome.results.parts.writer import parts_there
from relevome.results.record import provenance
from relevome.results.variants.rows import VARIANTS, Variants, VariantsWriter
from relevome.results.variants.saturation import write_saturation
from relevome.results.variants.vcf import write_variants_vcf


def variants(
    model: Model,
    out: str | Path,
    *,
    vcf: str | Path | None = None,
    genome: str | Path | None = None,
    genes: str | Path | None = None,
    substitutions: str | Path | None = None,
    fasta: str | Path | None = None,
    saturate: str | Iterable[str] | None = None,
    target: str | int | Iterable[str | int] | None = None,
    width: int | None = None,
    indels: str | None = None,
    distance: int = 50,
    average_strands: bool = False,
    scheme: str | None = None,
    null: int = 0,
    seed: int = 0,
    on_bad: str = "refuse",
    why: bool = False,
    method: str | None = None,
    options: Mapping[str, Any] | None = None,
    shifts: int = 0,
    motifs: str | Path | None = None,
    motif_p: float = 1e-3,
    batch_size: int | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
    planned: Planned | None = None,
) -> Variants:
    """Score variants: what a model answers with the alternative, minus what it answers with the reference.

    Args:
        model: The model, as `relevome.load_model` gives it: of whole sequences, with outputs for every
            letter, or a language model.
        out: Folder for the result; one that was stopped goes on.
        vcf: Variants of a genome, as VCF, plain or bgzip; they need ``genome``.
        genome: The genome on which they were called, as FASTA.
        genes: GFF3, GTF or BED of genes: a variant is read on the strand of each gene that it is in, with
            unknown letters outside that gene; one that is in none cannot be used. Default: the strand of the
            file.
        substitutions: Substitutions in proteins, as a CSV or TSV table (``A23T``, ``p.Ala23Thr``,
            ``P01308:A23T``), in place of ``vcf``; they need ``fasta``.
        fasta: The proteins.
        saturate: In place of ``vcf`` or ``substitutions`` all substitutions of a stretch of the genome or of
            a protein, such as ``chr1:101-200`` or ``P01308:1-50``, counted from 1, the last one included; a
            name alone is all of it; or several. Needs ``genome`` or ``fasta``.
        target: An output by its index or label, or several. Default: the only one, or the second of two; of a
            causal language model the log-likelihood.
        width: Letters of the windows that are read, of which the variant's first is number ``width // 2``;
            beyond the ends of a contig they are filled with unknown letters. Default: as many as the model
            was made for, or takes; with outputs for every letter, what those within ``distance`` read if the
            model says that; of proteins all.
        indels: What stays in place where the alternative is longer or shorter: ``left``, ``right``, ``both``
            (the mean of these two) or ``ends`` (both ends, and the window has another length). Default:
            ``both``; ``ends`` with outputs for every letter.
        distance: With outputs for every letter, how far from a variant gain and loss are looked for. Default:
            50.
        average_strands: Whether numbers are means over both strands. Default: False.
        scheme: Of a masked language model, ``wild-type-marginal``, ``masked-marginal`` (default) or
            ``pseudo-likelihood``, see `relevome.discovery.variants.schemes`.
        null: At how many other places of each variant's window the same change is asked about, each in a
            window of its own: the same letters for the same letters, or as many inserted or deleted. Default:
            0, none.
        seed: Seed of the draw of these. Default: 0.
        on_bad: What to do with variants that cannot be used: ``refuse`` or ``skip``.
        why: Whether relevance of both alleles is kept too, letter under letter, see `VariantsWhy`. With
            outputs for every letter, that of the letter that changes most. Default: False.
        method: With ``why``, how they are explained, one of `relevome list methods`. Default: the usual one
            for the kind of model.
        options: Options of the method, such as ``{"steps": 64}``. Default: none.
        shifts: With ``why``, how many letters either way windows are moved along the genome; relevance is
            the mean, and the least and the largest difference are kept. Default: 0.
        motifs: With ``why``, a MEME file, or a folder of `relevome motifs`, whose motifs are looked for over
            the letters that change, in both alleles. Default: none.
        motif_p: The largest p of a motif that is there. Default: 0.001.
        batch_size: Windows that go through the model at once. None: what suits the model.
        overwrite: Replace a result that is there.
        engine: Where it is computed, one of `relevome list engines`.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many variants were just done, and of how many.
        planned: As that of `relevome.explain`.

    Returns:
        The result, which reads its rows from ``out``: ``variants.json`` has the record, ``variants.tsv`` a
        table, and of VCF ``variants.vcf.gz`` (with the extra ``variants``) the lines with what was found.

    Raises:
        InputError: For files that cannot be read or do not go together, variants that cannot be used if that
            is asked, what the model does not have, and a folder that holds anything else.
    """
    check_choice("--on-bad", on_bad, ("refuse", "skip"))
    anchored, named = _choices(indels, scheme)
    stretches = [saturate] if isinstance(saturate, str) else [*(saturate or ())]
    _check_given(model, vcf, genome, genes, substitutions, fasta, stretches, average_strands)
    question = variant_question(model, target, named, distance, average_strands)
    windowing = _windowing(model, width, anchored, question)
    if null < 0:
        raise InputError(f"--null {null}: expected 0 places or more")
    question = replace(question, null=null)
    beside = (
        replace(windowing, matched=partial(_matched, null, seed, windowing.unknown)) if null else windowing
    )
    plan = _plan(model, question, windowing, why, method, options, shifts, motifs, motif_p)
    folder = Path(out)
    with _source(vcf, genome, genes, substitutions, fasta, stretches, question) as source:
        say("reading variants")
        count = checked_count(source, windowing, on_bad)
        progress(0, count if plan is None else 2 * count)
        known = remembered(folder, VARIANTS, overwrite)
        sized = model.with_batch_sizes(batch_sizes_of(batch_size, known))
        said = _manifest(sized, source, windowing, question, genes, on_bad, seed)
        if planned is not None:
            there = parts_there(folder, VARIANTS, said, overwrite)
            tried = model.with_batch_sizes(batch_sizes_of(batch_size, known))  # leaves no trace
            every, asked = score_shards(source.read(beside)), ScoreShard(tried, question, on_bad)
            found = estimate_shards(VariantShard, every, asked, VARIANTS.rows, engine, window_letters, there)
            if plan is not None:
                alone = ScoreShard(tried, replace(question, null=0), on_bad)
                both = zip(source.read(windowing), source.read(plan.windowing(windowing)), strict=True)
                explaining = estimate_explaining(
                    alone, plan, both, windowing, said, folder, overwrite, engine
                )
                found = found.and_then(explaining)
            planned(found)
        told = partial(_told, progress, count if plan is None else 2 * count)
        with VariantsWriter(folder, said, overwrite) as writer:
            say("scoring variants")
            task = ScoreShard(sized, question, on_bad, writer.pieces)
            write_shards(writer, task, score_shards(source.read(beside)), engine, told)
            say("writing tables")
            found = Variants(folder)
            found.write_table()
            if vcf is not None:
                write_variants_vcf(found, vcf)
            if stretches:
                write_saturation(found)
        if plan is not None:
            say("explaining variants")
            items = source.read(plan.windowing(windowing))
            explain_variants(
                model, question, plan, items, windowing, Variants(folder), batch_size, engine, told
            )
    return Variants(folder)


def _matched(null: int, seed: int, unknown: str | None, windows: VariantWindows) -> Iterator[Variant]:
    return matched(windows, null, seed, unknown)


def _told(progress: Progress, total: int, done: int) -> None:
    progress(done, total)


def _plan(
    model: Model, question: VariantQuestion, windowing: VariantWindowing, why: bool, method: str | None,
    options: Mapping[str, Any] | None, shifts: int, motifs: str | Path | None, motif_p: float,
) -> WhyPlan | None:  # fmt: skip
    """How variants are explained, if that is asked. Raises InputError for what cannot be."""
    if why:
        plan = why_plan(model, question, method, options or {}, shifts, motifs, motif_p, windowing.width)
        plan.windowing(windowing)
        return plan
    given = {"--method": method, "--option": options, "--shifts": shifts, "--motifs": motifs}
    for flag, value in given.items():
        if value:
            raise InputError(f"{flag} says how variants are explained: expected --why with it")
    return None


def _choices(indels: str | None, scheme: str | None) -> tuple[Anchored | None, Scheme | None]:
    """The same, where they are known. Raises InputError for others."""
    if indels is not None:
        check_choice("--indels", indels, get_args(Anchored))
    if scheme is not None:
        check_choice("--scheme", scheme, get_args(Scheme))
    return cast(Anchored | None, indels), cast(Scheme | None, scheme)


def _check_given(
    model: Model,
    vcf: str | Path | None,
    genome: str | Path | None,
    genes: str | Path | None,
    substitutions: str | Path | None,
    fasta: str | Path | None,
    saturate: Collection[str],
    average_strands: bool,
) -> None:
    """Raises InputError for files that do not go together, or not with the model."""
    all_of = "stretches" if saturate else None
    of_genome = (vcf or (all_of if genome is not None else None), genome)
    of_proteins = (substitutions or (all_of if fasta is not None else None), fasta)
    if saturate and (vcf is not None or substitutions is not None):
        raise InputError("--saturate is in place of --vcf and --substitutions: leave one of them out")
    whole = [None not in pair for pair in (of_genome, of_proteins)]
    touched = [any(one is not None for one in pair) for pair in ((*of_genome, genes), of_proteins)]
    if sum(whole) != 1 or whole != touched:
        raise InputError(
            "expected variants as --vcf V with --genome G, or as --substitutions T with --fasta F, or "
            "--saturate with one of --genome and --fasta"
        )
    wanted = DNA if genome is not None else PROTEIN
    if model.alphabet != wanted:
        raise InputError(f"the model reads {model.alphabet.name}, and these variants are of {wanted.name}")
    if average_strands and (genes is not None or wanted is PROTEIN):
        what = "--genes says which strand is read" if genes is not None else "proteins have one strand"
        raise InputError(f"{what}: leave --average-strands out")


def _source(
    vcf: Any, genome: Any, genes: Any, substitutions: Any, fasta: Any, saturate: Collection[str],
    question: VariantQuestion,
) -> AbstractContextManager[VariantSource]:  # fmt: skip
    if genome is not None:
        return genome_variants(vcf, genome, genes, question.of_substitutions_only, saturate)
    return protein_variants(substitutions, fasta, saturate)


def _windowing(
    model: Model, width: int | None, indels: Anchored | None, question: VariantQuestion
) -> VariantWindowing:
    by_letter = model.kind.by_letter and not model.kind.language
    anchored: Anchored = indels or ("ends" if by_letter and model.fixed_tokens is None else "both")
    if model.alphabet == PROTEIN:
        return VariantWindowing(width, anchored)
    return VariantWindowing(width or _own_width(model, question.distance), anchored, model.alphabet.unknown)


def _own_width(model: Model, distance: int) -> int:
    """Letters that suit a model. Raises InputError where that cannot be told."""
    most = model.fixed_tokens or model.max_tokens
    if most is not None and model.tokenizer.one_letter_always:
        probe = model.tokenizer.encode(Sequence("probe", model.alphabet.letters, model.alphabet))
        return most - int(probe.special.sum())
    flank = getattr(getattr(model.module, "reading", None), "flank", 0)
    if flank and model.kind.by_letter:
        return 2 * (flank + distance) + 1
    raise InputError(
        "the model does not say how many letters it reads: expected --width, the letters of windows around "
        "variants"
    )


def _manifest(
    model: Model,
    source: VariantSource,
    windowing: VariantWindowing,
    question: VariantQuestion,
    genes: str | Path | None,
    on_bad: str,
    seed: int,
) -> dict[str, Any]:
    """What ``variants.json`` says about the question."""
    by_letter = model.kind.by_letter and not model.kind.language
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "model": model.about() | {"task": model.task, "max_tokens": model.max_tokens},
        "input": dict(source.description),
        "targets": question.labels,
        "scores": list(question.scores(model)),
        "alphabet": model.alphabet.name,
        "windows": {
            "width": windowing.width,
            "indels": windowing.anchored,
            "genes": None if genes is None else str(genes),
            "both_strands": question.both_strands,
        },
        "scheme": question.scheme,
        **({"null": question.null, "seed": seed} if question.null else {}),
        "distance": question.distance if by_letter else None,
        "on_bad": on_bad,
        "batch_size": model.batch_sizes.on_record(),
        **provenance(),
    }
