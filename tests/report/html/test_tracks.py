"""Which sequences a page shows, and what of their relevance is left in it."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.report.html import tracks
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import gather, tracks_content
from tests.report.html.unpacked import of_text

MANIFEST = {"alphabet": "dna", "method": "m", "model": {"path": "m"}}


def read_back(found):
    arrays = PageArrays()
    return of_text(arrays.packed(tracks_content(found, arrays)))


def relevance_of(page, series, number):
    """What the page has of the sequence with this number, put together from shares and their scale."""
    letters = page.content["letters"]
    numbers = page.array(series["sequences"]).tolist()
    row = numbers.index(number)
    start = sum(len(letters[other]) for other in numbers[:row])
    shares = page.array(series["relevance"])[start : start + len(letters[number])].astype(np.float64)
    return shares * page.array(series["scale"])[row]


def test_relevance_is_right_to_three_digits(make_run, explain):
    rows = [explain(f"s{i}", "ACGTNACG"[: 3 + i], i) for i in range(5)]
    run = make_run(rows, size=2, **MANIFEST)
    page = read_back(gather([run]))
    (series,) = page.content["series"]
    assert page.content["ids"] == [row.sequence_id for row in rows]
    for number, row in enumerate(run):
        found = relevance_of(page, series, number)
        largest = np.abs(row.relevance).max()
        np.testing.assert_allclose(found, row.relevance, rtol=5e-4, atol=1e-6 * largest)
        assert page.array(series["sum"])[number] == pytest.approx(row.relevance.sum(dtype=np.float64))
        assert page.array(series["score"])[number] == row.score


def test_no_relevance_and_no_letters_stay_what_they_are(make_run, letters_only):
    run = make_run(
        [letters_only("zero", "ACG", [0, 0, 0]), letters_only("tiny", "AC", [1e-38, -3e-38])], **MANIFEST
    )
    page = read_back(gather([run]))
    (series,) = page.content["series"]
    assert relevance_of(page, series, 0).tolist() == [0, 0, 0]
    np.testing.assert_allclose(relevance_of(page, series, 1), run[1].relevance, rtol=5e-4)


def test_runs_share_a_sequence_where_id_letters_and_place_agree(make_run, letters_only):
    place = {"chrom": "c", "start": 0, "end": 2, "strand": "-"}
    one = make_run(
        [letters_only("a", "AC", [1, 2]), letters_only("b", "AC", [3, 4], **place)], name="one", **MANIFEST
    )
    two = make_run(
        [letters_only("b", "AC", [5, 6], **place), letters_only("a", "GG", [7, 8]),
         letters_only("b", "AC", [9, 1])],
        name="two", **MANIFEST,
    )  # fmt: skip
    found = gather([one, two])
    assert [(s.id, s.letters, s.place[0]) for s in found.sequences] == [
        ("a", "AC", None), ("b", "AC", "c"), ("a", "GG", None), ("b", "AC", None),
    ]  # fmt: skip
    assert [series.rows for series in found.series] == [{0: 0, 1: 1}, {1: 0, 2: 1, 3: 2}]
    page = read_back(found)
    np.testing.assert_allclose(relevance_of(page, page.content["series"][1], 1), [5, 6], rtol=1e-3)
    places = page.content["places"]
    assert (places["chrom"]["names"], places["strand"]["names"]) == (["c"], ["-"])
    assert page.array(places["chrom"]["of"]).tolist() == [-1, 0, -1, -1]
    assert [page.array(places[name])[1] for name in ("start", "end")] == [0, 2]


def test_what_a_run_has_twice_is_shown_twice(make_run, letters_only):
    run = make_run([letters_only("a", "AC", [1, 2]), letters_only("a", "AC", [3, 4])], **MANIFEST)
    assert len(gather([run]).sequences) == 2


def test_targets_are_tracks_of_their_own_unless_each_sequence_has_its_own(make_run, letters_only):
    rows = [letters_only("a", "AC", [1, 2], target=target) for target in ("x", "y")]
    run = make_run(rows, name="several", **MANIFEST)
    assert [series.target for series in gather([run]).series] == ["x", "y"]
    own = make_run(
        [letters_only("a", "AC", [1, 2], target="x"), letters_only("b", "AC", [1, 2], target="y")],
        name="own", targets=[{"index": -1, "label": "predicted"}], **MANIFEST,
    )  # fmt: skip
    page = read_back(gather([own]))
    (series,) = page.content["series"]
    assert series["targets"]["names"] == ["x", "y"]
    assert page.array(series["targets"]["of"]).tolist() == [0, 1]


def test_the_best_sequences_are_kept_in_their_order(make_run, letters_only):
    scores = [0.5, 3.0, -1.0, 2.0]
    run = make_run([letters_only(f"s{i}", "AC", [i, 1], score=s) for i, s in enumerate(scores)], **MANIFEST)
    found = gather([run], top=2)
    assert [one.id for one in found.sequences] == ["s1", "s3"]
    assert found.left_out == 2
    page = read_back(found)
    np.testing.assert_allclose(relevance_of(page, page.content["series"][0], 1), [3, 1], rtol=1e-3)


def test_more_than_a_file_has_room_for_is_refused_with_what_would_fit(make_run, letters_only, monkeypatch):
    monkeypatch.setattr(tracks, "MOST_VALUES", 7)
    run = make_run([letters_only(f"s{i}", "ACG", [1, 2, 3]) for i in range(4)], **MANIFEST)
    with pytest.raises(InputError, match=r"4 sequences have 12 values.*room for 7.*--top 2"):
        gather([run])
    assert len(gather([run], top=2).sequences) == 2


def test_runs_of_two_alphabets_are_refused(make_run, letters_only):
    runs = [
        make_run([letters_only("a", "AC", [1, 2])], name=name, **{**MANIFEST, "alphabet": name})
        for name in ("dna", "rna")
    ]
    with pytest.raises(InputError, match="dna and rna"):
        gather(runs)


def test_tokens_are_kept_where_they_are_not_letters(make_run, explain, letters_only):
    start, end = (np.array(x, dtype=np.int32) for x in ([0, 0, 2, 5], [0, 2, 5, 5]))
    words = explain(
        "w", "ACGTN", tokens=("[CLS]", "AC", "GTN", "[SEP]"), token_start=start, token_end=end,
        token_relevance=np.zeros(4, dtype=np.float32), relevance=np.zeros(5, dtype=np.float32),
        special_relevance=0.0, head_relevance=None,
    )  # fmt: skip
    page = read_back(gather([make_run([words, letters_only("l", "AC", [1, 2])], **MANIFEST)]))
    tokens = page.content["series"][0]["tokens"]
    assert [page.array(tokens[name]).tolist() for name in ("count", "start", "end")] == [
        [2, 0],
        [0, 2],
        [2, 5],
    ]
    plain = read_back(gather([make_run([explain()], name="plain", **MANIFEST)]))
    assert plain.content["series"][0]["tokens"] is None
