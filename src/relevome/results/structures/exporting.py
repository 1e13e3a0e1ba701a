"""What all exporters onto structures share: their options, and the way from a run to residues."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from relevome.errors import InputError
from relevome.results.export import ExportReport
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.structures.chains import PolymerChain, polymer_chains
from relevome.results.structures.matching import (
    IDENTITY,
    ResidueRelevance,
    match_chains,
    residue_relevance,
)
from relevome.results.structures.reading import OpenedStructure, open_structure


@dataclass(frozen=True)
class OntoStructure(ABC):
    """Relevance on the residues of a structure.

    ``structure`` is a PDB or mmCIF file, also ``.gz``. Each of its chains, or only that called ``chain`` by
    its author, gets the relevance of the sequence of the run that it is, or of the sequence ``id`` alone:
    by global alignment, at least ``identity`` alike, a share of the paired letters from 0 to 1 (0.9). Needs
    gemmi.
    """

    structure: Path | None = None
    id: str | None = None
    chain: str | None = None
    identity: float = IDENTITY

    def __post_init__(self) -> None:
        if not 0 <= self.identity <= 1:
            raise InputError(f"identity is {self.identity}: expected a share of paired letters from 0 to 1")

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`.

        Raises InputError without ``structure``, for a chain that is not there, and where no chain is similar
        enough to a sequence.
        """
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        if self.structure is None:
            raise InputError("no structure is given: expected --option structure=FILE, in PDB or mmCIF")
        opened = open_structure(self.structure)
        chains = self._chains(opened)
        matches = match_chains(run, list(paths), chains, self.id, self.identity)
        relevance = {
            path: residue_relevance(run, name, chains, matches[name])
            for name, path in paths.items()
            if matches[name]
        }
        for path, each in relevance.items():
            self._write(opened, each, path)
        left_out = sum((each.left_out for each in relevance.values()), Counter[str]())
        left_out["target without any chain"] = len(paths) - len(relevance)
        notes = sum((each.notes for each in relevance.values()), Counter[str]())
        residues = sum(each.residues for each in relevance.values())
        return ExportReport(tuple(relevance), residues, "residues", +left_out, notes)

    def _chains(self, opened: OpenedStructure) -> list[PolymerChain]:
        found = list(polymer_chains(opened))
        chains = [one for one in found if self.chain in (None, one.name)]
        if not chains:
            names = ", ".join(dict.fromkeys(repr(one.name) for one in found)) or "none"
            asked = "no chain" if self.chain is None else f"no chain {self.chain!r}"
            raise InputError(
                f"{opened.path} has {asked} of a protein or nucleic acid: its chains are {names}"
            )
        return chains

    @abstractmethod
    def _write(self, opened: OpenedStructure, relevance: ResidueRelevance, path: Path) -> None:
        """Write one target."""
