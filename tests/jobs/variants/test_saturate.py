"""All substitutions of a stretch: against mutagenesis, a matrix by hand, and tracks that are read back."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import relevome
from relevome.errors import InputError
from relevome.results.variants.saturation import saturated_stretches
from tests.toys import TOYS

TEXT = "".join(np.random.default_rng(9).choice(list("ACGT"), 60))
TEXT = f"{TEXT[:22]}N{TEXT[23:]}"
PROTEIN = TOYS["protbert"].sequences(12, seed=3)[0].letters


@pytest.fixture
def genome(write):
    return write("g.fa", f">chr1 x\n{TEXT}\n>chr2\n{TEXT[::-1]}\n")


def matrix(folder) -> tuple[list[str], list[list[str]]]:
    """Header and rows of saturation.tsv."""
    with (folder / "saturation.tsv").open() as file:
        header, *rows = csv.reader(file, delimiter="\t")
    return header, rows


def test_every_letter_at_every_place(toy_model, genome, tmp_path):
    """By a loop over places and letters, each in a window of its own; N has none."""
    model = toy_model("cnn")
    found = relevome.variants(
        model, tmp_path / "out", saturate="chr1:20-26", genome=genome, width=20, on_bad="skip"
    )
    header, rows = matrix(tmp_path / "out")
    places = [at for at in range(19, 26) if at != 22]
    assert header == ["target", "gene", "letter", *(f"chr1:{at + 1}:{TEXT[at]}" for at in places)]
    assert [row[:3] for row in rows] == [["LABEL_1", "", letter] for letter in "ACGT"]
    there = "N" * 20 + TEXT + "N" * 20
    for number, at in enumerate(places):
        old = there[at + 10 : at + 30]
        texts = [old[:10] + letter + old[11:] for letter in "ACGT"]
        base, *logits = [one.logits[1] for one in model.predict([old, *texts])]
        found_here = [float(row[3 + number]) for row in rows]
        np.testing.assert_allclose(found_here, np.array(logits) - base, atol=1e-9)
        assert found_here["ACGT".index(TEXT[at])] == 0.0
    assert (found.counts.read, found.counts.explained) == (6 * 3 + 1, 6 * 3)
    assert found.counts.other["refused_other_letters"] == 1
    assert found.vcf is None
    assert [(one.start, one.reference) for one in saturated_stretches(found)] == [
        (19, TEXT[19:22]), (23, TEXT[23:26]),
    ]  # fmt: skip


def test_it_is_the_mutagenesis_of_a_protein(toy_model, write, tmp_path):
    """Whole proteins are read whole, so explaining by mutagenesis has the same number for each letter."""
    model, fasta = toy_model("protbert"), write("p.fa", f">P1\n{PROTEIN}\n")
    relevome.variants(model, tmp_path / "out", saturate=["P1"], fasta=fasta, target=3)
    _, rows = matrix(tmp_path / "out")
    run = relevome.explain(model, {"P1": PROTEIN}, "mutagenesis", target=3, letter_scores=True)
    scores = run[0].letter_scores
    assert scores is not None
    letters = run.manifest["alphabet_letters"]
    assert [row[2] for row in rows] == list(letters)
    deltas = np.array([[float(value) for value in row[3:]] for row in rows]).T
    own = scores[np.arange(len(PROTEIN)), [letters.index(x) for x in PROTEIN]]
    np.testing.assert_allclose(deltas, scores - own[:, None], atol=1e-5)


@pytest.mark.parametrize("summary", ["mean", "reference-centred", "largest"])
def test_tracks_have_one_number_for_each_place(toy_model, genome, tmp_path, summary):
    pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `bigwig`")
    out = tmp_path / "out"
    relevome.variants(
        toy_model("cnn"), out, saturate=["chr2:3-6", "chr1:20-26"], genome=genome, width=20, on_bad="skip"
    )
    report = relevome.export(out, "bigwig", tmp_path / "x.bw", summary=summary)
    assert (report.written, report.unit) == (6 + 4, "places")
    header, rows = matrix(out)
    track = pybigtools.open(str(tmp_path / "x.bw"))
    for number, name in enumerate(header[3:], 3):
        contig, place, reference = name.split(":")
        column = np.array([float(row[number]) for row in rows])
        others = np.delete(column, "ACGT".index(reference))
        expected = {
            "mean": others.mean(),
            "reference-centred": column["ACGT".index(reference)] - column.mean(),
            "largest": others[np.abs(others).argmax()],
        }[summary]
        (value,) = track.values(contig, int(place) - 1, int(place), fillna=None)
        assert value == pytest.approx(expected, rel=1e-5)
    assert np.isnan(track.values("chr1", 22, 23, fillna=None)).all()


def test_outputs_of_letters_have_the_larger_of_gain_and_loss(genome, tmp_path):
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = torch.nn.Conv1d(4, 2, 7).double()
    model = relevome.from_module(network, output="letters", outputs="labels", labels=["up", "down"], flank=3)
    found = relevome.variants(
        model, tmp_path / "out", saturate="chr1:30-33", genome=genome, distance=4, target=["up", "down"]
    )
    _, rows = matrix(tmp_path / "out")
    assert [row[0] for row in rows] == ["up"] * 4 + ["down"] * 4
    for one in found:
        row = rows[4 * (one.target == "down") + "ACGT".index(one.alt)]
        assert float(row[3 + one.start - 29]) == most_of(one)


def most_of(one) -> float:
    """The larger of gain and loss, a loss below 0."""
    return one.gain if one.gain >= one.loss else -one.loss


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"saturate": "chr1:50-70"}, "expected chr1:first-last, counted from 1, on a contig of 60 letters"),
        ({"saturate": "chr9:1-2"}, "region 'chr9:1-2' is neither contig:first-last nor a BED file"),
        ({"saturate": "chr1:1-2", "vcf": "v.vcf"}, "--saturate is in place of --vcf and --substitutions"),
        ({"saturate": "chr1:1-2", "genome": None}, "--saturate with one of --genome and --fasta"),
        ({"saturate": "chr1:1-2", "fasta": "p.fa"}, "--saturate with one of --genome and --fasta"),
    ],
)  # fmt: skip
def test_what_cannot_be_saturated(toy_model, genome, tmp_path, options, said):
    given = {"genome": genome, "width": 9} | options
    with pytest.raises(InputError, match=said):
        relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_exports_that_cannot_be(toy_model, genome, write, tmp_path):
    out = tmp_path / "out"
    vcf = write("v.vcf", f"##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t3\t.\t{TEXT[2]}\tN\n")
    relevome.variants(toy_model("cnn"), out, vcf=vcf, genome=genome, width=9)
    with pytest.raises(InputError, match="has variants of a file: expected all substitutions of a stretch"):
        relevome.export(out, "bigwig", tmp_path / "x.bw")
    with pytest.raises(InputError, match=r"--to bed: .* is a result of variants, of which there is bigwig"):
        relevome.export(out, "bed", tmp_path / "x.bed")
    with pytest.raises(InputError, match="--option summary median: expected mean or reference-centred or"):
        relevome.export(out, "bigwig", tmp_path / "x.bw", summary="median")
    with pytest.raises(InputError, match="has no target 'up': expected one of LABEL_1"):
        relevome.export(out, "bigwig", tmp_path / "x.bw", target="up")


def test_from_the_command_line_with_why(relevome_cli, saved, genome, tmp_path):
    code, said, _ = relevome_cli(
        "variants", "--model", saved("cnn"), "--device", "cpu", "--genome", genome, "--width", 20,
        "--saturate", "chr1:30-31", "--why", "--method", "gradient-x-input", "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert "6 of 6 variants scored" in said
    assert "6 of 6 variants explained by gradient-x-input" in said
