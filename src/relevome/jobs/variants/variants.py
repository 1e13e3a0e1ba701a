"""What variants do to the outputs of a model, kept in a folder."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast, get_args

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.variants.windows import Anchored, VariantWindowing
from relevome.discovery.variants.schemes import Scheme
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.running.estimates import Planned
from relevome.jobs.running.planning import estimate_shards
from relevome.jobs.running.writing import remembered, write_shards
from relevome.jobs.variants.scoring import (
    ScoreShard,
    VariantQuestion,
    VariantShard,
    variant_question,
    variant_shards,
    window_letters,
)
from relevome.jobs.variants.source import VariantSource, checked_count, genome_variants, protein_variants
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.options import check_choice
from relevome.results.parts.writer import parts_there
from relevome.results.record import provenance
from relevome.results.variants.rows import VARIANTS, Variants, VariantsWriter
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
    target: str | int | Iterable[str | int] | None = None,
    width: int | None = None,
    indels: str | None = None,
    distance: int = 50,
    average_strands: bool = False,
    scheme: str | None = None,
    on_bad: str = "refuse",
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
        on_bad: What to do with variants that cannot be used: ``refuse`` or ``skip``.
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
    _check_given(model, vcf, genome, genes, substitutions, fasta, average_strands)
    question = variant_question(model, target, named, distance, average_strands)
    windowing = _windowing(model, width, anchored, question)
    folder = Path(out)
    with _source(vcf, genome, genes, substitutions, fasta, windowing, question) as source:
        say("reading variants")
        count = checked_count(source, on_bad)
        progress(0, count)
        known = remembered(folder, VARIANTS, overwrite)
        sized = model.with_batch_sizes(batch_sizes_of(batch_size, known))
        said = _manifest(sized, source, windowing, question, genes, on_bad)
        if planned is not None:
            there = parts_there(folder, VARIANTS, said, overwrite)
            tried = model.with_batch_sizes(batch_sizes_of(batch_size, known))  # leaves no trace
            every, asked = variant_shards(source.read()), ScoreShard(tried, question, on_bad)
            planned(estimate_shards(VariantShard, every, asked, VARIANTS.rows, engine, window_letters, there))
        with VariantsWriter(folder, said, overwrite) as writer:
            say("scoring variants")
            task = ScoreShard(sized, question, on_bad, writer.pieces)
            every = variant_shards(source.read())
            write_shards(writer, task, every, engine, lambda done: progress(done, count))
            say("writing tables")
            found = Variants(folder)
            found.write_table()
            if vcf is not None:
                write_variants_vcf(found, vcf)
    return Variants(folder)


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
    average_strands: bool,
) -> None:
    """Raises InputError for files that do not go together, or not with the model."""
    of_genome, of_proteins = (vcf, genome), (substitutions, fasta)
    whole = [None not in pair for pair in (of_genome, of_proteins)]
    touched = [any(one is not None for one in pair) for pair in ((*of_genome, genes), of_proteins)]
    if sum(whole) != 1 or whole != touched:
        raise InputError(
            "expected variants as --vcf V with --genome G, or as --substitutions T with --fasta F"
        )
    wanted = DNA if vcf is not None else PROTEIN
    if model.alphabet != wanted:
        raise InputError(f"the model reads {model.alphabet.name}, and these variants are of {wanted.name}")
    if average_strands and (genes is not None or wanted is PROTEIN):
        what = "--genes says which strand is read" if genes is not None else "proteins have one strand"
        raise InputError(f"{what}: leave --average-strands out")


def _source(
    vcf: Any, genome: Any, genes: Any, substitutions: Any, fasta: Any, windowing: VariantWindowing,
    question: VariantQuestion,
) -> AbstractContextManager[VariantSource]:  # fmt: skip
    if vcf is not None:
        return genome_variants(vcf, genome, windowing, genes, question.scheme is not None)
    return protein_variants(substitutions, fasta, windowing)


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
        "distance": question.distance if by_letter else None,
        "on_bad": on_bad,
        "batch_size": model.batch_sizes.on_record(),
        **provenance(),
    }
