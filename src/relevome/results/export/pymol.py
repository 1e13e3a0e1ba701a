"""PyMOL: a script that puts relevance on what is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.export import exporters
from relevome.results.folder import whole_file
from relevome.results.structures.exporting import OntoStructure
from relevome.results.structures.matching import ResidueRelevance
from relevome.results.structures.reading import OpenedStructure

_SET = """}

cmd.alter(OBJECT, "b = RELEVANCE.get((chain, resi), b)", space={"RELEVANCE": RELEVANCE})
"""
_COLOUR = """
ATOMS = {{}}
cmd.iterate(
    OBJECT,
    "ATOMS.setdefault(model, []).append(index) if (chain, resi) in RELEVANCE else None",
    space={{"RELEVANCE": RELEVANCE, "ATOMS": ATOMS}},
)
for model, atoms in ATOMS.items():
    cmd.select_list("relevance", model, atoms, mode="index")
    cmd.spectrum("b", "blue_white_red", "relevance", minimum={lowest!r}, maximum={highest!r})
    cmd.delete("relevance")
"""


@exporters.register("pymol")
@dataclass(frozen=True)
class PyMol(OntoStructure):
    """A Python script for PyMOL that sets B-factors and colours of the residues of a loaded object.

    ``load structure.cif``, then ``run relevance.py``. B-factors are relevance in logits. ``object`` is the
    object, or all that is loaded (``all``). Chains and numbers are the authors', as PyMOL has them unless
    ``cif_use_auth`` is off. Residues of matched chains without a letter, ligands and waters too, have 0;
    other chains are left as they are. Colours go from blue over white, which is 0, to red for the highest
    absolute relevance; ``colour=false`` leaves them. https://pymolwiki.org/index.php/Alter
    """

    object: str = "all"
    colour: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.object.strip():
            raise InputError("object is empty: expected the name of an object of PyMOL, or all")

    def _write(self, opened: OpenedStructure, relevance: ResidueRelevance, path: Path) -> None:
        limit = max(map(abs, relevance.values.values()), default=0.0) or 1.0
        said = [f"Target: {relevance.target}"]
        said += [f"Chain {chain}: {name}" for chain, name in relevance.sequences.items()]
        with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write("# Relevance in logits as B-factors and colours of residues (relevome).\n")
            file.writelines(f"# {visible(line)}\n" for line in said)
            file.write(f"from pymol import cmd\n\nOBJECT = {self.object!a}\nRELEVANCE = {{\n")
            file.writelines(f"    {key!a}: {value!r},\n" for key, value in relevance.values.items())
            file.write(_SET)
            if self.colour:
                file.write(_COLOUR.format(lowest=-limit, highest=limit))
