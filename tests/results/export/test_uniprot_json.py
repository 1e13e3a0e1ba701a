from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relevome.errors import InputError
from relevome.results.export.uniprot_json import UniprotJson

VALUES = [0.1, -1.5, 3.0, 3.5, 0.25]


def test_features_and_line_of_each_sequence(make_run, letters_only, tmp_path):
    run = make_run([letters_only("sp|P1|X", "MKVLW", VALUES), letters_only("q", "MK", [0, 0])])
    report = UniprotJson(threshold=1.0).export(run, tmp_path / "x.json")
    first, second = json.loads((tmp_path / "x.json").read_text())
    assert (report.written, report.unit) == (2, "sequences")
    assert [first[key] for key in ("accession", "sequence", "target")] == ["sp|P1|X", "MKVLW", "promoter"]
    (feature,) = first["features"]
    assert [feature[key] for key in ("accession", "type", "category")] == ["site1", "SITE", "RELEVANCE"]
    assert feature["description"] == "relevance up to 3.5"
    assert [feature[key] for key in ("begin", "start", "end", "score")] == ["3", 3, 4, 3.5]
    assert feature["color"] == first["lines"][0]["color"] == "#b2182b"
    (line,) = first["lines"]
    assert line["range"] == [-1.5, 3.5]
    assert line["values"] == [{"position": i, "value": value} for i, value in enumerate(VALUES, start=1)]
    assert second["features"] == []
    assert second["lines"][0]["range"] == [0.0, 0.0]


@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_and_features_are_all_that_is_above(make_run, letters_only, tmp_path, values):
    known = np.array(values, dtype=np.float32)
    run = make_run([letters_only("a", "A" * len(known), known)])
    UniprotJson(threshold=0.0).export(run, tmp_path / "x.json", overwrite=True)
    (entry,) = json.loads((tmp_path / "x.json").read_text())
    written = [one["value"] for one in entry["lines"][0]["values"]]
    assert np.array(written, dtype=np.float32).tolist() == known.tolist()
    covered = {i for one in entry["features"] for i in range(one["start"] - 1, one["end"])}
    assert covered == {*np.flatnonzero(known > 0).tolist()}


def test_refuses_what_is_no_share():
    with pytest.raises(InputError, match="expected a share of letters from 0 to 1"):
        UniprotJson(quantile=-0.1)
