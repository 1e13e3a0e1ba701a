"""Where the residues of a structure are in space: an atom of each, and the atoms of what is bound to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relevome.results.structures.chains import PolymerChain, chain_residues, polymer_chains
from relevome.results.structures.reading import OpenedStructure, gemmi_library, open_structure

# The atoms that a trace goes through, the first of them that a residue has.
_ATOMS = {False: ("CA",), True: ("C4'", "P")}


@dataclass(frozen=True, eq=False)
class ChainTrace:
    """A polymer and where its residues are.

    ``names`` are those of the residues, such as ``LEU``; ``positions`` in Angstrom those of their C-alpha, of
    nucleotides C4' or, where there is none, P; NaN without any of these atoms.
    """

    chain: PolymerChain
    names: tuple[str, ...]
    positions: Float64[np.ndarray, "residues 3"]


@dataclass(frozen=True, eq=False)
class StructureTrace:
    """The first model of a structure: its polymers, and the atoms of ligands, ions and sugars.

    ``title`` is what the file says that it is, ``models`` how many it has. ``ligands`` say of each atom,
    waters and hydrogens apart, what it belongs to, such as ``HEM 501 of chain A``; ``atoms`` where it is.
    """

    path: Path
    title: str
    models: int
    chains: tuple[ChainTrace, ...]
    ligands: tuple[str, ...]
    atoms: Float64[np.ndarray, "atoms 3"]


def read_trace(path: Path) -> StructureTrace:
    """The trace of a PDB or mmCIF file, also ``.gz``.

    Raises InputError for a file that cannot be read or has no atoms, and without gemmi.
    """
    opened = open_structure(path)
    models = len(opened.structure)
    first = opened.structure.clone()
    del first[1:]
    chains = tuple(_trace(first, chain) for chain in polymer_chains(OpenedStructure(path, first, None)))
    ligands = list(_ligand_atoms(first))
    atoms = np.array([place for _, place in ligands], dtype=np.float64).reshape(-1, 3)
    title = " ".join(str(opened.structure.info["_struct.title"]).split()) if _is_titled(first) else ""
    return StructureTrace(path, title, models, chains, tuple(name for name, _ in ligands), atoms)


def _is_titled(structure: Any) -> bool:
    return "_struct.title" in dict(structure.info)


def _trace(structure: Any, chain: PolymerChain) -> ChainTrace:
    first: dict[tuple[str, str], Any] = {}
    for one in structure[0]:
        for key, residue in chain_residues(one):
            if key in chain.residues:
                first.setdefault(key, residue)
    residues = [first[key] for key in chain.residues]
    wanted = _ATOMS[chain.is_nucleic]
    places = np.array([_place(residue, wanted) for residue in residues], dtype=np.float64).reshape(-1, 3)
    return ChainTrace(chain, tuple(residue.name for residue in residues), places)


def _place(residue: Any, wanted: tuple[str, ...]) -> tuple[float, float, float]:
    for name in wanted:
        for atom in residue:
            if atom.name == name:
                return tuple(atom.pos)
    return (np.nan, np.nan, np.nan)


def _ligand_atoms(structure: Any) -> Any:
    kinds = gemmi_library().EntityType
    for chain in structure[0]:
        for residue in chain:
            if residue.entity_type in (kinds.NonPolymer, kinds.Branched):
                name = f"{residue.name} {residue.seqid} of chain {chain.name}"
                yield from ((name, tuple(atom.pos)) for atom in residue if not atom.is_hydrogen())
