"""Whatever sequences are called, other programs read what is exported under the same names."""

from __future__ import annotations

import ast
import csv
import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from relevome.data.names import visible
from relevome.results.export.bed import Bed
from relevome.results.export.bedgraph import BedGraph
from relevome.results.export.bigwig import BigWig
from relevome.results.export.chimerax import ChimeraX
from relevome.results.export.gff3 import Gff3
from relevome.results.export.jalview import Jalview
from relevome.results.export.letter_scores import LetterScores
from relevome.results.export.mmcif import MmCif
from relevome.results.export.npz import Npz
from relevome.results.export.pdb import Pdb
from relevome.results.export.pymol import PyMol
from relevome.results.export.tsv import Tsv
from relevome.results.export.uniprot_json import UniprotJson
from tests.names import NAMES, names
from tests.results.export.structure import LETTERS, dna

pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `bigwig`")

several = given(ids=st.lists(names(), min_size=1, max_size=8, unique=True))
often = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ucsc(path: Path) -> list[list[str]]:
    """Lines of BED or bedGraph as the genome browser reads them: no comments, fields between any blanks."""
    lines = [line for line in re.split("\n", path.read_text(encoding="utf-8")) if line]
    rows = [re.split("[ \t]+", line) for line in lines if not line.startswith("#")]
    return [row for row in rows if row[0] not in ("track", "browser")]


def without_quote(field: str) -> str:
    """As the docs say: a ' before what a spreadsheet would take for a formula is none of the name."""
    return re.sub(r"\A'(?=['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20].)", "", field, flags=re.DOTALL)


@often
@several
@example(ids=list(NAMES))
def test_every_format_gives_ids_and_targets_back(make_run, letters_only, tmp_path, ids):
    rows = [letters_only(id, "ACG", [-1.0, 0.5, 2.0], target=ids[0]) for id in ids]
    run = make_run(rows, size=3)

    path = tmp_path / "x.tsv"
    Tsv().export(run, path, overwrite=True)
    with path.open(encoding="utf-8", newline="") as file:
        read = [row[:2] for row in csv.reader(file, delimiter="\t", strict=True)][1::3]
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    assert table[["sequence_id", "target"]].to_numpy().tolist()[::3] == read
    assert [[without_quote(field) for field in row] for row in read] == [[id, ids[0]] for id in ids]

    path = tmp_path / "x.bed"
    Bed(threshold=1.0, coordinates="sequence").export(run, path, overwrite=True)
    assert sorted((unquote(row[0]), unquote(row[3])) for row in ucsc(path)) == sorted(
        zip(ids, ids, strict=True)
    )
    assert {tuple(row[1:3]) + tuple(row[4:]) for row in ucsc(path)} == {("2", "3", "1000", "+")}

    path = tmp_path / "x.bedgraph"
    BedGraph(coordinates="sequence").export(run, path, overwrite=True)
    assert sorted({unquote(row[0]) for row in ucsc(path)}) == sorted(ids)
    assert len(ucsc(path)) == 3 * len(ids)

    path = tmp_path / "x.bw"
    BigWig(coordinates="sequence").export(run, path, overwrite=True)
    with pybigtools.open(str(path)) as track:
        assert track.chroms() == dict.fromkeys(ids, 3)
        for id in ids:
            assert track.values(id, 0, 3, fillna=None).tolist() == [-1.0, 0.5, 2.0]


@often
@several
@example(ids=list(NAMES))
def test_ids_of_npz_are_one_on_each_line(make_run, explain, tmp_path, ids):
    Npz().export(make_run([explain(id) for id in ids], size=3), tmp_path / "x.npz", overwrite=True)
    assert (tmp_path / "x.ids.txt").read_text(encoding="utf-8").splitlines() == ids


@often
@several
@example(ids=list(NAMES))
def test_viewers_of_features_find_ids_and_targets(make_run, letters_only, tmp_path, ids):
    rows = [letters_only(id, "ACG", [-1.0, 0.5, 2.0], target=ids[0]) for id in ids]
    run = make_run(rows, size=3)

    path = tmp_path / "x.gff3"
    Gff3(threshold=1.0).export(run, path, overwrite=True)
    text = path.read_text(encoding="utf-8")
    parts = [line.split("\t") for line in text.split("\n") if line and not line.startswith("#")]
    assert all(len(columns) == 9 and columns[3:5] == ["3", "3"] for columns in parts)
    keys = [dict(pair.split("=") for pair in columns[8].split(";")) for columns in parts]
    found = [(unquote(columns[0]), unquote(one["Name"])) for columns, one in zip(parts, keys, strict=True)]
    assert sorted(found) == sorted(zip(ids, ids, strict=True))
    assert {unquote(one["label"]) for one in keys} == {ids[0]}

    path = tmp_path / "x.json"
    UniprotJson(threshold=1.0).export(run, path, overwrite=True)
    assert path.read_bytes().isascii()
    entries = json.loads(path.read_text())
    assert [(one["accession"], one["target"]) for one in entries] == [(id, ids[0]) for id in ids]

    files = Jalview(threshold=1.0).export(run, tmp_path / "x", overwrite=True).files
    features, rows = (path.read_text(encoding="utf-8").split("\n") for path in files)
    assert [line.split("\t")[1:6] for line in features[1:-1]] == [
        [id, "-1", "3", "3", "relevance"] for id in ids
    ]
    assert [line.split("\t")[1:] for line in rows[2:-1:2]] == [[id, "1"] for id in ids]
    assert {tuple(line.count(mark) for mark in "\t|") for line in rows[3:-1:2]} == {(3, 3)}


