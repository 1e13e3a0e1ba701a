"""ChimeraX: relevance as an attribute of residues."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.export import exporters
from relevome.results.folder import whole_file
from relevome.results.structures.exporting import OntoStructure
from relevome.results.structures.matching import ResidueRelevance
from relevome.results.structures.reading import OpenedStructure

_CHAIN = re.compile(r"[a-zA-Z0-9_]+")
_ANY_CHAIN = "?"


@exporters.register("chimerax")
@dataclass(frozen=True)
class ChimeraX(OntoStructure):
    """An attribute file (``.defattr``) of UCSF ChimeraX: the attribute ``relevance`` of residues, in logits.

    Open the structure, then this file; ``color byattribute r:relevance palette blue:white:red`` shows it.
    Residues of matched chains without a letter have 0. Values in the fewest digits that give the same
    float32. A chain without a name can be meant only where it is the only one.
    https://www.cgl.ucsf.edu/chimerax/docs/user/formats/defattr.html
    """

    def _write(self, opened: OpenedStructure, relevance: ResidueRelevance, path: Path) -> None:
        names = {chain.name for model in opened.structure for chain in model}
        written = {chain: _chain(chain, len(names)) for chain in relevance.sequences}
        said = [f"target: {relevance.target}", *(f"/{c}: {n}" for c, n in relevance.sequences.items())]
        with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write("# relevance in logits (relevome)\n")
            file.writelines(f"# {visible(line)}\n" for line in said)
            file.write("attribute: relevance\nmatch mode: any\nrecipient: residues\n")
            for (chain, place), value in relevance.values.items():
                file.write(f"\t/{written[chain]}:{place}\t{value!r}\n")


def _chain(name: str, chains: int) -> str:
    """A chain in an atom specification."""
    if not name.strip() and chains == 1:
        return _ANY_CHAIN
    if not _CHAIN.fullmatch(name):
        raise InputError(
            f"chain {name!r} cannot be meant in a file of ChimeraX: expected letters and digits; rename it, "
            "or export to pdb or mmcif"
        )
    return name
