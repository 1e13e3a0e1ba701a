"""mmCIF: a structure with relevance as B-factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from relevome.data.names import visible
from relevome.results.export import exporters
from relevome.results.folder import whole_file
from relevome.results.structures.chains import ResidueKey
from relevome.results.structures.exporting import OntoStructure
from relevome.results.structures.matching import ResidueRelevance
from relevome.results.structures.reading import OpenedStructure, gemmi_library

# Of chains and numbers those of the author, as viewers show them, or else mmCIF's own.
_CHAIN = ("auth_asym_id", "label_asym_id")
_PLACE = ("auth_seq_id", "label_seq_id")
_CODE, _VALUE = "pdbx_PDB_ins_code", "B_iso_or_equiv"


@exporters.register("mmcif")
@dataclass(frozen=True)
class MmCif(OntoStructure):
    """A structure in mmCIF whose B-factors (``_atom_site.B_iso_or_equiv``) are relevance in logits.

    Values have the fewest digits that give the same float32. All else of an mmCIF file stays as it is, but
    for anisotropic B-factors, which go; a PDB file is turned into mmCIF by gemmi. Residues of matched chains
    without a letter, ligands and waters too, have 0; other chains keep their B-factors (``others="keep"``) or
    have 0 (``zero``). ``_relevome`` says so in the file. PDBx/mmCIF dictionary 5.
    """

    others: Literal["keep", "zero"] = "keep"

    def _write(self, opened: OpenedStructure, relevance: ResidueRelevance, path: Path) -> None:
        document = _document(opened)
        block = next(block for block in document if len(block.find_values("_atom_site.id")))
        _set_values(block, relevance.values, self.others)
        block.find_mmcif_category("_atom_site_anisotrop.").erase()
        quote = gemmi_library().cif.quote
        block.set_pair("_relevome.B_iso_or_equiv", quote("relevance in logits"))
        block.set_pair("_relevome.target", quote(visible(relevance.target)))
        chains = block.init_loop("_relevome_chain.", ["auth_asym_id", "sequence_id"])
        for chain, name in relevance.sequences.items():
            chains.add_row([quote(chain), quote(visible(name))])
        with whole_file(path) as temporary:
            temporary.write_text(document.as_string(), encoding="utf-8")


def _document(opened: OpenedStructure) -> Any:
    """One of its own, which may be changed."""
    if opened.document is not None:
        return gemmi_library().cif.read_string(opened.document.as_string())
    structure = opened.structure.clone()
    structure.assign_label_seq_id()
    return structure.make_mmcif_document()


def _set_values(block: Any, values: Mapping[ResidueKey, float], others: str) -> None:
    names = ["id", *(f"?{name}" for name in (*_CHAIN, *_PLACE, _CODE)), _VALUE]
    loop = block.find_loop("_atom_site.id").get_loop()
    if f"_atom_site.{_VALUE}" not in loop.tags:
        loop.add_columns([f"_atom_site.{_VALUE}"], "?")
    table = block.find("_atom_site.", names)
    for row in table:
        chain, place, code = _first(table, row, 1), _first(table, row, 3), _text(table, row, 5)
        value = values.get((chain, place + code), None if others == "keep" else 0.0)
        if value is not None:
            row[6] = repr(value)


def _first(table: Any, row: Any, column: int) -> str:
    """The author's, or mmCIF's own in the next column."""
    return _text(table, row, column) or _text(table, row, column + 1)


def _text(table: Any, row: Any, column: int) -> str:
    """A value as it is meant, empty for none."""
    return gemmi_library().cif.as_string(row[column]) if table.has_column(column) else ""
