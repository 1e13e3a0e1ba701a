"""modisco-h5: the motifs of a run, in the file that TF-MoDISco writes of its own."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from jaxtyping import Bool, Float32, Int

from relevome.data.names import bed_line
from relevome.errors import InputError
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.motifs.folder import read_relevant_motifs
from relevome.results.motifs.motifs import MotifPlaces, RelevantMotif, RelevantMotifs
from relevome.results.outputs import check_free, wanted_targets
from relevome.results.run.reader import Run
from relevome.stores.place import named_place

_GROUPS = {1: "pos_patterns", -1: "neg_patterns"}
_COLUMNS = ("sequence_id", "sequence", "target", "chrom", "start", "strand")
_OFF, _NONE = "seqlet that goes beyond its sequence", "motif without a seqlet that lies within its sequence"
_OBSERVED = "seqlets with scores of their own letters alone, which stand for hypothetical contributions too"


@exporters.register("modisco-h5")
@dataclass(frozen=True)
class ModiscoH5:
    """Motifs of a run in HDF5 as TF-MoDISco writes its own, for ``modisco report`` and other readers.

    ``motifs`` is the folder of `relevome motifs`, of this run and four letters. For ``-o x.h5``, ``x.h5`` has
    each motif with its seqlets, and ``x.peaks.bed`` a line for every sequence in the order that seqlets count
    them, for ``modisco seqlet-bed -p``: on the genome where all sequences have an interval that is not of the
    ``-`` strand, else by their ids. Every motif is as wide as it was found; with ``width`` all are of so many
    letters, their motif in the middle, as Fi-NeMo needs it. ``contrib_scores`` are relevance;
    ``hypothetical_contribs`` are scores of every letter where the run has them, with ``centre`` less their
    mean at each position, and else relevance too. A seqlet that goes beyond its sequence is left out and
    counted; matrices are means of those that are there. The layout is that of ``save_hdf5`` of modisco-lite
    3.0.0 (https://github.com/jmschrei/tfmodisco-lite). Needs h5py.
    """

    motifs: Path | None = None
    width: int | None = None
    centre: bool = True

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """Two files, of the target of the motifs; see `Exporter`.

        Raises InputError without ``motifs``, for a folder without any or of other runs, for letters that are
        not four, for a motif of more than ``width`` letters, and without h5py.
        """
        wanted_targets(run, target)
        paths = out, out.with_name(f"{out.name.removesuffix('.h5')}.peaks.bed")
        check_free(paths, overwrite)
        if self.motifs is None:
            raise InputError("no motifs are given: expected --option motifs=FOLDER, of relevome motifs")
        if find_spec("h5py") is None:
            raise InputError("modisco-h5 needs the library h5py: pip install 'relevome[h5]'")
        found = read_relevant_motifs(self.motifs)
        stacks = [_Stack(one, _place(one, self.motifs), self._wide(one)) for one in self._of_run(found, run)]
        rows = _filled(stacks, run, _target(run, found, target), found.alphabet.letters, self.centre)
        for one in stacks:
            one.check(self.motifs, run)
        kept = [one for one in stacks if one.inside.any()]
        if not kept:
            raise InputError(f"no motif of {self.motifs} has a seqlet within its sequence: give a less width")
        every = all(one.every_letter for one in kept)
        with whole_file(paths[0]) as temporary:
            _write(temporary, kept, max(row.letters for row in rows), every, self.centre)
        with whole_file(paths[1]) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.writelines(_peaks(rows))
        off = sum(int((~one.inside).sum()) for one in stacks)
        skipped = {name: n for name, n in ((_OFF, off), (_NONE, len(stacks) - len(kept))) if n}
        seqlets = sum(int(one.inside.sum()) for one in kept)
        return ExportReport(paths, len(kept), "motifs", skipped, {} if every else {_OBSERVED: seqlets})

    def _of_run(self, found: RelevantMotifs, run: Run) -> list[RelevantMotif]:
        """Motifs of this run. Raises InputError where there are none, and for letters that are not four."""
        if len(found.alphabet.letters) != 4:
            raise InputError(
                f"the motifs of {self.motifs} are of {found.alphabet.name}: TF-MoDISco's files have four "
                "letters; motifs.meme has them for other programs"
            )
        number = 1
        if len(found.counts) > 1:
            paths = [named_place(str(one)).resolve() for one in found.about.get("runs") or ()]
            if run.path.resolve() not in paths:
                raise InputError(
                    f"{self.motifs} has motifs of {', '.join(map(str, paths))}: expected one of these runs, "
                    f"not {run.path}"
                )
            number += paths.index(run.path.resolve())
        motifs = [one for one in found.motifs if one.run == number]
        if not motifs:
            raise InputError(f"{self.motifs} has no motifs of {run.path}: there is nothing to export")
        return motifs

    def _wide(self, motif: RelevantMotif) -> int:
        if self.width is not None and self.width < len(motif):
            raise InputError(
                f"width is {self.width}, and motif {motif.name} has {len(motif)} letters: expected as many "
                "or more"
            )
        return self.width or len(motif)


def _place(motif: RelevantMotif, folder: Path) -> MotifPlaces:
    if motif.places is None:
        raise InputError(
            f"{folder} was made by an earlier relevome, which did not say where the seqlets of motifs lie: "
            "run relevome motifs again"
        )
    return motif.places


def _target(run: Run, found: RelevantMotifs, asked: str | None) -> str | None:
    """The target of the motifs, None where each sequence has that which it was predicted.

    Raises InputError for another one than asked for, and one that the run lacks.
    """
    said = str(found.about.get("target"))
    if asked not in (None, said):
        raise InputError(f"the motifs are of target {said!r}: expected that, or no --target, not {asked!r}")
    if run.of_predicted and said not in run.targets:
        return None
    return wanted_targets(run, said)[0]


@dataclass(eq=False)
class _Stack:
    """The seqlets of a motif in windows of so many letters, in the direction of the motif."""

    motif: RelevantMotif
    places: MotifPlaces
    width: int
    every_letter: bool = True  # whether there are scores of every letter at all seqlets
    inside: Bool[np.ndarray, " seqlets"] = field(init=False)
    letters: Float32[np.ndarray, "seqlets places letters"] = field(init=False)
    relevance: Float32[np.ndarray, "seqlets places letters"] = field(init=False)
    scores: Float32[np.ndarray, "seqlets places letters"] = field(init=False)
    before: int = field(init=False)  # letters of a window before the motif
    start: Int[np.ndarray, " seqlets"] = field(init=False)  # of windows, in their sequences

    def __post_init__(self) -> None:
        shape = (len(self.places.start), self.width, 4)
        self.inside = np.zeros(shape[0], dtype=bool)
        self.letters, self.relevance, self.scores = (np.zeros(shape, dtype=np.float32) for _ in range(3))
        self.before = (self.width - len(self.motif)) // 2
        after = self.width - len(self.motif) - self.before
        self.start = self.places.start - np.where(self.places.turned, after, self.before)

    def fill(self, seqlet: int, row: _Letters) -> None:
        """What a seqlet has of its sequence; relevance as its scores where it has no others."""
        start, turned = int(self.start[seqlet]), bool(self.places.turned[seqlet])
        self.inside[seqlet] = start >= 0 and start + self.width <= len(row.one_hot)
        self.every_letter &= row.scores is not None
        relevance = row.one_hot * row.relevance[:, None]
        scores = relevance if row.scores is None else row.scores
        self.letters[seqlet] = _window(row.one_hot, start, self.width, turned)
        self.relevance[seqlet] = _window(relevance, start, self.width, turned)
        self.scores[seqlet] = _window(scores, start, self.width, turned)

    def check(self, folder: Path, run: Run) -> None:
        """Raises InputError where the letters and relevance there are not those that the motif is made of."""
        own = slice(self.before, self.before + len(self.motif))
        counts = self.letters[:, own].sum(0, dtype=np.float64)
        mean = self.relevance[:, own].mean(0, dtype=np.float64)
        near = np.allclose(mean, self.motif.contributions, rtol=1e-3, atol=1e-4 * float(np.abs(mean).max()))
        if not (np.array_equal(counts, self.motif.counts) and near):
            raise InputError(
                f"the motifs of {folder} were not found in {run.path}: seqlets of {self.motif.name} have "
                "other letters or relevance there; expected the run that relevome motifs was given"
            )


class _Letters(NamedTuple):
    """A sequence: its letters as one-hot, its relevance, and its scores of every letter if it has them."""

    one_hot: Float32[np.ndarray, "letters alphabet"]
    relevance: Float32[np.ndarray, " letters"]
    scores: Float32[np.ndarray, "letters alphabet"] | None


class _Row(NamedTuple):
    """Where a sequence lies; ``chrom`` is None without an interval."""

    name: str
    letters: int
    chrom: str | None
    start: int | None
    strand: str | None


def _filled(stacks: Many[_Stack], run: Run, target: str | None, letters: str, centre: bool) -> list[_Row]:
    """Fill all stacks from the rows of a target; gives these rows in order."""
    wanted: dict[int, list[tuple[_Stack, int]]] = {}
    for stack in stacks:
        for seqlet, row in enumerate(stack.places.sequence.tolist()):
            wanted.setdefault(row, []).append((stack, seqlet))
    rows: list[_Row] = []
    for part in run.tables([*_COLUMNS, "relevance", "letter_scores"]):
        chosen = part if target is None else part.filter(pc.field("target") == target)
        plain = chosen.select(_COLUMNS).to_pylist()
        for row, relevance, scores in zip(plain, chosen["relevance"], chosen["letter_scores"], strict=True):
            if here := wanted.get(len(rows)):
                read = _letters(row["sequence"], letters, relevance, scores, centre)
                for stack, seqlet in here:
                    stack.fill(seqlet, read)
            place = (row["chrom"], row["start"], row["strand"])
            rows.append(_Row(row["sequence_id"], len(row["sequence"]), *place))
    return rows


def _letters(sequence: str, alphabet: str, relevance: Any, scores: Any, centre: bool) -> _Letters:
    codes = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
    one_hot = (codes[:, None] == np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)).astype(np.float32)
    every = None
    if scores.is_valid:
        every = scores.values.to_numpy().reshape(-1, len(alphabet))
        if centre:
            every = every - every.mean(1, keepdims=True)
    return _Letters(one_hot, relevance.values.to_numpy(), every)


def _window(
    values: Float32[np.ndarray, "letters alphabet"], start: int, width: int, turned: bool
) -> Float32[np.ndarray, "width alphabet"]:
    """So many letters from one on, 0 off the sequence; turned, each is its complement, as in ACGT."""
    found = np.zeros((width, values.shape[1]), dtype=np.float32)
    first, last = max(start, 0), min(start + width, len(values))
    if first < last:
        found[first - start : last - start] = values[first:last]
    return found[::-1, ::-1] if turned else found


def _write(path: Path, stacks: Many[_Stack], longest: int, every: bool, centre: bool) -> None:
    """With ``every``, there are scores of every letter."""
    import h5py

    with h5py.File(path, "w", locking=False) as file:  # `whole_file` has locked it
        file.attrs["window_size"] = longest
        file.attrs["hypothetical_contribs"] = _said(every, centre)
        for sign, name in _GROUPS.items():
            group = file.create_group(name)
            for number, stack in enumerate(one for one in stacks if one.motif.sign == sign):
                _write_pattern(group.create_group(f"pattern_{number}"), stack, every)


def _write_pattern(group: Any, stack: _Stack, every: bool) -> None:
    """A motif: the means of its seqlets, and these themselves."""
    inside, seqlets = stack.inside, group.create_group("seqlets")
    group.attrs["motif"] = stack.motif.name
    columns = {
        "sequence": stack.letters,
        "contrib_scores": stack.relevance,
        "hypothetical_contribs": stack.scores if every else stack.relevance,
    }
    for name, values in columns.items():
        group[name] = values[inside].mean(0, dtype=np.float64)
        seqlets[name] = values[inside]
    seqlets["n_seqlets"] = np.array([int(inside.sum())])
    seqlets["start"] = stack.start[inside]
    seqlets["end"] = stack.start[inside] + stack.width
    seqlets["example_idx"] = stack.places.sequence[inside]
    seqlets["is_revcomp"] = stack.places.turned[inside]


def _said(every: bool, centre: bool) -> str:
    if not every:
        return "relevance of the letter that is there; 0 of others"
    return f"scores of every letter, {'less their mean at each position' if centre else 'as they are'}"


def _peaks(rows: Many[_Row]) -> list[str]:
    """A line of BED for each row, as wide as the longest sequence, since places are told from its middle."""
    longest = max(row.letters for row in rows)
    genome = all(row.chrom is not None and row.strand != "-" for row in rows)
    lines: list[str] = []
    for row in rows:
        chrom, start = (row.chrom, row.start or 0) if genome and row.chrom is not None else (row.name, 0)
        # its middle, less half of what modisco takes for the length of all, is where the sequence starts
        lines.append(bed_line(chrom, start, start + longest, row.name))
    return lines
