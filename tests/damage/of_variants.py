"""Readers of variants and of the genes that they lie in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.formats.substitutions import read_substitutions
from relevome.data.formats.vcf import read_vcf, vcf_header
from relevome.data.variants.genes import read_genes
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import AlleleWindow, VariantWindows
from relevome.results.parts.part import Counts, Refusal
from relevome.results.parts.writer import PartsWriter
from relevome.results.variants.effect import VariantEffect
from relevome.results.variants.rows import OF_SEQUENCES, Variants, VariantsWriter, variant_row
from relevome.results.variants.why import WHY, MotifChange, VariantsWhy, WhyRow
from tests.damage.of_results import MODEL, left_by
from tests.damage.readers import Reader, register

VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=30>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "chr1\t5\tv1\tA\tG,<DEL>,*\t.\t.\tX=1\nchr1\t8\t.\tTTT\tT\t.\t.\t.\nchr1\t9\tv3\tT\tTA,N]chr1:3]\t9\t.\t.\n"
)
TABLE = "variant\tprotein\nA23T\tP1\np.Ala4Cys\tP1\np.(Gly5del)\tP2\nP2:K9R\tP2\n"
GENES = "##gff-version 3\nchr1\tx\tgene\t3\t9\t.\t-\t.\tName=a\nchr1\tx\texon\t3\t9\t.\t-\t.\tName=b\n"
WORDS = (b"<DEL>", b"*", b".", b"]", b",", b"p.", b"Ter", b":", b"BCF\x02", b"\xc2\xb2", b"-1", b"9" * 25)


def _vcf(folder: Path) -> Any:
    path = folder / "a.vcf"
    return list(read_vcf(path)), list(vcf_header(path))


def _lines_differ(folder: Path, found: Any) -> str:
    """Whether every variant is what its line says, as its bytes are split."""
    items, _ = found
    variants = [one for one in items if isinstance(one, Variant)]
    try:
        lines = (folder / "a.vcf").read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return ""
    for one in variants if len(lines) == (folder / "a.vcf").read_bytes().count(b"\n") else ():
        contig, position, _, ref, alts, *_ = lines[one.line - 1].lstrip("\ufeff").split("\t")
        said = contig, int(position) - 1, ref.upper(), alts.split(",")[one.number - 1].upper()
        if said != (one.contig, one.start, one.ref, one.alt):
            return f"{one}, not {said}"
    return ""


def _result(folder: Path) -> None:
    said = {
        "input": {},
        "targets": ["up"],
        "scores": list(OF_SEQUENCES),
        "windows": {"width": 3, "genes": None},
    }
    window = AlleleWindow("ACG", 1)
    read = VariantWindows(Variant("chr1", 4, "C", "G", "=v", 1, 3), window, (window,), -1, 1)
    with VariantsWriter(
        folder, {**said, "model": MODEL, "alphabet": "dna", "on_bad": "skip", "scheme": None}
    ) as writer:
        rows = [variant_row(read, VariantEffect("up", 0, 0.5, 1.5, 0.25, 0.75, -1.0, 1.0))]
        writer.write_part(0, rows, Counts(2, 1, (Refusal("v2", "symbolic"),), {"refused_symbolic": 1}))


def _read_result(folder: Path) -> Any:
    found = Variants(folder)
    said = repr(found), found._repr_html_(), found.counts, found.targets, found.vcf
    return list(found), said, found.to_pandas(), list(found.values(["line", "delta_score"]))


def _why(folder: Path) -> None:
    said = {
        "input": {}, "model": MODEL, "alphabet": "dna", "variants": "x", "targets": ["up"],
        "method": "saliency", "parameters": {}, "shifts": 1, "on_bad": "skip",
    }  # fmt: skip
    values = np.array([0.5, np.nan, -1.0], dtype=np.float32)
    change = MotifChange("GATA", "-", 0, 2, None, 3.5, 1.0, 0.001, 0.5, -0.25)
    row = WhyRow(
        3, 1, "=v", "chr1", 4, 6, "AC", "A", "deletion", None, None, "up", 0, None, -1, 1, 2, "ACG", "A-G",
        values, values, values, values, values, 0.5, 1.5, 0.0, 0.25, gained=change,
    )  # fmt: skip
    with PartsWriter(folder, WHY, said) as writer:
        writer.write_part(
            0, [row], Counts(2, 1, (Refusal("v2", "it was not scored"),), {"refused_before": 1})
        )


def _read_why(folder: Path) -> Any:
    found = VariantsWhy(folder)
    return list(map(repr, found)), repr(found), found.counts, found.to_pandas(), found.find("=v")[0].places


for _reader in (
    Reader(
        "why",
        left_by(_why),
        _read_why,
        ("relevome.results.variants.why:VariantsWhy",),
        only=("why.json", "part-00000.parquet"),
    ),
    Reader(
        "variants",
        left_by(_result),
        _read_result,
        ("relevome.results.variants.rows:Variants",),
        only=("variants.json", "part-00000.parquet"),
    ),
    Reader(
        "vcf",
        lambda: [{"a.vcf": VCF.encode()}],
        _vcf,
        ("relevome.data.formats.vcf:read_vcf",),
        _lines_differ,
        WORDS,
    ),
    Reader(
        "substitutions",
        lambda: [{"a.tsv": TABLE.encode()}],
        lambda folder: list(read_substitutions(folder / "a.tsv")),
        ("relevome.data.formats.substitutions:read_substitutions",),
        words=WORDS,
    ),
    Reader(
        "genes",
        lambda: [{"a.gff3": GENES.encode()}],
        lambda folder: read_genes(folder / "a.gff3", {"chr1": 30}).at(Variant("chr1", 4, "A", "C")),
        ("relevome.data.variants.genes:read_genes",),
        words=(*WORDS, b"gene"),
    ),
):
    register(_reader)
