"""The same change at other places: what chance would have a variant do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from relevome.data.variants.variant import Core, Variant, trimmed
from relevome.data.variants.windows import VariantWindows


def matched(windows: VariantWindows, count: int, seed: int, unknown: str | None = None) -> Iterator[Variant]:
    """Places in a variant's window where the same change could be, as many as asked for or as there are.

    A substitution has the same letters in place of the same letters; so has what is both longer or shorter
    and another. A deletion takes as many letters away, whatever they are, and an insertion puts the same
    letters in. None holds a letter that the variant changes or an unknown one, which is not beside what is
    deleted or inserted either, and none makes the same sequence. They are drawn without replacement, the same
    ones for the same variant and seed.

    Args:
        windows: The windows of the variant.
        count: How many are wanted.
        seed: Seed of the draw, together with the variant.
        unknown: The letter that stands for unknown ones. Default: none does.
    """
    variant = windows.variant
    core = trimmed(variant.ref, variant.alt)
    letters, own = windows.reference.letters, windows.reference.at + core.shared
    places = _places(letters, own, core, unknown)
    digest = hashlib.sha256(str(variant).encode()).digest()
    order = np.random.default_rng([seed, int.from_bytes(digest[:8])]).permutation(len(places))
    found = 0
    for place in np.array(places, dtype=np.int64)[order].tolist():
        if found == count:
            return
        if len(core.ref) != len(core.alt) and _text(letters, place, core) == _text(letters, own, core):
            continue
        found += 1
        yield _moved(variant, windows.start, letters, place, core)


def _places(letters: str, own: int, core: Core, unknown: str | None) -> list[int]:
    """Letters of the window at which the change could begin."""
    width = len(core.ref)
    if unknown is not None and unknown in core.ref:
        return []
    if core.ref and core.alt:
        every = [at for at in range(len(letters) - width + 1) if letters.startswith(core.ref, at)]
    else:
        # what is missing or new stands behind a letter that stays, as in VCF
        every = [
            at
            for at in range(1, len(letters) - width)
            if unknown is None or unknown not in letters[at - 1 : at + width + 1]
        ]
    apart = max(width, 1)
    return [at for at in every if not (at < own + apart and own < at + apart)]


def _text(letters: str, place: int, core: Core) -> str:
    return letters[:place] + core.alt + letters[place + len(core.ref) :]


def _moved(variant: Variant, start: int, letters: str, place: int, core: Core) -> Variant:
    before = 0 if core.ref and core.alt else 1
    ref = letters[place - before : place + len(core.ref)]
    return Variant(variant.contig, start + place - before, ref, ref[:before] + core.alt)
