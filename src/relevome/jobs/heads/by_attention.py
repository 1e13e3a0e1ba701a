"""What the attention heads of a model look for around sites: from files of windows to tables and logos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relevome.data.formats.meme import read_databases
from relevome.data.inputs import Input, from_bed, from_fasta
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.sequences import Sequence as Letters
from relevome.data.sites import Site, listed_as, read_sites
from relevome.discovery.attention_heads import characterise
from relevome.discovery.windows import Windows
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.models.base import Model, Target
from relevome.models.questions import LIKELIHOOD
from relevome.models.targets import resolve_target
from relevome.models.untrained import with_random_weights
from relevome.report.attention_heads import write_attention_page
from relevome.results.attention_heads.folder import FOLDER, write_attention_heads
from relevome.results.attention_heads.heads import AttentionHeads, WindowsRead
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.quality.loaded import quality_of_loaded
from relevome.results.quality.record import quality_record


@dataclass(frozen=True)
class HeadsQuestion:
    """Windows around sites, and what their letters are compared with; all by files.

    The site is letter ``position`` (0-based) of every window, by default the middle one. Of more than
    ``most`` windows so many are drawn. ``random_weights`` asks the network with weights drawn by the seed of
    the ``settings``.
    """

    fasta: Path | None = None
    bed: Path | None = None
    genome: Path | None = None
    controls: Path | None = None
    position: int | None = None
    most: int = 2000
    on_bad: OnBad = "refuse"
    target: str | None = None
    motifs: tuple[Path, ...] = ()
    known: Path | None = None
    random_weights: bool = False
    settings: HeadSettings = field(default_factory=HeadSettings)

    def __post_init__(self) -> None:
        if self.settings.weigh == "contribution" and self.settings.query != "read":
            raise InputError(
                f"--query {self.settings.query} with --weigh contribution: leave --query out, since all "
                "tokens look there, each as the logit depends on it"
            )


@dataclass(frozen=True)
class _Asked:
    """The windows of a file that are asked about, of how many, and those that were left out."""

    windows: list[Letters]
    count: int
    problems: list[Problem]

    def record(self) -> WindowsRead:
        """The same in numbers, and the reason for each that was left out."""
        return WindowsRead(self.count, len(self.windows), tuple(self.problems))


@FOLDER.alone
@torch.inference_mode(mode=False)
@torch.enable_grad()
def attention_heads(
    model: Model,
    question: HeadsQuestion,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> AttentionHeads:
    """Characterise every head by its attention; see `relevome.heads` for what is asked.

    With ``out`` tables and pictures are left in that folder, in place of an earlier result if ``overwrite``.
    Raises InputError for anything that the user has to mend.
    """
    folder = None if out is None else Path(out)
    motifs = read_databases(question.motifs)
    known = None if question.known is None else read_sites(question.known)
    read = [_windows(_source(model, question.fasta, question.bed, question.genome), question)]
    if question.controls is not None:
        read.append(_windows(_source(model, *_by_name(question.controls), question.genome), question))
    sites, *controls = _around(model, question, read)
    if known is not None:
        _check_known(sites, known, question)
    asked = with_random_weights(model, question.settings.seed) if question.random_weights else model
    found = characterise(
        asked, sites, controls[0] if controls else None, motifs=motifs, known=known,
        settings=question.settings, say=say, progress=progress,
    )  # fmt: skip
    about = _about(asked, question, sites)
    found = replace(found, about=about, read=tuple(one.record() for one in read))
    if folder is not None:
        say("writing tables and pictures")
        FOLDER.clear(folder)
        write_attention_page(found, folder)
        write_attention_heads(found, folder)
    return found


def _source(model: Model, fasta: Path | None, bed: Path | None, genome: Path | None) -> Input:
    if fasta is not None and bed is None:
        return from_fasta(fasta, model.alphabet)
    if bed is not None and genome is not None and fasta is None:
        return from_bed(bed, genome, model.alphabet)
    raise InputError("expected windows from one of --fasta F, or BED (--bed B, --controls C) with --genome G")


def _by_name(path: Path) -> tuple[Path | None, Path | None]:
    """A file as FASTA, or as BED if its name says so."""
    is_bed = ".bed" in path.suffixes
    return (None, path) if is_bed else (path, None)


def _windows(source: Input, question: HeadsQuestion) -> _Asked:
    problems: list[Problem] = []
    found = list(refuse_or_skip(source.read(), question.on_bad, problems))
    if not found:
        raise InputError(f"no windows in {', '.join(source.description.values())}: expected at least one")
    return _Asked(drawn(found, question.most, question.settings.seed), len(found), problems)


def drawn(sequences: list[Letters], most: int, seed: int) -> list[Letters]:
    """All sequences, or of more than ``most`` so many at random, in their order."""
    if len(sequences) <= most:
        return sequences
    chosen = np.random.default_rng(seed).permutation(len(sequences))[:most]
    return [sequences[i] for i in np.sort(chosen)]


def _around(model: Model, question: HeadsQuestion, read: Sequence[_Asked]) -> list[Windows]:
    """The windows of each file with their site and what is asked of it."""
    length = len(read[0].windows[0])
    site = length // 2 if question.position is None else question.position
    at_site = model.kind.by_letter and question.target != LIKELIHOOD
    target = resolve_target(model, question.target, position=site if at_site else None)
    if model.look_ahead and site + model.look_ahead >= length:
        raise InputError(
            f"windows of {length} letters with the site at letter {site} (from 0): expected "
            f"{model.look_ahead} letters behind it, which this annotator looks ahead"
        )
    files = (question.fasta or question.bed, question.controls)
    return [_at_sites(one, target, site, file) for one, file in zip(read, files, strict=False)]


def _at_sites(read: _Asked, target: Target, site: int, file: Path | None) -> Windows:
    try:
        return Windows(tuple(read.windows), target, site)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _check_known(sites: Windows, known: Mapping[str, list[Site]], question: HeadsQuestion) -> None:
    """Refuse sites of other chromosomes than those of the windows, which nobody would notice."""
    names = {name for one in sites.sequences for name in _names(one)}
    if all(listed_as(name, known) is None for name in names):
        raise InputError(
            f"no chromosome of {question.known} ({', '.join(sorted(known)[:3])}) is one of the windows "
            f"({', '.join(sorted(names)[:3])}): expected known sites with the names of the genome"
        )


def _names(window: Letters) -> tuple[str, ...]:
    return (window.id,) if window.interval is None else (window.interval.chrom, window.id)


def _about(model: Model, question: HeadsQuestion, sites: Windows) -> dict[str, Any]:
    """Which model and which windows."""
    return {
        "by": "attention", "model": model.source.path, "random_weights": question.random_weights,
        "sha256": model.sha256, "quality": quality_record(quality_of_loaded(model)),
        "target": sites.target.label, "position": sites.site, "sites": str(question.fasta or question.bed),
        "controls": None if question.controls is None else str(question.controls),
        "motifs": list(map(str, question.motifs)),
        "known": None if question.known is None else str(question.known),
    }  # fmt: skip
