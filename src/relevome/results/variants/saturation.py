"""All substitutions of a stretch as a matrix of letters and places, and as one number for each place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.options import check_choice
from relevome.results.export import ExportReport
from relevome.results.outputs import check_free, target_paths
from relevome.results.relevance_tracks import sizes_within
from relevome.results.tables import write_tsv
from relevome.results.tracks import Values, write_bigwig
from relevome.results.variants.rows import MATRIX, Variants
from relevome.stores.place import local

Summary = Literal["mean", "reference-centred", "largest"]

_COLUMNS = ("target", "gene", "sequence_id", "start", "ref", "alt", "delta_score", "gain", "loss")


class SaturatedStretch(NamedTuple):
    """Places that follow each other, of one target and gene.

    Attributes:
        target: The target.
        gene: The gene; None without genes.
        sequence_id: The contig, or protein.
        start: The first place, 0-based.
        reference: The letters that are there.
        deltas: What every letter of the alphabet does in place of the one there, which has 0; NaN where that
            is not known. Of outputs for every letter the larger of gain and loss, a loss below 0.
    """

    target: str
    gene: str | None
    sequence_id: str
    start: int
    reference: str
    deltas: Float[np.ndarray, "places letters"]

    def summary(self, how: Summary, alphabet: str) -> Float[np.ndarray, " places"]:
        """One number for each place, see `VariantsBigWig`; NaN where nothing is known."""
        own = np.array([alphabet.find(letter) for letter in self.reference])
        others = np.where(np.arange(len(alphabet)) == own[:, None], np.nan, self.deltas)
        some = ~np.isnan(others).all(1)
        found = np.full(len(own), np.nan)
        if how == "mean":
            found[some] = np.nanmean(others[some], axis=1)
        elif how == "reference-centred":
            found[some] = -np.nanmean(self.deltas[some], axis=1)
        else:
            most = np.nanargmax(np.abs(others[some]), axis=1)
            found[some] = others[some, most]
        return found


def saturated_stretches(found: Variants) -> list[SaturatedStretch]:
    """The stretches of a result of `--saturate`, by target and gene. Raises InputError for another result."""
    if "saturate" not in found.manifest["input"]:
        raise InputError(
            f"{found.path} has variants of a file: expected all substitutions of a stretch, as `relevome "
            "variants --saturate` asks for"
        )
    alphabet = named_alphabet(found.manifest["alphabet"]).letters
    cells: dict[tuple[str, str | None], dict[tuple[str, int], tuple[str, np.ndarray]]] = {}
    for target, gene, contig, start, ref, alt, delta, gain, loss in found.values(_COLUMNS):
        places = cells.setdefault((target, gene), {})
        _, row = places.setdefault((contig, start), (ref, _blank(alphabet, ref)))
        row[alphabet.index(alt)] = delta if gain is None else (gain if gain >= loss else -loss)
    return [
        stretch for (target, gene), places in cells.items() for stretch in _stretches(target, gene, places)
    ]


def _blank(alphabet: str, reference: str) -> Float[np.ndarray, " letters"]:
    row = np.full(len(alphabet), np.nan)
    row[alphabet.index(reference)] = 0.0
    return row


def _stretches(
    target: str, gene: str | None, places: dict[tuple[str, int], tuple[str, np.ndarray]]
) -> Iterator[SaturatedStretch]:
    numbered = list(enumerate(places))
    for _, some in groupby(numbered, key=lambda one: (one[1][0], one[1][1] - one[0])):
        keys = [key for _, key in some]
        letters = "".join(places[key][0] for key in keys)
        yield SaturatedStretch(
            target, gene, keys[0][0], keys[0][1], letters, np.array([places[key][1] for key in keys])
        )


def write_saturation(found: Variants) -> Path:
    """Write ``saturation.tsv``: a row for each target (and gene) and letter, a column for each place.

    Columns are called as ``chr1:101:A``, counted from 1, with the letter that is there, whose own row has 0;
    a field is empty where nothing is known.
    """
    alphabet, stretches = named_alphabet(found.manifest["alphabet"]).letters, saturated_stretches(found)
    every = {
        (one.sequence_id, one.start + at): letter
        for one in stretches
        for at, letter in enumerate(one.reference)
    }
    columns = {key: number for number, key in enumerate(every)}
    names = [f"{contig}:{place + 1}:{letter}" for (contig, place), letter in every.items()]
    rows: list[list[object]] = []
    for (target, gene), some in groupby(stretches, key=lambda one: (one.target, one.gene)):
        block = np.full((len(alphabet), len(columns)), np.nan)
        for one in some:
            first = columns[one.sequence_id, one.start]
            block[:, first : first + len(one.reference)] = one.deltas.T
        for letter, row in zip(alphabet, block.tolist(), strict=True):
            rows.append([target, gene, letter, *(None if np.isnan(x) else x for x in row)])
    write_tsv(found.path / MATRIX, ["target", "gene", "letter", *names], rows)
    return local(found.path) / MATRIX


@dataclass(frozen=True)
class VariantsBigWig:
    """What letters of a stretch matter, as a binary track: of a result of ``relevome variants --saturate``.

    ``summary`` is what a place has: the ``mean`` of what the other letters do (default), ``largest``, what
    that one does that does most, with its sign, or ``reference-centred``, the score of the letter that is
    there minus the mean of all letters with itself. ``chrom_sizes`` is a file of names and lengths
    (``chrom.sizes`` or ``.fai``); without it a chromosome ends where its last place does. Needs pybigtools.
    """

    summary: str = "mean"
    chrom_sizes: Path | None = None

    def export(
        self, found: Variants, out: Path, target: str | None = None, overwrite: bool = False
    ) -> ExportReport:
        """One file a target. Raises InputError as exporters of runs do, or for places in two genes."""
        check_choice("--option summary", self.summary, get_args(Summary))
        if target is not None and target not in found.targets:
            known = ", ".join(found.targets)
            raise InputError(f"{found.path} has no target {target!r}: expected one of {known}")
        wanted = found.targets if target is None else (target,)
        paths = target_paths(out, wanted)
        check_free(paths.values(), overwrite)
        every = saturated_stretches(found)
        alphabet = named_alphabet(found.manifest["alphabet"]).letters
        written, missing = 0, 0
        for label, path in paths.items():
            some = sorted(
                (one for one in every if one.target == label), key=lambda one: (one.sequence_id, one.start)
            )
            _check_apart(some, local(found.path))
            values = list(self._values(some, alphabet))
            missing += sum(len(one.reference) for one in some) - sum(len(numbers) for *_, numbers in values)
            ends: dict[str, int] = {}
            for one in some:
                ends[one.sequence_id] = one.start + len(one.reference)
            written += write_bigwig(path, sizes_within(ends, self.chrom_sizes), values)
        skipped = {"no substitution was scored": missing} if missing else {}
        return ExportReport(tuple(paths.values()), written, "places", skipped)

    def _values(self, stretches: Sequence[SaturatedStretch], alphabet: str) -> Iterator[Values]:
        how: Summary = self.summary  # pyright: ignore[reportAssignmentType]
        for one in stretches:
            values = one.summary(how, alphabet)
            known = np.flatnonzero(~np.isnan(values))
            for some in np.split(known, np.flatnonzero(np.diff(known) != 1) + 1):
                if len(some):
                    yield one.sequence_id, one.start + int(some[0]), values[some]


def _check_apart(stretches: Sequence[SaturatedStretch], path: Path) -> None:
    """Raises InputError for two numbers at one place."""
    for one, other in pairwise(stretches):
        if one.sequence_id == other.sequence_id and other.start < one.start + len(one.reference):
            raise InputError(
                f"{path} has places in two genes, {one.gene!r} and {other.gene!r}, of which a track has one "
                "number: expected genes that are apart, or use saturation.tsv"
            )
