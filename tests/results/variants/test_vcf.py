"""VCF with what was found: every line as it was, values for every alternative, and an index."""

from __future__ import annotations

import gzip
import sys

import pytest

from relevome.data.variants.genes import Gene
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import AlleleWindow, VariantWindows
from relevome.results.parts.part import Counts
from relevome.results.variants.effect import VariantEffect
from relevome.results.variants.rows import OF_LETTERS, OF_SEQUENCES, Variants, VariantsWriter, variant_row
from relevome.results.variants.vcf import write_variants_vcf

MODEL = {"path": "m", "sha256": "0" * 64, "tokenizer": "t", "dtype": "torch.float32", "task": "sequence", "max_tokens": None}  # fmt: skip # noqa: E501
VCF = (
    '##fileformat=VCFv4.2\n##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n##contig=<ID=1,length=90>\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\n"
    "1\t5\tv1\tA\tG,<DEL>,T\t.\tPASS\tDP=3;DB\tGT\t0/1\n1\t8\tv2\tC\t*\t9\t.\t.\tGT\t1/1\n"
    "1\t9\tv3\tC\tT\t9\t.\t.\tGT\t1/1\n"
)


def effect(target, number):
    return VariantEffect(target, 0, 0.0, number, 0.5, 0.75, 0.0, 1.0986122886681098)


def written(folder, pairs, targets, scores=OF_SEQUENCES, genes=None):
    """A result of such variants, in their order."""
    said = {"model": MODEL, "input": {}, "alphabet": "dna", "targets": targets, "scores": list(scores),
            "windows": {"genes": genes, "width": 3}, "on_bad": "skip"}  # fmt: skip
    windows = AlleleWindow("AAA", 1)
    with VariantsWriter(folder, said) as writer:
        rows = [
            variant_row(VariantWindows(one, windows, (windows,), 0, 0, gene), found)
            for one, gene, found in pairs
        ]
        writer.write_part(0, rows, Counts(len(rows), len(rows)))
    return Variants(folder)


@pytest.fixture
def found(tmp_path):
    def variant(alt, number, line, start=4):
        return Variant("chr1", start, "A", alt, "v1", number, line)

    pairs = [(variant("G", 1, 5), None, effect('b"x', -1.25)), (variant("T", 3, 5), None, effect('b"x', 2.0)),
             (variant("T", 1, 7, 8), None, effect('b"x', 1 / 3))]  # fmt: skip
    return written(tmp_path / "out", pairs, ['b"x'])


def test_every_line_keeps_what_it_had_and_gets_values(found, write):
    path = write_variants_vcf(found, write("v.vcf", VCF))
    assert path.name == "variants.vcf.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[:3] == VCF.splitlines()[:3]
    assert lines[3] == (
        "##INFO=<ID=RELEVOME_b_x_DELTA_SCORE,Number=A,Type=Float,Description="
        r'"logit, number or log-likelihood of b\"x: alternative minus reference">'
    )
    assert lines[6] == VCF.splitlines()[3]
    assert lines[7] == (
        "1\t5\tv1\tA\tG,<DEL>,T\t.\tPASS\tDP=3;DB;RELEVOME_b_x_DELTA_SCORE=-1.25,.,2;"
        "RELEVOME_b_x_DELTA_PROBABILITY=0.25,.,0.25;RELEVOME_b_x_DELTA_LOG_ODDS=1.09861,.,1.09861\tGT\t0/1"
    )
    assert lines[8] == VCF.splitlines()[5]
    assert "DELTA_SCORE=0.333333;" in lines[9]


def test_pysam_reads_it_by_its_index(found, write):
    pysam = pytest.importorskip("pysam")
    path = write_variants_vcf(found, write("v.vcf", VCF))
    with pysam.VariantFile(str(path)) as file:
        (there,) = file.fetch("1", 4, 5)
        assert there.info["RELEVOME_b_x_DELTA_SCORE"] == (-1.25, None, 2.0)
        assert there.info["DP"] == 3
        assert [one.id for one in file.fetch("1", 6, 9)] == ["v2", "v3"]


