from __future__ import annotations

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.results.export.npz import Npz


def load(path):
    with np.load(path) as archive:
        assert archive.files == ["arr_0"]
        return archive["arr_0"]


@pytest.fixture
def rows(explain):
    return [explain("a", "ACGTN", 0), explain("b", "TTACG", 1), explain("c", "GGGCA", 2)]


def test_has_what_tfmodisco_reads(make_run, rows, tmp_path):
    report = Npz(centre=False).export(make_run(rows, size=2), tmp_path / "x.npz")
    assert [path.name for path in report.files] == ["x.sequences.npz", "x.attributions.npz", "x.ids.txt"]
    one_hot, scores = load(tmp_path / "x.sequences.npz"), load(tmp_path / "x.attributions.npz")
    assert one_hot.shape == scores.shape == (3, 4, 5)
    for n, row in enumerate(rows):
        for i, letter in enumerate(row.sequence):
            assert one_hot[n, :, i].tolist() == [letter == base for base in "ACGT"]
            assert scores[n, :, i].tolist() == row.letter_scores[i].tolist()
    assert (tmp_path / "x.ids.txt").read_text() == "a\nb\nc\n"
    assert (report.written, report.unit) == (3, "sequences")


def test_zero_is_the_average_base_of_a_position(make_run, rows, tmp_path):
    Npz().export(make_run(rows), tmp_path / "x")
    scores = load(tmp_path / "x.attributions.npz")
    raw = np.array([row.letter_scores for row in rows], dtype=np.float64).transpose(0, 2, 1)
    np.testing.assert_allclose(scores, raw - raw.mean(axis=1, keepdims=True), atol=1e-6)


def test_centred_mutagenesis_gives_a_letter_what_its_mutants_lose(make_run, letters_only, tmp_path):
    # Score of a sequence with each base, less that of the sequence itself.
    effects = np.array([[0, -1, -2, -3], [-4, 0, 2, 2]], dtype=np.float32)
    Npz().export(make_run([letters_only("a", "AC", [2, 0], letter_scores=effects)]), tmp_path / "x")
    contributions = load(tmp_path / "x.sequences.npz") * load(tmp_path / "x.attributions.npz")
    assert contributions[0].sum(axis=0).tolist() == [1.5, 0.0]


@pytest.mark.parametrize(
    ("width", "middle"), [(5, slice(0, 5)), (4, slice(0, 4)), (3, slice(1, 4)), (1, slice(2, 3))]
)
def test_width_takes_the_middle_letters(make_run, rows, tmp_path, width, middle):
    Npz(width=width, centre=False).export(make_run(rows), tmp_path / "x")
    scores = load(tmp_path / "x.attributions.npz")
    assert scores.shape == (3, 4, width)
    assert scores[1].tolist() == rows[1].letter_scores[middle].T.tolist()


def test_sequences_of_unlike_lengths_need_a_width(make_run, rows, explain, tmp_path):
    run = make_run([*rows, explain("d", "ACG", 3)])
    with pytest.raises(
        InputError, match=r"3 to 5 letters.*TF-MoDISco needs one length; --option width=3 or less takes"
    ):
        Npz().export(run, tmp_path / "x")
    with pytest.raises(InputError, match="--option width=3 or less"):
        Npz(width=4).export(run, tmp_path / "x")
    Npz(width=3).export(run, tmp_path / "x")
    assert load(tmp_path / "x.sequences.npz").shape == (4, 4, 3)


def test_a_run_without_scores_of_every_base_says_how_to_get_them(make_run, rows, explain, tmp_path):
    run = make_run([*rows, explain("d", letter_scores=None)])
    with pytest.raises(
        InputError, match="no score for every base of 'd': explain with --method mutagenesis or"
    ):
        Npz().export(run, tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("letters", ["ACDEFGHIKLMNPQRSTVWY", ""])
def test_refuses_what_is_not_nucleic(make_run, rows, tmp_path, letters):
    with pytest.raises(InputError, match="TF-MoDISco reads nucleic acids, four bases"):
        Npz().export(make_run(rows, alphabet_letters=letters), tmp_path / "x")


@pytest.mark.parametrize("width", [0, -5])
def test_refuses_a_width_without_letters(width):
    with pytest.raises(InputError, match=f"width is {width}: expected at least one letter"):
        Npz(width=width)


def test_every_target_has_its_files(make_run, explain, tmp_path):
    run = make_run(
        [explain("a", target="A"), explain("a", seed=1, target="B"), explain("b", seed=2, target="B")]
    )
    report = Npz().export(run, tmp_path / "x.npz")
    assert len(report.files) == 6
    assert load(tmp_path / "x.A.sequences.npz").shape == (1, 4, 5)
    assert load(tmp_path / "x.B.attributions.npz").shape == (2, 4, 5)
    assert (tmp_path / "x.B.ids.txt").read_text() == "a\nb\n"
