"""Readers of structures: a short peptide, a nucleotide and an ion, as PDB and as mmCIF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relevome.results.structures.traces import read_trace
from tests.damage.readers import Files, Reader, register

PDB = """\
HEADER    A TOY                                   01-JAN-00   1TOY
TITLE     A SHORT PEPTIDE
ATOM      1  N   ALA A   1       1.000   2.000   3.000  1.00 10.00           N
ATOM      2  CA  ALA A   1       2.400   2.000   3.000  1.00 10.00           C
ATOM      3  CA  GLY A   2A      6.000   2.500   3.000  1.00 10.00           C
ATOM      4  CA AMET A   2B      9.500   2.000   4.000  0.50 10.00           C
ATOM      5  CA BMET A   2B      9.600   2.100   4.000  0.50 10.00           C
ATOM      6  CA  LYS A   5      13.000   2.000   5.000  1.00 10.00           C
TER       7      LYS A   5
ATOM      8  P    DA B   1      20.000   2.000   5.000  1.00 10.00           P
TER       9       DA B   1
HETATM   10 ZN    ZN A 101       4.000   4.000   4.000  1.00 10.00          ZN
END
"""


def _mmcif() -> str:
    import gemmi

    structure = gemmi.read_pdb_string(PDB)
    structure.setup_entities()
    return structure.make_mmcif_document().as_string()


def _files() -> list[Files]:
    return [{"a.pdb": PDB.encode()}, {"a.cif": _mmcif().encode()}]


def _read(folder: Path) -> list[np.ndarray]:
    (path,) = folder.iterdir()
    found = read_trace(path)
    for one in found.chains:
        assert len(one.chain.residues) == len(one.names) == len(one.positions)
    assert len(found.ligands) == len(found.atoms)
    return [found.atoms, *(one.positions for one in found.chains)]


register(
    Reader(
        "structure",
        _files,
        _read,
        ("relevome.results.structures.traces:read_trace",),
        words=(b"HETATM", b"nan", b"?", b"ENDMDL", b"loop_", b"TER"),
    )
)
