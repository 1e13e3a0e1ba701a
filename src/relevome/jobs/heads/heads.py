"""What the heads of a model are about: by where they look, or by where their relevance lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from relevome.data.problems import OnBad
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.heads.by_attention import HeadsQuestion, attention_heads
from relevome.jobs.heads.by_relevance import relevance_heads
from relevome.models.base import Model
from relevome.results.attention_heads.heads import AttentionHeads
from relevome.results.attention_heads.settings import SHARE, HeadReplacement, HeadSettings, Weighing
from relevome.results.relevance_heads.heads import Projection, RelevantHeads
from relevome.results.run.reader import Run

PathLike = str | Path


def heads(
    source: Model | Run | PathLike,
    *,
    fasta: PathLike | None = None,
    bed: PathLike | None = None,
    genome: PathLike | None = None,
    position: int | None = None,
    controls: PathLike | None = None,
    most: int = 2000,
    motifs: Sequence[PathLike] = (),
    known: PathLike | None = None,
    random_weights: bool = False,
    query: Literal["read", "first", "last", "mean"] = "read",
    weigh: Weighing = "attention",
    share: float = SHARE,
    ablate: int = 200,
    ablate_by: HeadReplacement = "mean",
    on_bad: OnBad = "refuse",
    annotations: PathLike | None = None,
    types: Sequence[str] = (),
    clusters: PathLike | None = None,
    classes: PathLike | None = None,
    random: int = 0,
    points: Projection | None = None,
    model: Model | PathLike | None = None,
    tokenizer: PathLike | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    batch_size: int | None = None,
    target: str | None = None,
    level: float = 0.05,
    seed: int = 0,
    out: PathLike | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> AttentionHeads | RelevantHeads:
    """Say what every attention head looks at around sites, or on which annotated sites its relevance lies.

    The first argument decides which: a model is asked about windows around sites, by attention; a run, that
    `explain` made with ``heads=True``, about annotated sites, by relevance. Both have ``.to_pandas()``.

    Args:
        source: A model, for heads by attention; a run or its folder, for heads by relevance.
        fasta: By attention. Windows around sites as FASTA, all of one length.
        bed: By attention. The same as BED, instead of ``fasta``; needs ``genome``.
        genome: By attention. The genome of ``bed`` and of ``controls`` in BED, as FASTA, plain or gzip.
        position: By attention. Letter of the site in every window, from 0. Default: the middle one.
        controls: By attention. Windows without sites, FASTA or BED, of the same length. Default: the windows
            with their letters shuffled, pairs of neighbours kept for nucleic acids.
        most: By attention. Windows of each kind at most, 2000; of more, so many are drawn by the ``seed``.
        motifs: By attention. MEME files of known DNA motifs to find each consensus in. Default: none.
        known: By attention. Known binding sites, BED or GFF3, by the chromosomes of the windows.
        random_weights: By attention. Ask the network with weights drawn by the ``seed``. Default: as it is.
        query: By attention. Which token looks: ``read``, where the prediction is read (default), the
            ``first``, the ``last``, or the ``mean`` of all.
        weigh: By attention. What counts of a letter: its ``attention`` (default), or its ``contribution``,
            what a head brings from it to the logit.
        share: By attention. Share of windows, the most attended, that make a consensus, above 0 and at most
            1. Default: 0.25.
        ablate: By attention. Windows of each kind that are scored without every head. Default: 200; 0: none.
        ablate_by: By attention. What replaces a head there: its ``mean`` over tokens (default), or ``zero``.
        on_bad: By attention. ``refuse`` a file with a window that cannot be used (default), or ``skip`` it.
        annotations: By relevance, and needed there. Annotated sites: UniProt, GFF3, BED, TSV or 3-line.
        types: By relevance. Types of sites, such as ``active_site``, each tested. Default: all sites as one.
        clusters: By relevance. Clusters of like proteins, MMseqs2 TSV or ``.clstr``, each of which counts
            once. Default: every protein counts.
        classes: By relevance. CSV or TSV with columns ``id`` and ``class``, each class tested by itself too.
        random: By relevance. How many models with shuffled weights to compare with. Default: 0; 10 is good.
            Their explanations are kept in ``out``/random, and gone on from.
        points: By relevance. A map of proteins by the relevance in their heads: ``pca``, ``tsne`` or
            ``umap``. Default: none.
        model: By relevance, with ``random``. The run's model, or its folder, where that moved.
        tokenizer: By relevance, with ``random``. Where its tokenizer is, if that is elsewhere. Default:
            where the run says.
        device: By relevance, with ``random``. Where to put the run's model. Default: ``auto``.
        trust_remote_code: By relevance, with ``random``. Whether to run code that comes with the checkpoint.
            Default: False.
        batch_size: By relevance, with ``random``. Sequences that go through a model at once. Default: derived
            from the model and the number of tokens.
        target: Output by index or label. Default: by attention the only one, or the second of
            two; by relevance the run's only one.
        level: False discovery rate below which a head is named, or is significant. Default: 0.05.
        seed: Of everything that is drawn. Default: 0.
        out: Folder for tables, pictures and the record. Default: nothing is written.
        overwrite: Replace an earlier result in ``out``. Default: False.
        engine: By relevance, with ``random``. Where models with shuffled weights explain: an `Engine`, or the
            name of one, of `relevome list engines`. Default: ``local``, this process.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how much of that part was just done, and of how much in all: windows, heads, or
            proteins.

    Returns:
        Heads by attention: for every head its profile, consensus, matches and what is lost without it.
        Heads by relevance: for every class, type of sites and statistic an array over units, the embedding
        first, then all heads layer by layer.

    Raises:
        InputError: For anything that the user has to mend: what only the other kind of source reads, files
            that cannot be read or do not belong together, a model without attention over its tokens, a run
            without the relevance of heads, and a folder that is not free.
    """
    around = {
        "fasta": fasta, "bed": bed, "genome": genome, "position": position, "controls": controls,
        "motifs": motifs or None, "known": known, "random_weights": random_weights or None,
    }  # fmt: skip
    of_run = {
        "annotations": annotations, "types": types or None, "clusters": clusters, "classes": classes,
        "random": random or None, "points": points, "model": model, "tokenizer": tokenizer,
        "batch_size": batch_size, "engine": None if engine == "local" else engine,
    }  # fmt: skip
    if isinstance(source, Model):
        _check_given(of_run, "by attention, of a model")
        settings = HeadSettings(
            query, weigh, share, level=level, ablated=ablate, replacement=ablate_by, seed=seed
        )
        question = HeadsQuestion(
            _path(fasta), _path(bed), _path(genome), _path(controls), position, most, on_bad, target,
            tuple(map(Path, motifs)), _path(known), random_weights, settings,
        )  # fmt: skip
        return attention_heads(source, question, out=out, overwrite=overwrite, say=say, progress=progress)
    _check_given(around, "by relevance, of a run")
    if annotations is None:
        raise InputError("heads by relevance, of a run, need annotations: expected a file with sites")
    return relevance_heads(
        source, annotations, types=types, clusters=clusters, classes=classes, random=random, points=points,
        level=level, target=target, model=model, device=device, batch_size=batch_size, seed=seed,
        trust_remote_code=trust_remote_code, tokenizer=tokenizer, out=out, overwrite=overwrite,
        engine=engine, say=say, progress=progress,
    )  # fmt: skip


def _path(given: PathLike | None) -> Path | None:
    return None if given is None else Path(given)


def _check_given(others: dict[str, object], by: str) -> None:
    """Refuse what only heads of the other kind of source read."""
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"{', '.join(given)} with heads {by}: leave out what only the other source reads")
