"""Structures on a page: where residues are, and which letter of which sequence each of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relevome.report.html.arrays import PageArrays
from relevome.report.html.references import ALIGNMENT, GEMMI
from relevome.results.structures.chains import PolymerChain
from relevome.results.structures.matching import ChainMatch
from relevome.results.structures.traces import ChainTrace, StructureTrace

_NONE = -1  # stands for no letter


@dataclass(frozen=True)
class ShownStructure:
    """A structure, and the sequences of the page that its chains are; rows of matches are their numbers."""

    trace: StructureTrace
    matches: Mapping[PolymerChain, ChainMatch]

    def content(self, arrays: PageArrays) -> dict[str, Any]:
        """The structure as the page draws it: positions in Angstrom, and a letter for each residue."""
        names = list(dict.fromkeys(self.trace.ligands))
        places = {name: place for place, name in enumerate(names)}
        return {
            "name": self.trace.path.name,
            "title": self.trace.title,
            "models": self.trace.models,
            "chains": [self._chain(one, arrays) for one in self.trace.chains],
            "ligands": {
                "names": names,
                "of": arrays.add(np.array([places[name] for name in self.trace.ligands], np.int64), "i4"),
                "at": arrays.add(self.trace.atoms.ravel(), "f4"),
            },
        }

    def _chain(self, one: ChainTrace, arrays: PageArrays) -> dict[str, Any]:
        chain, match = one.chain, self.matches.get(one.chain)
        letters = np.full(len(chain.residues), _NONE, dtype=np.int64)
        for letter, residue in match.alignment.pairs if match else ():
            letters[residue] = letter
        return {
            "name": chain.name,
            "nucleic": chain.is_nucleic,
            "sequence": None if match is None else match.row,
            "identity": None if match is None else match.alignment.identity,
            "several": match is not None and match.others_fit,
            "residues": [
                f"{name} {number}" for name, (_, number) in zip(one.names, chain.residues, strict=True)
            ],
            "joined": arrays.add(np.array(chain.joined, dtype=np.int64), "u1"),
            "letters": arrays.add(letters, "i4"),
            "at": arrays.add(one.positions.ravel(), "f4"),
        }


def structures_text(shown: Sequence[ShownStructure]) -> tuple[list[str], list[str]]:
    """How structures came to their relevance, in sentences for a paper, and the references of these."""
    if not shown:
        return [], []
    names = ", ".join(one.trace.path.name for one in shown)
    text = (
        f"Residues of {names} have the relevance of their letters, by global alignment (Needleman and Wunsch "
        "1970) with gemmi (Wojdyr 2022); traces go through C-alpha atoms, of nucleic acids through C4'."
    )
    return [text], [ALIGNMENT, GEMMI]
