"""Why a variant does what it does, drawn."""

from __future__ import annotations

from pathlib import Path

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.report.logo import save_logo
from relevome.report.variants.pictures import FLANK, draw_variant
from relevome.results.variants.rows import Variants

NARROWEST, WIDEST = 3.0, 40.0  # inches


def show_variant(
    found: Variants | str | Path,
    variant: str,
    out: str | Path,
    target: str | None = None,
    *,
    gene: str | None = None,
    inches: float = 7.2,
    flank: int | None = None,
    title: str | None = None,
) -> None:
    """Draw relevance with both alleles of a variant on one axis, and its difference.

    Args:
        found: The result of `relevome variants --why`, or its folder.
        variant: Its id, or what it is, such as ``chr1:12345:A>G``, counted from 1.
        out: The picture; its ending says whether it is PNG, SVG or PDF.
        target: Which target, by its label. Default: the first.
        gene: Which gene, of a variant in several. Default: the first.
        inches: Width of the picture, from 3 to 40. Default: 7.2.
        flank: Letters on either side of those that differ. Default: 30.
        title: Above the picture. Default: the variant.

    Raises:
        InputError: For a result without ``--why``, a variant, target or gene that it has not, numbers that
            cannot be, and a file that cannot be written.
    """
    if not NARROWEST <= inches <= WIDEST:
        raise InputError(f"--width {inches:g}: expected inches from {NARROWEST:g} to {WIDEST:g}")
    opened = found if isinstance(found, Variants) else Variants(found)
    why = opened.why
    if why is None:
        raise InputError(f"{opened.path} has scores alone: make it with `relevome variants --why`")
    rows = [row for row in why.find(variant, target) if gene in (None, row.gene)]
    if not rows:
        raise InputError(f"variant {variant!r} is not in gene {gene!r}: expected another --gene")
    figure = draw_variant(
        rows[0],
        named_alphabet(why.manifest["alphabet"]),
        method=str(why.manifest["method"]),
        shifts=why.manifest["shifts"],
        flank=FLANK if flank is None else flank,
        inches=inches,
        title=title,
    )
    save_logo(figure, Path(out))
