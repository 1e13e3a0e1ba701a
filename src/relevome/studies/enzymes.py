"""Enzymes of a file of the user's own, for study C: which EC class, and on which sites does that rest?

As in the published study: EC level 1, a protein of several classes left out, clusters of relatives never in
two parts, and its four types of annotations.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.features import Feature, same_type
from relevome.data.formats.clusters import read_clusters
from relevome.data.formats.table import LabelledSequence
from relevome.data.problems import Stops
from relevome.data.sites import features_of, listed_as
from relevome.discovery.relevance_heads import FEWEST
from relevome.errors import InputError
from relevome.studies.prepared import Segment, write_examples, write_fasta, write_segments
from relevome.studies.protein_tasks import PARTS, ExplainedClass, ProteinLimits
from relevome.training.function.proteins import FunctionData, read_function_data
from relevome.training.settings import TrainingSettings
from relevome.training.splits import split_of

ENZYMES = "enzymes"

KINDS = ("active site", "binding site", "motif", "transmembrane")


@dataclass(frozen=True)
class EnzymeFiles:
    """Proteins with EC numbers (UniProt or a table), where their sites are, and clusters of relatives.

    Without ``annotations`` the sites are those of ``proteins``.
    """

    proteins: Path
    annotations: Path | None = None
    clusters: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that are read."""
        return tuple(path for path in (self.proteins, self.annotations, self.clusters) if path is not None)


@dataclass(frozen=True)
class EnzymeClass:
    """Held-out proteins of a class that have sites of types which enough of them, or families, have."""

    name: str
    kinds: tuple[str, ...]
    proteins: tuple[tuple[LabelledSequence, tuple[Segment, ...]], ...]
    clusters: Path | None = None

    @property
    def explained(self) -> ExplainedClass:
        """What the study asks about it: the logit of its class, which all others are weighed against."""
        files = f"{ENZYMES}/data/{self.name}"
        return ExplainedClass(
            f"{ENZYMES}/ec-{self.name}", ENZYMES, f"{files}.fasta", f"{files}.tsv", self.kinds, self.name,
            clusters=self.clusters,
        )  # fmt: skip


@dataclass(frozen=True)
class Enzymes:
    """What is learnt, the classes that are asked about, and what was left out for which reason."""

    tables: Mapping[str, Sequence[LabelledSequence]]
    classes: tuple[EnzymeClass, ...]
    record: Mapping[str, Any]


def read_enzymes(source: EnzymeFiles, amount: ProteinLimits, seed: int) -> Enzymes:
    """Proteins of one EC class each, in three parts, and the classes with enough sites among those to test.

    Raises InputError for files that cannot be read, and where no class has enough.
    """
    settings = TrainingSettings(
        "", source.proteins, None, Path(), labels_from="ec", split="0.8,0.1,0.1", clusters=source.clusters,
        max_length=amount.letters, on_bad="skip", seed=seed,
    )  # fmt: skip
    found = read_function_data(settings, split_of(settings), Stops())
    rng = np.random.default_rng(seed)
    tables = {part: _at_most(amount.each, found.tables[part].rows, rng) for part in PARTS}
    sites = _sites(source.annotations or source.proteins)
    classes = [
        _class(name, tables["test"], sites, amount.explained, source.clusters) for name in found.scheme.names
    ]
    asked = tuple(one for one in classes if one.kinds)
    if not asked:
        raise InputError(
            f"{source.proteins}: no EC class has {FEWEST} proteins to test on with sites of one type "
            f"({', '.join(KINDS)}): expected more proteins, or their sites in --annotations"
        )
    return Enzymes(tables, asked, _record(found, tables, classes))


def write_enzymes(enzymes: Enzymes, folder: Path) -> None:
    """Tables to learn from, proteins and sites of every class that is asked about, and the record."""
    for part, rows in enzymes.tables.items():
        write_examples(folder / f"{part}.csv", ((row.sequence, row.label) for row in rows))
    for one in enzymes.classes:
        write_fasta(folder / f"{one.name}.fasta", [row.sequence for row, _ in one.proteins])
        write_segments(folder / f"{one.name}.tsv", ((row.sequence.id, own) for row, own in one.proteins))
    (folder / "data.json").write_text(json.dumps(enzymes.record, indent=1) + "\n", encoding="utf-8")


def _at_most(most: int, rows: Sequence[LabelledSequence], rng: np.random.Generator) -> list[LabelledSequence]:
    """Rows in an order that is drawn, no more than so many."""
    return [rows[place] for place in rng.permutation(len(rows))[:most]]


def _sites(path: Path) -> dict[str, list[Segment]]:
    """Sites of the four types by the id of their protein; none where a letter is not known."""
    found: dict[str, list[Segment]] = {}
    for one in features_of(path):
        if isinstance(one, Feature) and (kind := same_type(one.kind)) in KINDS:
            found.setdefault(one.id, []).extend((kind, *span) for span in one.spans)
    return found


def _class(
    name: str,
    tested: Sequence[LabelledSequence],
    sites: Mapping[str, list[Segment]],
    most: int,
    clusters: Path | None,
) -> EnzymeClass:
    """A class, and the types of sites that as many families have as a test of heads needs."""
    family = str if clusters is None else read_clusters(clusters).find
    rows = [row for row in tested if row.label == name]
    own = [(row, sites[id]) for row in rows if (id := listed_as(row.sequence.id, sites)) is not None][:most]
    having = {(kind, family(row.sequence.id)) for row, places in own for kind, _, _ in places}
    families = Counter(kind for kind, _ in having)
    kinds = tuple(kind for kind in KINDS if families[kind] >= FEWEST)
    kept = [(row, tuple(place for place in places if place[0] in kinds)) for row, places in own]
    shared = None if clusters is None else clusters.resolve()
    return EnzymeClass(name, kinds, tuple((row, places) for row, places in kept if places), shared)


def _record(
    found: FunctionData, tables: Mapping[str, Sequence[LabelledSequence]], classes: Sequence[EnzymeClass]
) -> dict[str, Any]:
    counts = {part: Counter(row.label for row in rows) for part, rows in tables.items()}
    return {
        "proteins": {one.name: {part: counts[part][one.name] for part in PARTS} for one in classes},
        "explained": {one.name: len(one.proteins) for one in classes},
        "types": {one.name: list(one.kinds) for one in classes},
        "not_asked": {
            one.name: f"no type of site in {FEWEST} of its proteins or families to test on"
            for one in classes
            if not one.kinds
        },
        "left_out": dict(found.record["left_out"]),
        "not_read": [str(problem) for problem in found.tables["train"].problems],
        "more_than_asked_for": {part: len(found.tables[part].rows) - len(tables[part]) for part in PARTS},
        "split": found.record["split"],
    }