@often
@several
@example(ids=list(NAMES))
def test_a_table_of_letter_scores_gives_ids_back(make_run, explain, tmp_path, ids):
    run = make_run([explain(id, "ACG", target=ids[0]) for id in ids], size=3)
    LetterScores().export(run, tmp_path / "x.tsv", overwrite=True)
    table = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype=str, keep_default_na=False)
    read = table[["sequence_id", "target"]].to_numpy().tolist()[::3]
    assert [[without_quote(field) for field in row] for row in read] == [[id, ids[0]] for id in ids]


@often
@given(id=names(), target=names())
@example(id="'\"\\", target='"""')
@example(id="'\n;\n", target="x\nattribute: y\n\t/A:1\t9")
def test_files_onto_structures_say_ids_and_targets_and_are_nothing_else_for_it(
    make_run, letters_only, tmp_path, id, target
):
    gemmi = pytest.importorskip("gemmi", reason="needs the extra `structures`")
    run = make_run([letters_only(id, LETTERS, range(10), target=target)])
    structure = dna(tmp_path)
    for kind in (ChimeraX, PyMol, Pdb, MmCif):
        kind(structure=structure).export(run, tmp_path / kind.__name__, overwrite=True)
    block = gemmi.cif.read_file(str(tmp_path / "MmCif")).sole_block()
    assert gemmi.cif.as_string(block.find_value("_relevome.target")) == visible(target)
    ids = [gemmi.cif.as_string(name) for name in block.find_values("_relevome_chain.sequence_id")]
    assert ids == [visible(id)]
    lines = (tmp_path / "ChimeraX").read_text(encoding="utf-8").split("\n")
    assert [line[:3] for line in lines if not line.startswith("#")][:3] == ["att", "mat", "rec"]
    assert len([line for line in lines if line.startswith("\t/A:")]) == 10
    script = (tmp_path / "PyMol").read_text(encoding="utf-8")
    assert len(ast.parse(script).body) == 7  # what it imports, sets and does, whatever the names
    atoms = gemmi.read_pdb(str(tmp_path / "Pdb"))[0][0]
    assert [residue[0].b_iso for residue in atoms] == [100.0 * i for i in range(10)]


def test_names_of_a_run_that_was_made_elsewhere_steer_nothing(make_run, letters_only, tmp_path):
    odd = "a\tb\nc\x1b[2J\r\u2028"
    run = make_run([letters_only(odd, "AC", [1.0, 2.0], target=odd)])
    for exporter in (Tsv(), Bed(threshold=0.0, coordinates="sequence"), BedGraph(coordinates="sequence")):
        path = tmp_path / type(exporter).__name__
        exporter.export(run, path)
        text = path.read_text(encoding="utf-8")
        assert "\\x1b[2J\\r\\u2028" in text
        assert not set(text) & {"\x1b", "\r", "\u2028"}
        assert len({line.count("\t") for line in text.splitlines()}) == 1


@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@often
@example(values=[0.1, -0.0, 1e-45, 3.4028234663852886e38, 1 / 3, 16777216.0])
def test_numbers_are_the_shortest_that_give_the_float32_back(make_run, letters_only, tmp_path, values):
    known = np.array(values, dtype=np.float32)
    place = {"chrom": "c", "start": 0, "end": len(known), "strand": "+"}
    run = make_run([letters_only("a", "A" * len(known), known, **place)])
    BedGraph().export(run, tmp_path / "x.bedgraph", overwrite=True)
    Tsv().export(run, tmp_path / "x.tsv", overwrite=True)
    lines = [(int(start), int(end), text) for _, start, end, text in ucsc(tmp_path / "x.bedgraph")]
    from_bedgraph = [text for start, end, text in lines for _ in range(start, end)]
    table = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype={"relevance": str})
    for written in (from_bedgraph, table["relevance"].tolist()):
        assert np.array(written, dtype=np.float32).tolist() == known.tolist()
        for text, value in zip(written, known, strict=True):
            digits = len(re.sub(r"e.*|[-.]", "", text).strip("0"))
            with np.errstate(over="ignore"):
                assert all(np.float32(f"{value:.{fewer}e}") != value for fewer in range(digits - 1))
