"""What a served page is told is what the run has: every value, every search, every sum."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import gather
from relevome.report.view import answers
from relevome.report.view.answers import MOST_ROWS, TracksReader, stretch
from relevome.report.view.index import IndexedTracks, indexed
from relevome.results.run.reader import Run
from tests.report.html.unpacked import Unpacked

MANIFEST = {"alphabet": "dna", "method": "m", "model": {"path": "m"}}


def content(found: IndexedTracks) -> Unpacked:
    arrays = PageArrays()
    return Unpacked(arrays.whole(found.content(arrays)))


def rows_of(page: Unpacked) -> list[list[np.ndarray | None]]:
    """By series and sequence its relevance, None where the series has none."""
    found = []
    for series in page.content["series"]:
        values, at, rows = page.array(series["relevance"]), 0, []
        for text, has in zip(page.content["letters"], page.array(series["has"]), strict=True):
            rows.append(values[at : at + len(text)] if has else None)
            at += len(text) * has
        assert at == len(values)
        found.append(rows)
    return found


@pytest.fixture
def several(make_run: Callable[..., Run], letters_only: Any) -> list[Run]:
    """Two runs that share some sequences, one of them with two targets and one sequence twice."""
    place = {"chrom": "c", "start": 3, "end": 6, "strand": "-"}
    rng = np.random.default_rng(5)

    def row(id: str, text: str, **said: Any) -> Any:
        return letters_only(id, text, rng.normal(size=len(text)), score=float(rng.normal()), **said)

    one = [row(id, text, target=target) for id, text in (("a", "ACGT"), ("b", "GGTTA")) for target in "xy"]
    two = [row("b", "GGTTA"), row("c", "ACG", **place), row("c", "ACG"), row("a", "ACGA"), row("c", "ACG")]
    return [make_run(one, size=3, name="one", **MANIFEST), make_run(two, size=2, name="two", **MANIFEST)]


def test_sequences_and_tracks_are_those_of_a_report(several: list[Run]) -> None:
    found, written = indexed(several), gather(several)
    assert list(found.with_letters()) == list(written.sequences)
    assert found.lengths.tolist() == [len(one.letters) for one in written.sequences]
    assert len(found.series) == len(written.series) == 3
    for one, other in zip(found.series, written.series, strict=True):
        assert (one.run, one.target) == (other.run, other.target)
        assert dict(zip(one.numbers.tolist(), one.rows.tolist(), strict=True)) == other.rows
    arrays = PageArrays()
    whole, served = Unpacked(arrays.whole(written.content(arrays))), content(found)
    assert served.content["letters"] is None
    for name in ("start", "end"):
        np.testing.assert_array_equal(
            served.array(served.content["places"][name]), whole.array(whole.content["places"][name])
        )
    for one, other in zip(served.content["series"], whole.content["series"], strict=True):
        for name in ("sequences", "score", "probability"):
            np.testing.assert_array_equal(served.array(one[name]), whole.array(other[name]))
        assert one["targets"]["names"] == other["targets"]["names"]
        assert one["relevance"] is None


def test_one_run_of_one_target_is_read_row_by_row(make_run: Callable[..., Run], explain: Any) -> None:
    rows = [explain(f"s{i % 3}", "ACGTNAC"[: 3 + i], i, predicted="no" if i % 2 else None) for i in range(5)]
    run = make_run(rows, size=2, **MANIFEST)
    found = indexed([run])
    assert list(found.with_letters()) == list(gather([run]).sequences)
    (series,) = content(found).content["series"]
    page = content(found)
    assert page.content["places"] is None
    assert page.array(series["score"]).tolist() == [row.score for row in rows]
    assert np.isnan(page.array(series["probability"])).all()
    assert series["predicted"]["names"] == ["no"]
    assert page.array(series["predicted"]["of"]).tolist() == [-1, 0, -1, 0, -1]
    assert run.targets == ("promoter",)
    assert run["s1"].sequence == rows[1].sequence


def test_rows_are_those_of_the_run_to_the_last_bit(several: list[Run]) -> None:
    found, written = indexed(several), gather(several)
    page = Unpacked(TracksReader(found).rows([4, 0, 1]))
    assert page.content["numbers"] == [4, 0, 1]
    assert page.content["letters"] == [written.sequences[number].letters for number in (4, 0, 1)]
    there = 0
    for series, rows in zip(written.series, rows_of(page), strict=True):
        for number, values in zip((4, 0, 1), rows, strict=True):
            if number not in series.rows:
                assert values is None
                continue
            there += 1
            np.testing.assert_array_equal(values, several[series.run][series.rows[number]].relevance)
    assert there >= 5


def test_tokens_of_several_letters_come_with_their_rows(make_run: Callable[..., Run], explain: Any) -> None:
    start, end = (np.array(x, dtype=np.int32) for x in ([0, 0, 2, 5], [0, 2, 5, 5]))
    words = explain(
        "w", "ACGTN", tokens=("[CLS]", "AC", "GTN", "[SEP]"), token_start=start, token_end=end,
        token_relevance=np.zeros(4, dtype=np.float32), relevance=np.zeros(5, dtype=np.float32),
        special_relevance=0.0, head_relevance=None,
    )  # fmt: skip
    page = Unpacked(TracksReader(indexed([make_run([explain(), words], **MANIFEST)])).rows([1]))
    tokens = page.content["series"][0]["tokens"]
    assert [page.array(tokens[name]).tolist() for name in ("count", "start", "end")] == [[2], [0, 2], [2, 5]]


def test_what_no_sequence_has_is_refused(several: list[Run]) -> None:
    reader = TracksReader(indexed(several))
    for numbers in ([], [99], [-1], [0] * (MOST_ROWS + 1)):
        with pytest.raises(InputError, match="expected 1 to"):
            reader.rows(numbers)


@pytest.mark.parametrize(
    "ask", [lambda it: it.rows([0]), lambda it: it.holding("ACG"), lambda it: it.summaries()]
)
def test_a_run_of_the_same_sequences_by_another_method_is_noticed(
    make_run: Callable[..., Run], letters_only: Any, ask: Callable[[TracksReader], bytes]
) -> None:
    reader = TracksReader(indexed([make_run([letters_only("a", "ACG", [1, 2, 3])], **MANIFEST)]))
    ask(reader)
    reader = TracksReader(indexed([make_run([letters_only("a", "ACG", [1, 2, 3])], **MANIFEST)]))
    make_run([letters_only("a", "ACG", [3, 2, 1])], **MANIFEST | {"method": "other"})
    with pytest.raises(InputError, match="has changed since it was opened"):
        ask(reader)


def test_a_run_that_was_replaced_is_noticed(make_run: Callable[..., Run], letters_only: Any) -> None:
    run = make_run([letters_only("a", "ACG", [1, 2, 3])], **MANIFEST)
    reader = TracksReader(indexed([run]))
    make_run([letters_only("other", "ACG", [1, 2, 3])], **MANIFEST)
    with pytest.raises(InputError, match="has changed since it was opened"):
        reader.rows([0])
    make_run([letters_only("a", "AC", [1, 2])], **MANIFEST)
    with pytest.raises(InputError, match="has changed since it was opened"):
        reader.rows([0])


@pytest.mark.parametrize("most", [answers.MOST_LETTERS, 0])
def test_letters_are_found_wherever_they_stand(
    several: list[Run], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(answers, "MOST_LETTERS", most)
    reader, written = TracksReader(indexed(several)), gather(several)
    queries = {"gtt": "GTT", "ACG": "ACG", "ACGA": "ACGA", "RCG": "[AG]CG", "CCC": "CCC"}
    for query, literal in queries.items():
        page = Unpacked(reader.holding(query))
        expected = [n for n, one in enumerate(written.sequences) if re.search(literal, one.letters)]
        assert page.array(page.content["numbers"]).tolist() == expected
    with pytest.raises(InputError, match="three letters or more"):
        reader.holding("AC")


def test_codes_stand_for_their_letters_and_for_themselves() -> None:
    assert stretch("tnu", "dna") == "[TU][ACGTN][TU]"
    assert stretch("GXXG", "protein") == "G..G"
    assert stretch("AC", "dna") is None
    assert stretch("A(C", "dna") is None


def test_sums_are_those_of_all_relevance(several: list[Run]) -> None:
    found, written = indexed(several), gather(several)
    page = Unpacked(TracksReader(found).summaries())
    for series, said in zip(written.series, page.content["series"], strict=True):
        rows = [several[series.run][series.rows[n]].relevance.astype(np.float64) for n in sorted(series.rows)]
        np.testing.assert_array_equal(page.array(said["scale"]), [np.abs(row).max() for row in rows])
        np.testing.assert_allclose(page.array(said["sum"]), [row.sum() for row in rows], rtol=1e-12)
        assert said["profile"] is None  # of several lengths


def test_profiles_are_of_sequences_of_one_length(make_run: Callable[..., Run], letters_only: Any) -> None:
    values = np.random.default_rng(1).normal(size=(7, 2, 4)).astype(np.float32)
    rows = [
        letters_only(f"s{i}", "ACGT", one, target=target)
        for i, two in enumerate(values)
        for target, one in zip("xy", two, strict=True)
    ]
    page = Unpacked(TracksReader(indexed([make_run(rows, **MANIFEST)])).summaries())
    for place, series in enumerate(page.content["series"]):
        profile, expected = series["profile"], values[:, place].astype(np.float64)
        assert profile["rows"] == 7
        np.testing.assert_allclose(page.array(profile["sum"]), expected.sum(axis=0), rtol=1e-12)
        np.testing.assert_allclose(page.array(profile["squares"]), (expected**2).sum(axis=0), rtol=1e-12)


def test_a_run_without_rows_has_no_sequences(make_run: Callable[..., Run]) -> None:
    found = indexed([make_run([], **MANIFEST)])
    assert (found.ids, len(found.lengths)) == ((), 0)
    page = content(found)
    assert page.content["ids"] == []
    assert page.content["series"] == []
