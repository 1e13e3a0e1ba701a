from __future__ import annotations

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.results.export.jalview import Jalview


def features(path):
    """Colours and features, as FeaturesFile.java of Jalview 2.11 reads them."""
    colours, found = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        columns = line.split("\t")
        if len(columns) < 4:
            colours[columns[0]] = columns[1]
        else:
            description, id, index, start, end, kind, score = columns
            assert index == "-1"
            found.append((id, int(start), int(end), kind, float(score), description))
    return colours, found


def graphs(path):
    """The row of each sequence, as AnnotationFile.java of Jalview 2.11 reads it."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert head == "JALVIEW_ANNOTATION"
    rows, reference = {}, None
    for line in lines:
        if line.startswith("#"):
            continue
        keyword, *tokens = [token for token in line.split("\t") if token]
        if keyword == "SEQUENCE_REF":
            reference, start = tokens
            assert start == "1"
            continue
        assert keyword == "LINE_GRAPH"
        label, description, values = tokens
        assert label == "relevance"
        assert "|" not in description
        assert "|" in values  # else it would be a description
        rows[reference] = np.array(values.removesuffix("|").split("|"), dtype=np.float32)
    return rows


def test_sites_and_a_row_for_each_sequence(make_run, letters_only, tmp_path):
    run = make_run([
        letters_only("sp|P1|X", "MKVLW", [0.1, -1.5, 3.0, 3.5, 0.25], target="a|b"),
        letters_only("one", "M", [7.5], target="a|b"),
    ])  # fmt: skip
    report = Jalview(threshold=1.0).export(run, tmp_path / "x.txt")
    assert [path.name for path in report.files] == ["x.features.txt", "x.annotations.txt"]
    colours, found = features(report.files[0])
    assert colours == {"relevance": "score|fddbc7|b2182b|absolute|1.0|7.5|none"}
    assert found == [
        ("sp|P1|X", 3, 4, "relevance", 3.5, "relevance up to 3.5"),
        ("one", 1, 1, "relevance", 7.5, "relevance up to 7.5"),
    ]
    rows = graphs(report.files[1])
    assert {name: values.tolist() for name, values in rows.items()} == {
        "sp|P1|X": np.array([0.1, -1.5, 3.0, 3.5, 0.25], dtype=np.float32).tolist(),
        "one": [7.5],
    }


def test_the_one_id_that_jalview_takes_for_none_is_refused(make_run, letters_only, tmp_path):
    run = make_run([letters_only("ID_NOT_SPECIFIED", "M", [1.0])])
    with pytest.raises(InputError, match="takes the id ID_NOT_SPECIFIED for no id"):
        Jalview().export(run, tmp_path / "x.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
