"""How variants are explained: the method, the windows, and what is kept on record of that."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relevome.attribution import Method, methods
from relevome.attribution.integrated_gradients import FIRST_STEPS
from relevome.attribution.usual import ONE_HOT, UsualMethod, usual_method
from relevome.data.formats.meme import read_meme
from relevome.data.inputs import sha256_of
from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.data.variants.columns import wider
from relevome.data.variants.windows import VariantWindowing
from relevome.discovery.variants.motif_changes import MotifLibrary, motif_library
from relevome.errors import InputError
from relevome.jobs.variants.scoring import VariantQuestion
from relevome.models.base import Model
from relevome.options import configured
from relevome.results.motifs.folder import NAME, read_relevant_motifs
from relevome.results.parts.manifest import question_sha256
from relevome.results.record import provenance
from relevome.words import counted

# Letters that integrated gradients may read of one allele where nobody says how many steps they take. Steps
# are doubled from 16 on until they agree; of windows that are so long that 16 would be more, as the 10,101
# letters that SpliceAI reads, there are as many as fit, and at least those that found splice sites.
_MOST_LETTERS = 1 << 16
_LEAST_STEPS = 8


@dataclass(frozen=True)
class WhyPlan:
    """How variants are explained.

    Attributes:
        method: The method.
        name: What it is called.
        shifts: How many letters either way windows are moved.
        chosen: For what the method was chosen where nobody named one.
        motifs: Those that are looked for in both alleles, if any.
        motif_files: Where they are from, for the record.
    """

    method: Method
    name: str
    shifts: int
    chosen: str | None = None
    motifs: MotifLibrary | None = None
    motif_files: Mapping[str, Any] = field(default_factory=dict)

    @property
    def readings(self) -> int:
        """How often each window is read, as it is and moved."""
        return 2 * self.shifts + 1

    def windowing(self, windowing: VariantWindowing) -> VariantWindowing:
        """Windows that can be moved. Raises InputError where they cannot."""
        return wider(windowing, self.shifts)


def _usual(model: Model, options: Mapping[str, Any], width: int | None) -> UsualMethod:
    """The usual method for the model, with as many steps as windows of this many letters allow."""
    usual, letters = usual_method(model, options), width or 0
    if usual.method != ONE_HOT.method or "steps" in usual.options or "tolerance" in usual.options:
        return usual
    if letters * FIRST_STEPS <= _MOST_LETTERS:
        return usual
    steps = max(_LEAST_STEPS, _MOST_LETTERS // letters)
    said = f"{usual.kind}; {counted(steps, 'step')}, since windows have {letters:,} letters"
    return UsualMethod(usual.method, {**usual.options, "steps": steps}, said)


def why_plan(
    model: Model,
    question: VariantQuestion,
    method: str | None,
    options: Mapping[str, Any],
    shifts: int,
    motifs: str | Path | None,
    motif_p: float,
    width: int | None,
) -> WhyPlan:
    """How variants are explained. Raises InputError for what cannot be or read."""
    if question.scheme is not None:
        raise InputError(
            f"--why compares relevance of one output with either allele, and {question.scheme} asks for "
            "another letter with each: leave --why out, or explain with `relevome explain --position`"
        )
    chosen = None
    if method is None:
        usual = _usual(model, options, width)
        method, options, chosen = usual.method, dict(usual.options), usual.kind
    made = configured(methods[method], f"method {method}", options)
    if motifs is None:
        return WhyPlan(made, method, shifts, chosen)
    found, files = _motifs(Path(motifs), model.alphabet)
    library = motif_library(found, model.alphabet, motif_p)
    return WhyPlan(made, method, shifts, chosen, library, files | {"motifs": len(found), "p": motif_p})


def _motifs(path: Path, alphabet: Alphabet) -> tuple[list[Motif], dict[str, Any]]:
    """Motifs of a MEME file, or of a folder of `relevome motifs`, and what is kept on record of it."""
    if not path.is_dir():
        return read_meme(path), {"path": str(path), "sha256": sha256_of(path)}
    found = read_relevant_motifs(path)
    if not found.motifs:
        raise InputError(f"{path} has no motifs: expected a folder of `relevome motifs` that found some")
    said = {"path": str(path), "sha256": sha256_of(path / NAME)}
    return [one.motif(found.alphabet) for one in found.motifs], said


def why_manifest(
    model: Model, plan: WhyPlan, said: Mapping[str, Any], windowing: VariantWindowing
) -> dict[str, Any]:
    """What ``why.json`` says about the question; ``said`` is what ``variants.json`` says."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "model": dict(said["model"]),
        "input": said["input"],
        "alphabet": said["alphabet"],
        "variants": question_sha256(said),
        "targets": said["targets"],
        "width": windowing.width,
        "method": plan.name,
        "parameters": asdict(plan.method),
        **({} if plan.chosen is None else {"chosen": plan.chosen}),
        "shifts": plan.shifts,
        **({} if plan.motifs is None else {"motifs": dict(plan.motif_files)}),
        "on_bad": said["on_bad"],
        "batch_size": model.batch_sizes.on_record(),
        **provenance(),
    }
