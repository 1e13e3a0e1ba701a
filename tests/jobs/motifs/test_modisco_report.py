"""TF-MoDISco's own commands on motifs that it has not found."""

from __future__ import annotations

import base64
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import relevome
from benchmarks._planted_relevance import DNA_MOTIFS, planted_relevance
from relevome.data.formats.meme import read_meme
from relevome.data.sequences import DNA
from relevome.results.motifs.motifs import RelevantMotifs
from relevome.results.run.reader import Run

pytestmark = pytest.mark.skipif(
    find_spec("modiscolite") is None, reason="needs modisco-lite: pip install 'relevome[modisco]'"
)
MANIFEST = {"model": {"sha256": "1"}, "method": "m", "parameters": {}, "alphabet": "dna"}
MOTIFS = tuple(one for one in DNA_MOTIFS if one.name in ("DnaA", "CRP"))  # one of either sign
CHROMS = ("-c", "*", "-q")


def opened(path: Path) -> Any:
    return h5py.File(path, "r")


def modisco(*arguments: object) -> str:
    code = "import matplotlib; matplotlib.use('agg'); from modiscolite.cli import cli; cli()"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def planted(make_run: Any, letters_only: Any) -> Callable[..., tuple[Run, Run]]:
    """A run of planted relevance with scores of every letter, and one of shuffles."""

    def make(count: int, length: int = 100, each: int = 2) -> tuple[Run, Run]:
        made = planted_relevance(2, count, length, MOTIFS, each)
        rows = []
        for i, (sequence, values) in enumerate(zip(made.sequences, made.relevance, strict=True)):
            letters = np.array([[letter == base for base in "ACGT"] for letter in sequence.letters])
            scores = np.where(letters, values[:, None], -values[:, None] / 3).astype(np.float32)
            place = {"chrom": f"c{i % 2}", "start": 500 * i, "end": 500 * i + length, "strand": "+"}
            rows.append(letters_only(f"s{i}", sequence.letters, values, letter_scores=scores, **place))
        others = [
            letters_only(f"x{i}", sequence.letters, values)
            for i, (sequence, values) in enumerate(zip(made.shuffles, made.noise, strict=True))
        ]
        run = make_run(rows, size=50, **MANIFEST)
        return run, make_run(others, size=500, name="shuffles", **MANIFEST)

    return make


@pytest.fixture
def exported(planted: Callable[..., tuple[Run, Run]], tmp_path: Path) -> tuple[Run, RelevantMotifs]:
    """Motifs of both signs, in the files that TF-MoDISco reads."""
    run, shuffles = planted(120)
    found = relevome.motifs(run, shuffles=[shuffles], out=tmp_path / "motifs")
    assert {one.sign for one in found.motifs} == {1, -1}
    relevome.export(run, "modisco-h5", tmp_path / "motifs.h5", motifs=str(tmp_path / "motifs"))
    relevome.export(run, "npz", tmp_path / "run.npz")
    return run, found


def test_it_reports_them(exported: tuple[Run, RelevantMotifs], tmp_path: Path) -> None:
    _, found = exported
    modisco("report", "-i", tmp_path / "motifs.h5", "-o", tmp_path / "report", "--n_examples", 2)
    page = (tmp_path / "report" / "report.html").read_text()
    signs = {1: "pos_patterns", -1: "neg_patterns"}
    numbers = dict.fromkeys(signs, 0)
    for one in found.motifs:
        name = f"{signs[one.sign]}.pattern_{numbers[one.sign]}"
        numbers[one.sign] += 1
        assert name in page
        assert {path.name for path in (tmp_path / "report" / "logos" / name).iterdir()} >= {
            "cwm_logo.png", "hcwm_logo.png", "ic_ppm_logo.png", "trimmed_cwm_fwd_logo.png"
        }  # fmt: skip
        assert len([*(tmp_path / "report" / "seqlet_examples" / name).iterdir()]) == 2
    pictures = [text.split('"')[0] for text in page.split("data:image/png;base64,")[1:]]
    assert len(pictures) >= 5 * len(found.motifs)
    assert all(base64.b64decode(one).startswith(b"\x89PNG") for one in pictures)


def test_it_writes_them_as_meme(exported: tuple[Run, RelevantMotifs], tmp_path: Path) -> None:
    _, found = exported
    modisco("meme", "-i", tmp_path / "motifs.h5", "-t", "PFM", "-o", tmp_path / "x.meme", "-q")
    theirs = {one.id: one for one in read_meme(tmp_path / "x.meme")}
    assert len(theirs) == len(found.motifs)
    with opened(tmp_path / "motifs.h5") as file:
        for name, motif in theirs.items():
            pattern = file[name.replace(".", "/")]
            one = next(one for one in found.motifs if one.name == pattern.attrs["motif"])
            inside = pattern["seqlets/n_seqlets"][0]
            assert 0.8 * one.seqlets < inside <= one.seqlets
            shares = np.asarray(pattern["seqlets/sequence"]).mean(0)
            np.testing.assert_allclose(motif.probabilities, shares, atol=1e-5)
            np.testing.assert_allclose(shares, one.motif(DNA).probabilities, atol=0.06)


def test_it_says_where_seqlets_are(exported: tuple[Run, RelevantMotifs], tmp_path: Path) -> None:
    """On the genome, without the first letter of each, which its commands leave out."""
    run, _ = exported
    h5, peaks, sequences = (
        tmp_path / name for name in ("motifs.h5", "motifs.peaks.bed", "run.sequences.npz")
    )
    bed, fasta = tmp_path / "x.bed", tmp_path / "x.fa"
    modisco("seqlet-bed", "-i", h5, "-p", peaks, "-o", bed, *CHROMS)
    modisco("seqlet-fasta", "-i", h5, "-p", peaks, "-s", sequences, "-o", fasta, *CHROMS)
    rows = [line.split("\t") for line in bed.read_text().splitlines() if line and line[0] != "t"]
    letters = fasta.read_text().splitlines()[1::2]
    genome = {(one.chrom, one.start): one.sequence for one in run}
    expected = []
    with opened(h5) as file:
        for group in ("pos_patterns", "neg_patterns"):
            for pattern in file[group].values():
                seqlets = pattern["seqlets"]
                fields = (seqlets[name] for name in ("example_idx", "start", "end", "is_revcomp"))
                for row, start, end, turned in zip(*fields, strict=True):
                    one = run[int(row)]
                    place = (one.chrom, str(one.start + start + 1), str(one.start + end))
                    expected.append((*place, "-" if turned else "+"))
    assert [(row[0], row[1], row[2], row[5]) for row in rows] == expected
    for row, text in zip(rows, letters, strict=True):
        start = 500 * (int(row[1]) // 500)
        assert genome[row[0], start][int(row[1]) - start : int(row[2]) - start] == text


def test_its_own_patterns_of_either_sign_are_exported_too(planted: Any, tmp_path: Path) -> None:
    run, shuffles = planted(600, length=200, each=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the library says of its own code
        found = relevome.motifs(run, shuffles=[shuffles], way="modisco", out=tmp_path / "motifs")
    assert found.notes[0] == "patterns by TF-MoDISco, from scores of every base"
    assert {(one.sign, one.method) for one in found.motifs} == {(1, "TF-MoDISco"), (-1, "TF-MoDISco")}
    report = relevome.export(run, "modisco-h5", tmp_path / "x.h5", motifs=str(tmp_path / "motifs"))
    assert report.written == len(found.motifs)
