"""The polymers of a structure: their residues in order, as letters, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from relevome.results.structures.reading import OpenedStructure, gemmi_library

# A chain by its author's name, and a residue by its number and insertion code: "A", "52B".
ResidueKey = tuple[str, str]

# Half as far again as the bonds are long, as gemmi has it, in Angstrom: C-N 1.34, O3'-P 1.60; and between the
# atoms of a trace.
_BONDS = {"peptide": ("C", "N", 2.01), "nucleic": ("O3'", "P", 2.4)}
_TRACES = {"peptide": ("CA", 5.0), "nucleic": ("P", 7.5)}

UNKNOWN = "X"


@dataclass(frozen=True)
class PolymerChain:
    """A polymer of one model: residues with atoms, from first to last, alternatives at one place once.

    ``letters`` are those of the standard parents, ``X`` where there is none, of the first alternative;
    ``kinds`` are those of all alternatives at each place. ``places`` are where the file says that each
    residue stands, in the whole sequence or by number. ``joined[i]`` is whether residue ``i + 1`` is bound to
    residue ``i``. ``others`` are residues under the same name that are no part of the polymer.
    """

    name: str
    is_nucleic: bool
    letters: str
    kinds: tuple[str, ...]
    residues: tuple[ResidueKey, ...]
    places: tuple[int, ...]
    joined: tuple[bool, ...]
    others: tuple[ResidueKey, ...] = field(compare=False)


def polymer_chains(opened: OpenedStructure) -> Iterator[PolymerChain]:
    """The polymers of all models; a chain that is the same in a later model comes once."""
    seen = set()
    for model in opened.structure:
        for chain in model:
            found = _polymer(opened.structure, chain)
            if found is not None and found not in seen:
                seen.add(found)
                yield found


def chain_residues(chain: Any) -> Iterator[tuple[ResidueKey, Any]]:
    """Every residue of a chain of gemmi, ligands and waters included, under its key."""
    for residue in chain:
        yield (chain.name, str(residue.seqid)), residue


def _polymer(structure: Any, chain: Any) -> PolymerChain | None:
    """None for a chain of ligands, waters or sugars alone."""
    polymer = [residue for residue in chain if residue.entity_type == gemmi_library().EntityType.Polymer]
    kind = _kind(polymer)
    if kind is None:
        return None
    parents = {one.res_id.name: one.parent_comp_id for one in structure.mod_residues}
    first: dict[ResidueKey, Any] = {}
    kinds: dict[ResidueKey, str] = {}
    for residue in polymer:
        key = (chain.name, str(residue.seqid))
        first.setdefault(key, residue)
        kinds[key] = kinds.get(key, "") + letter_of(residue.name, parents)
    residues = list(first.values())
    return PolymerChain(
        name=chain.name,
        is_nucleic=kind == "nucleic",
        letters="".join(each[0] for each in kinds.values()),
        kinds=tuple(kinds.values()),
        residues=tuple(first),
        places=_places(structure, residues),
        joined=tuple(_are_joined(*pair, kind) for pair in pairwise(residues)),
        others=tuple(dict.fromkeys(key for key, _ in chain_residues(chain) if key not in first)),
    )


def _kind(residues: list[Any]) -> str | None:
    """What most residues are: of a peptide or a nucleic acid, or neither."""
    known = [gemmi_library().find_tabulated_residue(residue.name) for residue in residues]
    amino = sum(each.is_amino_acid() for each in known)
    nucleic = sum(each.is_nucleic_acid() for each in known)
    if not amino + nucleic:
        return None
    return "nucleic" if nucleic > amino else "peptide"


def letter_of(name: str, parents: dict[str, str] | None = None) -> str:
    """The letter of a residue's name, of its parent if it is modified (MSE is M), or X.

    Parents are those of gemmi's table, else those that the file names, given as ``parents``.
    """
    gemmi = gemmi_library()
    for known in (name, (parents or {}).get(name, "")):
        letter = gemmi.find_tabulated_residue(known).one_letter_code.upper() if known else ""
        if letter.isalpha() and letter != UNKNOWN:
            return letter
    return UNKNOWN


def _places(structure: Any, residues: list[Any]) -> tuple[int, ...]:
    """Where residues stand in the whole sequence of an mmCIF file, or else their numbers.

    Programs that do not know the whole sequence number what they have: their ``label_seq_id`` says nothing.
    """
    subchains = {residue.subchain for residue in residues}
    entities = [entity for entity in structure.entities if subchains <= {*entity.subchains}]
    monomers = [each.split(",") for entity in entities[:1] for each in entity.full_sequence]
    labels = [residue.label_seq for residue in residues]
    fits = all(
        label is not None and 0 < label <= len(monomers) and residue.name in monomers[label - 1]
        for label, residue in zip(labels, residues, strict=True)
    )
    return tuple(labels if fits else (residue.seqid.num for residue in residues))


def _are_joined(residue: Any, following: Any, bond: str) -> bool:
    """Whether they are bound, or near enough in a trace without the atoms of the bond."""
    last, first, limit = _BONDS[bond]
    ends, starts = _atoms(residue, last), _atoms(following, first)
    if not (ends and starts):
        name, limit = _TRACES[bond]
        ends, starts = _atoms(residue, name), _atoms(following, name)
    return any(end.pos.dist(start.pos) < limit for end in ends for start in starts)


def _atoms(residue: Any, name: str) -> list[Any]:
    """All alternative locations of an atom."""
    return [atom for atom in residue if atom.name == name]
