"""Motifs in the file that TF-MoDISco writes of its own, letter by letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from relevome.data.sequences import DNA, PROTEIN
from relevome.errors import InputError
from relevome.results.export.modisco_h5 import ModiscoH5
from relevome.results.motifs.folder import write_relevant_motifs
from relevome.results.motifs.motifs import MotifPlaces, RelevantMotif, RelevantMotifs
from relevome.results.motifs.settings import MotifSearch
from relevome.results.run.reader import Run

LETTERS = ("TTACGTGCAA", "GGNACACGTAGC", "CACGTTTTTTTT", "AAAAAAA")
# Row, first letter and whether it is turned: of the motif of six letters the last one lies off its sequence.
SIX = ((0, 2, False), (1, 6, True), (1, 3, False), (2, -1, False))
THREE = ((2, 6, True), (0, 7, False))
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N", " ": " "}
# One by one, in the direction of the motif, with a blank where there is no letter.
TEXTS = {"positive_1": ["ACGTGC", "GCTACG", "ACACGT", " CACGT"], "negative_1": ["AAA", "CAA"]}
DATASETS = {"sequence", "contrib_scores", "hypothetical_contribs"}
SEQLETS = DATASETS | {"n_seqlets", "start", "end", "example_idx", "is_revcomp"}

Placed = tuple[tuple[int, int, bool], ...]


def opened(path: Path) -> Any:
    return h5py.File(path, "r")


def one_hot(text: str) -> np.ndarray:
    return np.array([[float(letter == base) for base in "ACGT"] for letter in text])


def direction(values: np.ndarray, start: int, width: int, turned: bool) -> np.ndarray:
    """Rows of a sequence, zeros beyond its ends, with A for T and C for G where turned."""
    room = np.zeros((20, values.shape[1]))
    rows = np.concatenate([room, values, room])[20 + start :][:width]
    return rows[::-1][:, [3, 2, 1, 0]] if turned else rows


def motif(name: str, sign: int, places: Placed, width: int, values: Any) -> RelevantMotif:
    texts = TEXTS[name]
    contributions = [
        direction(one_hot(LETTERS[row]) * values[row][:, None], start, width, turned)
        for row, start, turned in places
    ]
    row, start, turned = zip(*places, strict=True)
    return RelevantMotif(
        name, 1, sign, np.sum([one_hot(text) for text in texts], axis=0), np.mean(contributions, axis=0),
        len(texts), "aligned seqlets", 1, 1, 1.0, (),
        MotifPlaces(np.array(row), np.array(start), np.array(turned)),
    )  # fmt: skip


def found_in(run: Run, target: str = "promoter") -> RelevantMotifs:
    values = [one.relevance for one in run if one.target in target]
    motifs = motif("positive_1", 1, SIX, 6, values), motif("negative_1", -1, THREE, 3, values)
    told: dict[str, Any] = {"about": {"runs": [str(run.path)], "target": target}, "settings": MotifSearch()}
    told |= {"alphabet": DNA, "motifs": motifs, "hits": (), "seqlets": (), "on_sites": ()}
    told |= {"counts": ({"sequences": 4},), "reasons": (), "notes": ()}
    return RelevantMotifs(**told)


@pytest.fixture
def run(make_run: Callable[..., Run], explain: Any) -> Run:
    """Four sequences for two targets, with scores of every letter."""
    rows = [
        explain(f"s {i}", letters, seed=10 * i + j, target=target, target_index=j)
        for i, letters in enumerate(LETTERS)
        for j, target in enumerate(("promoter", "other"))
    ]
    return make_run(rows, size=3)


@pytest.fixture
def motifs(run: Run, tmp_path: Path) -> Path:
    return saved(found_in(run), tmp_path / "motifs")


def saved(found: RelevantMotifs, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_relevant_motifs(found, folder)
    return folder


@pytest.mark.parametrize("centre", [True, False])
def test_has_what_modisco_reads(run: Run, motifs: Path, tmp_path: Path, centre: bool) -> None:
    report = ModiscoH5(motifs, centre=centre).export(run, tmp_path / "x.h5")
    assert [path.name for path in report.files] == ["x.h5", "x.peaks.bed"]
    assert (report.written, report.unit, report.notes) == (2, "motifs", {})
    assert report.skipped == {"seqlet that goes beyond its sequence": 1}
    rows = [one for one in run if one.target == "promoter"]
    with opened(report.files[0]) as file:
        assert set(file) == {"pos_patterns", "neg_patterns"}
        assert file.attrs["window_size"] == 12
        assert file.attrs["hypothetical_contribs"].startswith("scores of every letter")
        for group, name, places, width in (
            ("pos", "positive_1", SIX[:3], 6),
            ("neg", "negative_1", THREE, 3),
        ):
            assert set(file[f"{group}_patterns"]) == {"pattern_0"}
            one = file[f"{group}_patterns/pattern_0"]
            seqlets = one["seqlets"]
            assert (set(one), set(seqlets)) == (DATASETS | {"seqlets"}, SEQLETS)
            assert one.attrs["motif"] == name
            assert seqlets["n_seqlets"][:].tolist() == [len(places)]
            columns = (seqlets[field][:].tolist() for field in ("example_idx", "start", "is_revcomp"))
            assert tuple(zip(*columns, strict=True)) == places
            assert (seqlets["end"][:] - seqlets["start"][:] == width).all()
            np.testing.assert_array_equal(
                seqlets["sequence"], [one_hot(s) for s in TEXTS[name][: len(places)]]
            )
            for i, (row, start, turned) in enumerate(places):
                there = one_hot(rows[row].sequence) * rows[row].relevance[:, None]
                np.testing.assert_array_equal(
                    seqlets["contrib_scores"][i], direction(there, start, width, turned)
                )
                every = np.asarray(rows[row].letter_scores)
                every = every - every.mean(1, keepdims=True) if centre else every
                np.testing.assert_array_equal(
                    seqlets["hypothetical_contribs"][i], direction(every, start, width, turned)
                )
            for field in DATASETS:
                np.testing.assert_allclose(one[field], seqlets[field][:].mean(0, dtype=float), atol=1e-7)


def test_all_are_as_wide_as_asked_with_the_motif_in_the_middle(
    run: Run, motifs: Path, tmp_path: Path
) -> None:
    report = ModiscoH5(motifs, width=7).export(run, tmp_path / "x.h5")
    # one letter behind the six, two on either side of the three
    assert report.skipped == {"seqlet that goes beyond its sequence": 2}
    with opened(report.files[0]) as file:
        seqlets = file["pos_patterns/pattern_0/seqlets"]
        assert seqlets["start"][:].tolist() == [2, 5, 3]
        assert [texts(one) for one in seqlets["sequence"]] == ["ACGTGCA", "GCTACGT", "ACACGTA"]
        other = file["neg_patterns/pattern_0/seqlets"]
        assert (other["start"][:].tolist(), other["end"][:].tolist()) == ([4], [11])
        assert [texts(one) for one in other["sequence"]] == ["AAAAAAA"]


def texts(rows: np.ndarray) -> str:
    return "".join("ACGT"[row.argmax()] if row.any() else "N" for row in rows)


def test_a_motif_without_any_seqlet_inside_is_counted(run: Run, motifs: Path, tmp_path: Path) -> None:
    report = ModiscoH5(motifs, width=12).export(run, tmp_path / "x.h5")
    assert report.written == 1
    assert report.skipped == {
        "seqlet that goes beyond its sequence": 5, "motif without a seqlet that lies within its sequence": 1
    }  # fmt: skip
    with pytest.raises(InputError, match="has a seqlet within its sequence: give a less width"):
        ModiscoH5(motifs, width=15).export(run, tmp_path / "y.h5")
    assert not (tmp_path / "y.h5").exists()


def test_relevance_stands_for_scores_that_are_not_there(
    make_run: Any, letters_only: Any, tmp_path: Path
) -> None:
    rows = [letters_only(f"s{i}", one, np.arange(len(one)) + i) for i, one in enumerate(LETTERS)]
    run = make_run(rows)
    report = ModiscoH5(saved(found_in(run), tmp_path / "motifs")).export(run, tmp_path / "x.h5")
    assert list(report.notes.values()) == [5]
    assert "stand for hypothetical contributions" in next(iter(report.notes))
    with opened(report.files[0]) as file:
        said = file.attrs["hypothetical_contribs"]
        assert said == "relevance of the letter that is there; 0 of others"
        for name in ("pos_patterns", "neg_patterns"):
            for one in (file[f"{name}/pattern_0"], file[f"{name}/pattern_0/seqlets"]):
                np.testing.assert_array_equal(one["contrib_scores"], one["hypothetical_contribs"])
                assert np.abs(one["contrib_scores"][:]).max() > 1


def test_peaks_are_where_modisco_looks_for_sequences(
    make_run: Any, letters_only: Any, tmp_path: Path
) -> None:
    """Its start of a sequence is the middle of the peak less half the window, each rounded down."""

    def starts(name: str, strands: str) -> list[tuple[str, int]]:
        rows = []
        for i, (one, strand) in enumerate(zip(LETTERS, strands, strict=True)):
            place = {"chrom": "chr1", "start": 100 * i, "end": 100 * i + len(one), "strand": strand}
            rows.append(letters_only(f"s {i}", one, np.ones(len(one)), **place))
        run = make_run(rows, name=name)
        folder = saved(found_in(run), tmp_path / f"{name}_motifs")
        report = ModiscoH5(folder).export(run, tmp_path / f"{name}.h5")
        with opened(report.files[0]) as file:
            half = int(file.attrs["window_size"]) // 2
        lines = [line.split("\t") for line in report.files[1].read_text().splitlines()]
        assert [line[3] for line in lines] == [f"s%20{i}" for i in range(4)]
        return [(line[0], (int(line[1]) + int(line[2])) // 2 - half) for line in lines]

    assert starts("a", "+.++") == [("chr1", 100 * i) for i in range(4)]
    # what is read backwards is not where modisco would look for it
    assert starts("b", "+.-+") == [(f"s%20{i}", 0) for i in range(4)]


def test_what_cannot_be_written_is_refused(
    run: Run, motifs: Path, make_run: Any, explain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x.h5"

    def refused(how: ModiscoH5, words: str, of: Run = run, target: str | None = None) -> None:
        with pytest.raises(InputError, match=words):
            how.export(of, out, target)
        assert not out.exists()

    refused(ModiscoH5(), r"no motifs are given: expected --option motifs=FOLDER")
    refused(ModiscoH5(motifs, width=5), "width is 5, and motif positive_1 has 6 letters")
    refused(ModiscoH5(motifs), "motifs are of target 'promoter'", target="other")
    refused(ModiscoH5(tmp_path), r"motifs.json")
    found = found_in(run)
    nothing = saved(replace(found, motifs=()), tmp_path / "none")
    refused(ModiscoH5(nothing), "has no motifs of .*run: there is nothing to export")
    earlier = tuple(replace(one, places=None) for one in found.motifs)
    refused(ModiscoH5(saved(replace(found, motifs=earlier), tmp_path / "earlier")), "an earlier relevome")
    protein = tuple(
        replace(one, counts=np.zeros((3, 20)), contributions=np.zeros((3, 20))) for one in found.motifs
    )
    other = saved(replace(found, motifs=protein, alphabet=PROTEIN), tmp_path / "protein")
    refused(ModiscoH5(other), "of protein: TF-MoDISco's files have four letters")
    # the same letters with other relevance, and other letters
    same = make_run([explain(f"s {i}", one, seed=i + 1) for i, one in enumerate(LETTERS)], name="same")
    refused(ModiscoH5(motifs), "were not found in .*same: seqlets of positive_1 have other letters or", same)
    fewer = make_run([explain("s 0", "A" * 9)], name="fewer")
    refused(ModiscoH5(motifs), "were not found in .*fewer", fewer)
    several = saved(
        replace(found, counts=({"sequences": 4},) * 2, about={**found.about, "runs": ["a", "b"]}),
        tmp_path / "several",
    )
    refused(ModiscoH5(several), "has motifs of .*/a, .*/b: expected one of these runs")
    monkeypatch.setattr("relevome.results.export.modisco_h5.find_spec", lambda _: None)
    refused(ModiscoH5(motifs), r"needs the library h5py: pip install 'relevome\[h5\]'")


def test_of_several_runs_the_motifs_of_the_one_are_written(run: Run, make_run: Any, tmp_path: Path) -> None:
    found = found_in(run)
    second = tuple(replace(one, run=2) for one in found.motifs)
    first = replace(found.motifs[0], name="elsewhere", contributions=found.motifs[0].contributions + 1)
    about = {**found.about, "runs": [str(tmp_path / "other"), str(run.path)]}
    folder = saved(
        replace(found, motifs=(first, *second), counts=({"sequences": 4},) * 2, about=about), tmp_path / "m"
    )
    assert ModiscoH5(folder).export(run, tmp_path / "x.h5").written == 2


def test_the_same_motifs_give_the_same_bytes(run: Run, motifs: Path, tmp_path: Path) -> None:
    contents = [
        [path.read_bytes() for path in ModiscoH5(motifs).export(run, tmp_path / name).files]
        for name in ("x.h5", "y.h5")
    ]
    assert contents[0] == contents[1]
    with pytest.raises(InputError, match="exists: choose another -o"):
        ModiscoH5(motifs).export(run, tmp_path / "x.h5")


def test_each_sequence_for_what_it_was_predicted(make_run: Any, explain: Any, tmp_path: Path) -> None:
    rows = [explain(f"s {i}", one, seed=i, target="ab"[i % 2]) for i, one in enumerate(LETTERS)]
    run = make_run(rows, targets=[{"label": "predicted", "index": -1}])
    folder = saved(found_in(run, "a, b"), tmp_path / "motifs")
    assert ModiscoH5(folder).export(run, tmp_path / "x.h5").written == 2
