"""Structures as files hold them, read by gemmi (the extra ``structures``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relevome.errors import InputError


def gemmi_library() -> Any:
    """The library gemmi. Raises InputError where it is not installed."""
    try:
        import gemmi
    except ImportError as error:
        raise InputError(
            "structures need gemmi: pip install 'relevome[structures]', or export to tsv"
        ) from error
    return gemmi


@dataclass(frozen=True, eq=False)
class OpenedStructure:
    """A structure of gemmi, and the mmCIF document that it came from, or None for PDB."""

    path: Path
    structure: Any
    document: Any | None


def open_structure(path: Path) -> OpenedStructure:
    """The structure in a PDB or mmCIF file, also ``.gz``, which of them is seen from its content.

    Polymers are told from ligands and waters as gemmi does. Raises InputError for a file that cannot be read
    or has no atoms, and without gemmi.
    """
    gemmi = gemmi_library()
    document = gemmi.cif.Document()
    try:
        structure = _read(gemmi, path, document)
        structure.setup_entities()
    except (OSError, RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the structure {path}: {' '.join(str(error).split())}; expected PDB or mmCIF"
        ) from error
    if not any(len(residue) for model in structure for chain in model for residue in chain):
        raise InputError(f"{path} has no atoms: expected a structure in PDB or mmCIF")
    is_mmcif = structure.input_format == gemmi.CoorFormat.Mmcif
    return OpenedStructure(path, structure, document if is_mmcif else None)


def _read(gemmi: Any, path: Path, document: Any) -> Any:
    try:
        return gemmi.read_structure(str(path), format=gemmi.CoorFormat.Detect, save_doc=document)
    except (RuntimeError, ValueError):
        # before 1998, columns 73 to 80 of PDB files were the entry and the number of the line
        return gemmi.read_pdb(str(path), max_line_length=72)
