"""Structures as files hold them, read by gemmi (the extra ``structures``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relevome.data.lines import open_bytes
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
    content = _text(path)
    try:
        structure = _read(gemmi, content, document)
        structure.setup_entities()
        _read_names(structure)
    except (OSError, RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the structure {path}: {' '.join(str(error).split())}; expected PDB or mmCIF"
        ) from error
    if not any(len(residue) for model in structure for chain in model for residue in chain):
        raise InputError(f"{path} has no atoms: expected a structure in PDB or mmCIF")
    is_mmcif = structure.input_format == gemmi.CoorFormat.Mmcif
    return OpenedStructure(path, structure, document if is_mmcif else None)


def _read_names(structure: Any) -> None:
    """Reads all names that are asked for later: columns may cut a letter of several bytes in two.

    Raises UnicodeDecodeError for such a name.
    """
    dict(structure.info)
    for entity in structure.entities:
        _ = entity.name, entity.subchains
    for model in structure:
        for chain in model:
            _ = chain.name
            for residue in chain:
                _ = residue.name, str(residue.seqid), residue.subchain, [atom.name for atom in residue]


def _text(path: Path) -> str:
    """The content of a file; old ones have names of people in Latin-1, which gives every byte a letter."""
    with open_bytes(path) as file:
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _read(gemmi: Any, content: str, document: Any) -> Any:
    try:
        return gemmi.read_structure_string(content, format=gemmi.CoorFormat.Detect, save_doc=document)
    except (RuntimeError, ValueError):
        # before 1998, columns 73 to 80 of PDB files were the entry and the number of the line
        return gemmi.read_pdb_string(content, max_line_length=72)
