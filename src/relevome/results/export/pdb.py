"""PDB: a structure with relevance as B-factor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.export import exporters
from relevome.results.folder import whole_file
from relevome.results.structures.b_factors import check_scale, decimal_scale, with_b_factors
from relevome.results.structures.exporting import OntoStructure
from relevome.results.structures.matching import ResidueRelevance
from relevome.results.structures.reading import OpenedStructure, gemmi_library

# What comes before the remarks, and the number of ours: 6 to 99 are for free text.
_BEFORE = ("HEADER", "OBSLTE", "TITLE", "SPLIT", "CAVEAT", "COMPND", "SOURCE", "KEYWDS", "EXPDTA", "NUMMDL",
           "MDLTYP", "AUTHOR", "REVDAT", "SPRSDE", "JRNL")  # fmt: skip
_NUMBER = 99
_WIDTH = 68  # of a remark's text


@exporters.register("pdb")
@dataclass(frozen=True)
class Pdb(OntoStructure):
    """A structure in PDB format whose B-factors are relevance, times ``scale``.

    The field holds two decimals from -99.99 to 999.99: without ``scale`` relevance is multiplied by the
    highest power of ten that fits all residues of the file. ``REMARK 99`` says by which, and which sequence
    each chain is. Residues of matched chains without a letter, ligands and waters too, have 0; other chains
    keep their B-factors (``others="keep"``) or have 0 (``zero``). Written by gemmi, which keeps coordinates
    and most, not all, of the header; anisotropic B-factors are left out. wwPDB format 3.3.
    """

    scale: float | None = None
    others: Literal["keep", "zero"] = "keep"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale is not None and not self.scale > 0:
            raise InputError(f"scale is {self.scale}: expected a number above 0")

    def _write(self, opened: OpenedStructure, relevance: ResidueRelevance, path: Path) -> None:
        scale = self.scale or decimal_scale(relevance.values)
        check_scale(relevance.values, scale)
        scaled = {key: scale * value for key, value in relevance.values.items()}
        structure = with_b_factors(opened, scaled, self.others)
        options = gemmi_library().PdbWriteOptions()
        options.conect_records = True
        structure.shorten_ccd_codes()
        try:
            text = structure.make_pdb_string(options)
        except RuntimeError as error:
            raise InputError(
                f"{opened.path} does not fit into PDB format: {error}; export to mmcif"
            ) from error
        with whole_file(path) as temporary:
            temporary.write_text(_with_remarks(text, _remarks(relevance, scale)), encoding="utf-8")


def _remarks(relevance: ResidueRelevance, scale: float) -> list[str]:
    lines = [
        "",
        f"B-FACTORS ARE RELEVANCE IN LOGITS TIMES {scale:.10g} (RELEVOME)",
        f"TARGET: {relevance.target}",
        *(f"CHAIN {chain}: {name}" for chain, name in relevance.sequences.items()),
        "OTHER CHAINS AS IN THE FILE GIVEN, UNLESS 0 WAS ASKED FOR",
    ]
    pieces = [
        text[i : i + _WIDTH] for text in map(visible, lines) for i in range(0, max(len(text), 1), _WIDTH)
    ]
    return [f"REMARK {_NUMBER:3d} {piece}".rstrip() + "\n" for piece in pieces]


def _with_remarks(text: str, remarks: list[str]) -> str:
    """Ours behind the records of lower numbers."""
    lines = text.splitlines(keepends=True)
    place = 0
    for number, line in enumerate(lines):
        remark = line[7:10].strip()
        if line[:6].strip() in _BEFORE or (
            line.startswith("REMARK") and remark.isdigit() and int(remark) <= _NUMBER
        ):
            place = number + 1
    return "".join([*lines[:place], *remarks, *lines[place:]])
