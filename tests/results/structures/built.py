"""Structures built by hand, by the columns of the PDB format, of which it is known which letter is where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from Bio.PDB.mmcifio import MMCIFIO
from Bio.PDB.MMCIFParser import MMCIFParser
from Bio.PDB.PDBParser import PDBParser

_NAMES = "ALA CYS ASP GLU PHE GLY HIS ILE LYS LEU MET ASN PRO GLN ARG SER THR VAL TRP TYR"
THREE = dict(zip("ACDEFGHIKLMNPQRSTVWY", _NAMES.split(" "), strict=True))
DNA = {letter: f" D{letter}" for letter in "ACGT"} | {"N": "  N"}

# Along a straight line, N to N; C is 1.33 from the N that follows.
_BACKBONE = (("N", 0.0), ("CA", 1.46), ("C", 2.47))
_STEP, _BREAK = 3.8, 10.0
_NUCLEIC = (("P", 0.0), ("C4'", 2.0), ("O3'", 4.2))
_NUCLEIC_STEP = 5.8


@dataclass(frozen=True)
class Placed:
    """A residue and the letter that it is, from 0; None where it is none of the sequence."""

    letter: int | None
    number: int
    code: str = " "
    name: str = ""
    locations: str = " "
    after_break: bool = False


@dataclass
class Built:
    """Lines of a PDB file, and what is true of it."""

    lines: list[str] = field(default_factory=list)
    truth: dict[tuple[str, int, str], tuple[str, int] | None] = field(default_factory=dict)
    _serial: int = 0

    def chain(self, name: str, id: str, residues: Iterable[Placed], letters: str, y: float) -> None:
        """Residues of one chain, ``y`` Angstrom beside the others."""
        x, nucleic = 0.0, set(letters) <= set("ACGTN")
        atoms, step = (_NUCLEIC, _NUCLEIC_STEP) if nucleic else (_BACKBONE, _STEP)
        for residue in residues:
            x += _BREAK if residue.after_break else 0.0
            kinds = DNA if nucleic else THREE
            kind = residue.name or kinds[letters[residue.letter or 0]]
            record = "HETATM" if residue.name and residue.name not in THREE.values() else "ATOM"
            for atom, shift in atoms:
                for location in residue.locations:
                    self._atom(record, atom, location, kind, name, residue, x + shift, y)
            x += step
            key = (name, residue.number, residue.code)
            self.truth[key] = None if residue.letter is None else (id, residue.letter)
        self.lines.append("TER")

    def hetero(self, chain: str, number: int, name: str, y: float, atom: str = "O") -> None:
        """A water or an ion."""
        self._atom("HETATM", atom, " ", name, chain, Placed(None, number), -20.0, y)
        self.truth[chain, number, " "] = None

    def _atom(
        self, record: str, atom: str, location: str, kind: str, chain: str, at: Placed, x: float, y: float
    ) -> None:
        self._serial += 1
        self.lines.append(
            f"{record:<6}{self._serial:5d}  {atom:<3}{location}{kind:>3} {chain}{at.number:4d}{at.code}   "
            f"{x:8.3f}{y:8.3f}{0.0:8.3f}{1.0 / len(at.locations):6.2f}{42.5:6.2f}          {atom[0]:>2}"
        )

    def write(self, path: Path, models: int = 1) -> Path:
        if models == 1:
            body = self.lines
        else:
            body = [line for i in range(models) for line in (f"MODEL     {i + 1:4d}", *self.lines, "ENDMDL")]
        path.write_text("\n".join([*body, "END", ""]))
        return path


def along(letters: Sequence[int], first: int, skipped: Iterable[int] = ()) -> list[Placed]:
    """Residues for these letters, numbered with them from ``first``; after a gap there is a break."""
    kept = [letter for letter in letters if letter not in {*skipped}]
    return [
        Placed(letter, first + letter, after_break=i > 0 and kept[i - 1] != letter - 1)
        for i, letter in enumerate(kept)
    ]


def as_mmcif(pdb: Path) -> Path:
    """The same in mmCIF, written by Biopython."""
    writer = MMCIFIO()
    writer.set_structure(PDBParser(QUIET=True).get_structure("x", pdb))
    writer.save(str(pdb.with_suffix(".cif")))
    return pdb.with_suffix(".cif")


def b_factors(path: Path) -> list[dict[tuple[str, int, str], set[float]]]:
    """Of each model, the B-factors of every residue's atoms, all alternatives, as Biopython reads them."""
    parser = MMCIFParser(QUIET=True) if path.suffix == ".cif" else PDBParser(QUIET=True)
    structure: Any = parser.get_structure("x", path)
    models = []
    for model in structure:
        found: dict[tuple[str, int, str], set[float]] = {}
        for chain in model:
            for residue in chain:
                _, number, code = residue.id
                atoms = residue.get_unpacked_list()
                if residue.is_disordered() == 2:
                    atoms = [
                        atom for one in residue.disordered_get_list() for atom in one.get_unpacked_list()
                    ]
                values = found.setdefault((chain.id, number, code), set())
                values |= {atom.get_bfactor() for atom in atoms}
        models.append(found)
    return models


def expected(
    built: Built, relevance: dict[str, np.ndarray], former: dict[str, float] | None = None
) -> dict[tuple[str, int, str], float]:
    """Relevance of every residue by what is known; chains of ``former`` have these B-factors."""
    values = {}
    for key, known in built.truth.items():
        if former and key[0] in former:
            values[key] = former[key[0]]
        else:
            values[key] = 0.0 if known is None else float(relevance[known[0]][known[1]])
    return values
