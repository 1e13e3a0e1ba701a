"""A run in a format that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.options import configured
from relevome.results.export import ExportReport, exporters
from relevome.results.run.reader import Run
from relevome.results.variants.rows import VARIANTS, Variants
from relevome.results.variants.saturation import VariantsBigWig
from relevome.stores.place import named_place


def export(
    run: Run | Variants | str | Path,
    to: str,
    out: str | Path,
    target: str | None = None,
    *,
    overwrite: bool = False,
    **options: Any,
) -> ExportReport:
    """Write a run in a format that other programs read.

    Args:
        run: The run, or its folder; or a result of `relevome variants --saturate`, which ``bigwig`` takes.
        to: Name of the exporter, one of `relevome list exporters`.
        out: The file; of several targets each is written to a file of its own, with the target before the
            ending.
        target: One target of the run, by its label; None: all.
        overwrite: Replace files that are there.
        **options: Options of the exporter, such as ``quantile=0.99`` for ``bed``; text becomes their type.

    Returns:
        Which files were written, how many of what they hold, and rows that were left out, by reason.

    Raises:
        InputError: For an unknown exporter or option, a run without what the format needs, and files that
            are there or cannot be written.
    """
    if isinstance(run, Variants) or (not isinstance(run, Run) and _holds_variants(run)):
        return _of_variants(run, to, Path(out), target, overwrite, options)
    exporter = configured(exporters[to], f"exporter {to}", options)
    opened = run if isinstance(run, Run) else Run(run)
    return exporter.export(opened, Path(out), target, overwrite)


def _holds_variants(folder: str | Path) -> bool:
    return (named_place(folder) / VARIANTS.manifest).is_file()


def _of_variants(
    found: Variants | str | Path, to: str, out: Path, target: str | None, overwrite: bool,
    options: dict[str, Any],
) -> ExportReport:  # fmt: skip
    """All substitutions of a stretch, as a track."""
    opened = found if isinstance(found, Variants) else Variants(found)
    if to != "bigwig":
        raise InputError(f"--to {to}: {opened.path} is a result of variants, of which there is bigwig alone")
    return configured(VariantsBigWig, "exporter bigwig of variants", options).export(
        opened, out, target, overwrite
    )
