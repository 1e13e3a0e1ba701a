"""Relevance in place of the B-factors of a structure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from relevome.errors import InputError
from relevome.results.structures.chains import ResidueKey, chain_residues
from relevome.results.structures.reading import OpenedStructure, gemmi_library

# What six columns with two decimals hold.
_LOWEST, _HIGHEST = -99.99, 999.99


def decimal_scale(values: Mapping[ResidueKey, float]) -> float:
    """The highest power of ten by which all values still fit into the field of a PDB file; 1 for zeros."""
    highest, lowest = max(values.values(), default=0.0), min(values.values(), default=0.0)
    room = [_HIGHEST / highest] if highest > 0 else []
    room += [_LOWEST / lowest] if lowest < 0 else []
    return 10.0 ** math.floor(math.log10(min(room))) if room else 1.0


def check_scale(values: Mapping[ResidueKey, float], scale: float) -> None:
    """Raises InputError where values times ``scale`` do not fit into the field of a PDB file."""
    scaled = [round(scale * value, 2) for value in values.values()]
    if scaled and (min(scaled) < _LOWEST or max(scaled) > _HIGHEST):
        raise InputError(
            f"relevance times {scale:g} does not fit into the B-factors of PDB, which go from {_LOWEST} to "
            f"{_HIGHEST}: a scale of {decimal_scale(values):g} does; or export to mmcif"
        )


def with_b_factors(opened: OpenedStructure, values: Mapping[ResidueKey, float], others: str) -> Any:
    """A copy of gemmi's structure with these B-factors for every atom of a residue, in all models.

    Other residues keep theirs, or have 0 where ``others`` is ``zero``. Anisotropic ones are gone, since they
    would say something else.
    """
    structure = opened.structure.clone()
    nothing = gemmi_library().SMat33f(0, 0, 0, 0, 0, 0)
    for model in structure:
        for chain in model:
            for key, residue in chain_residues(chain):
                value = values.get(key, None if others == "keep" else 0.0)
                if value is None:
                    continue
                for atom in residue:
                    atom.b_iso, atom.aniso = value, nothing
    return structure
