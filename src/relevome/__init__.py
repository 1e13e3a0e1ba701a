"""Explains models of biological sequences: how much every letter contributed to a prediction."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relevome.data.sequences import Sequence
    from relevome.errors import InputError
    from relevome.jobs.annotate import annotate
    from relevome.jobs.check import check
    from relevome.jobs.compare import compare
    from relevome.jobs.data.fetch import fetch
    from relevome.jobs.data.windows import windows
    from relevome.jobs.demo import demo
    from relevome.jobs.evaluate import evaluate
    from relevome.jobs.explain import explain
    from relevome.jobs.export import export
    from relevome.jobs.heads.heads import heads
    from relevome.jobs.motifs.motifs import motifs
    from relevome.jobs.pairs.pairs import pairs
    from relevome.jobs.predict import predict
    from relevome.jobs.profile import profile
    from relevome.jobs.report import report
    from relevome.jobs.rerun import rerun
    from relevome.jobs.show import show
    from relevome.jobs.simulate import simulate
    from relevome.jobs.sites import sites
    from relevome.jobs.substitute import substitute
    from relevome.jobs.train import train
    from relevome.jobs.variants.variants import variants
    from relevome.jobs.view import view
    from relevome.models.any_module.adapt import from_module
    from relevome.models.hugging_face import load_model
    from relevome.models.loading.own_weights import load_weights
    from relevome.results.run.reader import Run

__version__ = "0.1.0"

# Loaded when first asked for: whoever only reads sequences or runs waits for no torch.
_HOME = {
    "InputError": "relevome.errors",
    "Run": "relevome.results.run.reader",
    "Sequence": "relevome.data.sequences",
    "annotate": "relevome.jobs.annotate",
    "check": "relevome.jobs.check",
    "compare": "relevome.jobs.compare",
    "demo": "relevome.jobs.demo",
    "evaluate": "relevome.jobs.evaluate",
    "explain": "relevome.jobs.explain",
    "export": "relevome.jobs.export",
    "fetch": "relevome.jobs.data.fetch",
    "from_module": "relevome.models.any_module.adapt",
    "heads": "relevome.jobs.heads.heads",
    "load_model": "relevome.models.hugging_face",
    "load_weights": "relevome.models.loading.own_weights",
    "motifs": "relevome.jobs.motifs.motifs",
    "pairs": "relevome.jobs.pairs.pairs",
    "predict": "relevome.jobs.predict",
    "rerun": "relevome.jobs.rerun",
    "profile": "relevome.jobs.profile",
    "show": "relevome.jobs.show",
    "simulate": "relevome.jobs.simulate",
    "sites": "relevome.jobs.sites",
    "substitute": "relevome.jobs.substitute",
    "train": "relevome.jobs.train",
    "variants": "relevome.jobs.variants.variants",
    "windows": "relevome.jobs.data.windows",
    "report": "relevome.jobs.report",
    "view": "relevome.jobs.view",
}

__all__ = [
    "InputError", "Run", "Sequence", "annotate", "check", "compare", "demo", "evaluate", "explain",
    "export", "fetch", "from_module", "heads", "load_model", "load_weights", "motifs", "pairs",
    "predict", "profile", "report", "rerun", "show", "simulate", "sites", "substitute", "train",
    "variants", "view", "windows",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relevome' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
