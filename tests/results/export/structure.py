"""A structure for the tests of all exporters: DNA with the letters of the run of theirs."""

from __future__ import annotations

from pathlib import Path

LETTERS = "ACGTNACGTA"


def dna(folder: Path) -> Path:
    """A chain of these residues along a line, by the columns of the PDB format."""
    lines = [
        f"ATOM  {i + 1:5d}  P    {'N' if letter == 'N' else 'D' + letter:>2} A{i + 1:4d}    "
        f"{6.0 * i:8.3f}{0.0:8.3f}{0.0:8.3f}{1.0:6.2f}{20.0:6.2f}           P"
        for i, letter in enumerate(LETTERS)
    ]
    path = folder / "given.pdb"
    path.write_text("\n".join([*lines, "TER", "END", ""]))
    return path