def test_values_of_an_earlier_time_are_replaced(tmp_path, found, write):
    first = gzip.decompress(write_variants_vcf(found, write("v.vcf", VCF)).read_bytes()).decode()
    lines = first.splitlines()
    shift = len(lines) - len(VCF.splitlines())
    pairs = [(Variant("1", 4, "A", "G", "v1", 1, 5 + shift), None, effect('b"x', 9.0))]
    later = written(tmp_path / "later", pairs, ['b"x'])
    second = gzip.decompress(write_variants_vcf(later, write("w.vcf", first)).read_bytes()).decode()
    assert second.count("##INFO=<ID=RELEVOME") == 3
    assert ";RELEVOME_b_x_DELTA_SCORE=9,.,.;" in second
    assert second.splitlines()[-1] == VCF.splitlines()[-1]


def test_without_pysam_it_is_plain(found, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pysam", None)
    path = write_variants_vcf(found, write("w.vcf", VCF))
    assert (path.name, found.vcf) == ("variants.vcf", path)
    assert path.read_text().splitlines()[0] == "##fileformat=VCFv4.2"


@pytest.mark.parametrize("places", [("1\t9", "1\t5"), ("1\t5", "2\t1", "1\t8")])
def test_without_order_it_is_plain(tmp_path, write, places):
    lines = "".join(f"{place}\t.\tA\tG\n" for place in places)
    found = written(tmp_path / "out", [(Variant("1", 4, "A", "G", "", 1, 1), None, effect("x", 1.0))], ["x"])
    assert write_variants_vcf(found, write("v.vcf", lines)).name == "variants.vcf"
    assert found.vcf == tmp_path / "out" / "variants.vcf"


def test_lines_that_are_none_are_left_out_and_a_header_is_made(found, write):
    path = write("v.vcf", "no line\n1\t0\t.\tA\tG\n\n\n1\t5\tv1\tA\tG,<DEL>,T\n")
    lines = gzip.decompress(write_variants_vcf(found, path).read_bytes()).decode().splitlines()
    assert lines[0] == "##fileformat=VCFv4.3"
    assert lines[4] == "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    assert len(lines) == 6
    assert lines[5].startswith("1\t5\tv1\tA\tG,<DEL>,T\t.\t.\tRELEVOME_b_x_DELTA_SCORE=-1.25,.,2;")


def test_in_genes_values_are_of_alternatives_and_genes(tmp_path, write):
    genes = [Gene("a;b", "1", 0, 9, "+"), Gene("", "1", 0, 9, "-")]
    of = [("G", 1, genes[0]), ("G", 1, genes[1]), ("T", 3, genes[0])]
    rise = {"gain": 0.5, "gain_at": -3, "loss": 0.0, "loss_at": 7}
    pairs = [
        (Variant("1", 4, "A", alt, "v1", number, 5), gene, VariantEffect(target, 0, **rise))
        for alt, number, gene in of
        for target in ("up", "down")
    ]
    found = written(tmp_path / "out", pairs, ["up", "down"], OF_LETTERS, "genes.gff")
    text = gzip.decompress(write_variants_vcf(found, write("v.vcf", VCF)).read_bytes()).decode()
    assert "##INFO=<ID=RELEVOME_up_GAIN_AT,Number=.,Type=Integer,Description=" in text
    lines = text.splitlines()
    pairs = (one.partition("=") for one in lines[-3].split("\t")[7].split(";"))
    info = {name: value for name, _, value in pairs}
    assert info["RELEVOME_up_GAIN"] == "0.5,0.5,0.5"
    assert info["RELEVOME_down_LOSS_AT"] == "7,7,7"
    assert info["RELEVOME_ALLELE"] == "1,1,3"
    assert info["RELEVOME_GENE"] == "a%3Bb,.,a%3Bb"


def test_targets_that_look_alike_have_numbers(tmp_path, write):
    pairs = [(Variant("1", 4, "A", "G", "", 1, 5), None, effect(name, 1.0)) for name in ("a b", "a_b")]
    found = written(tmp_path / "out", pairs, ["a b", "a_b"])
    text = gzip.decompress(write_variants_vcf(found, write("v.vcf", VCF)).read_bytes()).decode()
    assert "##INFO=<ID=RELEVOME_a_b_0_DELTA_SCORE," in text
    assert "##INFO=<ID=RELEVOME_a_b_1_DELTA_SCORE," in text
