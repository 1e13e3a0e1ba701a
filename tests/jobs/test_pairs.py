"""From sequences to maps, the strongest pairs and pictures: whole, stopped, damaged, and asked otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.sequences import DNA, Sequence
from relevome.discovery.pairs.dependency import dependency_maps
from relevome.discovery.pairs.epistasis import epistasis_map
from relevome.discovery.pairs.estimate import attention_estimate, rank_agreement
from relevome.discovery.pairs.jacobian import jacobian_maps, product_corrected
from relevome.discovery.pairs.letter_relevance import relevance_map
from relevome.discovery.pairs.of_sequences import MapMaker
from relevome.discovery.pairs.strands import PairMap
from relevome.errors import InputError
from relevome.jobs.running import estimates
from relevome.jobs.running.estimates import WorkEstimate
from relevome.models.base import Model
from relevome.models.targets import resolve_target
from relevome.results.pairs.folder import Pairs, read_pairs
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
LETTERS = {"one": "ACGTTGCAGT", '<b>&"two"': "GGCATTACG", "three": "ACGNT"}


@pytest.fixture
def model(toy_model: ToyModel) -> Model:
    return toy_model("letters-masked")


def values(found: Any) -> np.ndarray:
    assert isinstance(found, PairMap)
    return found.values.astype(np.float32)


def test_maps_tables_and_pictures_are_those_of_each_sequence_alone(model: Model, tmp_path: Path) -> None:
    said: list[str] = []
    told: list[tuple[int, int]] = []
    found = relevome.pairs(
        model, LETTERS, tmp_path / "out", apart=3, most=20, shuffles=2, pictures=2, say=said.append,
        progress=lambda count, total: told.append((count, total)),
    )  # fmt: skip
    assert said == ["maps of pairs", "strongest pairs"]
    assert sum(count for count, _ in told) == 3
    for name, letters in LETTERS.items():
        sequence = Sequence(name, letters, DNA)
        kept = found.map(name)
        ((_, alone),) = dependency_maps(model, [sequence])
        np.testing.assert_array_equal(kept.values, values(alone))
        np.testing.assert_array_equal(kept.estimate, values(attention_estimate(model, sequence)))
        assert kept.null is not None
        assert kept.null.shape == (2, len(letters) * (len(letters) - 1) // 2)
        (row,) = (one for one in found.sequences if one.sequence_id == name)
        assert kept.estimate is not None
        agreement = rank_agreement(kept.values, kept.estimate, apart=3)
        if agreement is None:  # too few pairs
            assert row.agreement is None
        else:
            assert row.agreement == pytest.approx(agreement)
    assert len(found.pairs) == 20
    assert found.counts["pairs"] == sum((n - 3) * (n - 2) // 2 for n in map(len, LETTERS.values()))
    assert found.counts["null_pairs"] == 2 * found.counts["pairs"]
    for pair in found.pairs:
        kept, letters = found.map(pair.sequence_id), LETTERS[pair.sequence_id]
        assert pair.j - pair.i >= 3
        assert (pair.letter_i, pair.letter_j) == (letters[pair.i], letters[pair.j])
        assert (pair.forward, pair.backward) == (kept.values[pair.i, pair.j], kept.values[pair.j, pair.i])
        assert pair.strength == max(kept.values[pair.i, pair.j], kept.values[pair.j, pair.i])
        assert pair.q is not None
    assert sorted(path.name for path in (tmp_path / "out" / "pictures").iterdir()) == [
        "000000.png",
        "000001.png",
    ]
    again = read_pairs(tmp_path / "out")
    assert (again.pairs, again.sequences, again.settings) == (found.pairs, found.sequences, found.settings)
    assert again.to_pandas().sequence_id.tolist() == [pair.sequence_id for pair in found.pairs]
    assert "dependency maps of 3 sequences" in repr(again)
    assert '<b>&"two"' not in again._repr_html_()
    with pytest.raises(InputError, match="has no map of 'four': expected one of one"):
        again.map("four")


@pytest.mark.parametrize("method", ["jacobian", "attention", "attnlrp", "gradient"])
def test_every_method_by_its_name(model: Model, tmp_path: Path, method: Any) -> None:
    sequence = Sequence("a", "ACGTTGCA", DNA)
    found = relevome.pairs(model, [sequence], tmp_path, method=method, apart=1, pictures=0)
    if method == "jacobian":
        ((_, alone),) = jacobian_maps(model, [sequence])
    else:
        alone = (
            attention_estimate(model, sequence)
            if method == "attention"
            else relevance_map(model, sequence, method)
        )
    np.testing.assert_array_equal(found.map("a").values, values(alone))
    assert (found.map("a").estimate is None) == (method != "jacobian")
    assert found.agreement is None


@pytest.mark.parametrize(
    ("name", "estimate"), [("dependency", "attnlrp"), ("jacobian", "gradient"), ("dependency", "none")]
)
def test_what_stands_beside_a_map_is_what_was_asked_for(
    model: Model, tmp_path: Path, name: Any, estimate: Any
) -> None:
    found = relevome.pairs(model, LETTERS, tmp_path, method=name, estimate=estimate, apart=2, pictures=0)
    for id, letters in LETTERS.items():
        kept = found.map(id)
        if estimate == "none":
            assert kept.estimate is None
            continue
        assert kept.estimate is not None
        expected = relevance_map(model, Sequence(id, letters, DNA), estimate).values
        if name == "jacobian":
            expected = product_corrected(expected + expected.T)
        np.testing.assert_allclose(kept.estimate, expected, rtol=1e-4, atol=1e-6)
    known = [one.agreement for one in found.sequences]
    assert (None in known) == (estimate == "none")
    assert read_pairs(tmp_path).settings.estimate == estimate


def test_folders_that_say_yes_or_no_of_an_estimate_go_on(model: Model, tmp_path: Path) -> None:
    """As they were before there were several."""
    relevome.pairs(model, LETTERS, tmp_path, pictures=0)
    path = tmp_path / "pairs.json"
    said = json.loads(path.read_text())
    assert said["question"]["estimate"] is True
    said["settings"]["estimate"] = True
    path.write_text(json.dumps(said))
    assert read_pairs(tmp_path).settings.estimate == "attention-gradient"
    found = relevome.pairs(model, LETTERS, tmp_path, estimate=True, apart=2, pictures=0)
    assert found.settings.estimate == "attention-gradient"
    with pytest.raises(InputError, match="which differ in estimate"):
        relevome.pairs(model, LETTERS, tmp_path, estimate="attnlrp")


def test_of_a_model_of_whole_sequences_it_is_epistasis(toy_model: ToyModel, tmp_path: Path) -> None:
    cnn, toy = toy_model("cnn"), TOYS["cnn"]
    (sequence,) = toy.sequences(20)
    found = relevome.pairs(cnn, [sequence], tmp_path / "dna", pictures=1, apart=1)
    alone = epistasis_map(cnn, sequence, resolve_target(cnn, None))
    np.testing.assert_array_equal(found.map("s0").values, values(alone))
    assert found.settings.target == "LABEL_1"
    assert found.pairs[0].strength == abs(found.pairs[0].forward or 0)
    assert any("there is no estimate: " in note for note in found.notes)
    protein = toy_model("esm")
    (sequence,) = TOYS["esm"].sequences(7)
    found = relevome.pairs(protein, [sequence], tmp_path / "protein", pictures=0, target=0, apart=1)
    assert found.settings.by == "A"
    alone = epistasis_map(protein, sequence, resolve_target(protein, 0), "A")
    np.testing.assert_array_equal(found.map("s0").values, values(alone))
    assert found.map("s0").estimate is not None


def test_a_causal_model_of_proteins_has_one_half(toy_model: ToyModel, tmp_path: Path) -> None:
    toy = TOYS["residues-causal"]
    found = relevome.pairs(toy_model("residues-causal"), toy.sequences(9), tmp_path, apart=2)
    assert all(pair.backward is None and pair.forward == pair.strength for pair in found.pairs)
    assert len(found.pairs) == 28
    assert any("reads one way" in note for note in found.notes)
    assert read_pairs(tmp_path).pairs == found.pairs


class Stopped(Exception):
    """As a process that is killed."""


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> list[int]:
    """Have the maker stop after so many maps; gives the numbers of those that it made."""
    made: list[int] = []
    kept = MapMaker.kept

    def stopping(self: MapMaker, sequences: Any) -> Any:
        for number, one in kept(self, sequences):
            if len(made) == count:
                raise Stopped
            made.append(number)
            yield number, one

    monkeypatch.setattr(MapMaker, "kept", stopping)
    return made


def same(one: Pairs, other: Pairs) -> None:
    assert one.pairs == other.pairs
    assert one.sequences == other.sequences
    for row in one.sequences:
        np.testing.assert_array_equal(one.map(row.sequence_id).values, other.map(row.sequence_id).values)


def test_what_was_stopped_goes_on_and_damaged_maps_are_made_again(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = relevome.pairs(model, LETTERS, tmp_path / "whole", shuffles=1, apart=2, pictures=0)
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            relevome.pairs(model, LETTERS, tmp_path / "out", shuffles=1, apart=2, pictures=0)
    with pytest.raises(InputError, match="is unfinished: the same `relevome pairs` goes on"):
        read_pairs(tmp_path / "out")
    (tmp_path / "out" / "maps" / ".000002.npz.tmp").write_text("half")
    damaged = sorted((tmp_path / "out" / "maps").glob("0*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with monkeypatch.context() as patch:
        made = stop_after(patch, 9)
        found = relevome.pairs(model, LETTERS, tmp_path / "out", shuffles=1, apart=2, pictures=0)
    assert len(made) == 2
    same(found, whole)
    assert not list((tmp_path / "out" / "maps").glob(".*"))
    # other lists of the same maps make no map
    with monkeypatch.context() as patch:
        made = stop_after(patch, 9)
        other = relevome.pairs(model, LETTERS, tmp_path / "out", shuffles=1, apart=4, most=3)
    assert (made, len(other.pairs)) == ([], 3)
    assert all(pair.j - pair.i >= 4 for pair in other.pairs)


def test_maps_of_another_question_are_not_mixed(model: Model, tmp_path: Path) -> None:
    relevome.pairs(model, LETTERS, tmp_path / "out", pictures=0)
    others: list[dict[str, Any]] = [{"method": "jacobian"}, {"shuffles": 1}, {"estimate": False}]
    for other in others:
        with pytest.raises(InputError, match="holds other maps of pairs, which differ in"):
            relevome.pairs(model, LETTERS, tmp_path / "out", **other)
    with pytest.raises(InputError, match=r"differ in input.sha256"):
        relevome.pairs(model, {"one": "ACGTT", "b": "ACGT", "c": "ACG"}, tmp_path / "out")
    found = relevome.pairs(model, {"x": "ACGTACG"}, tmp_path / "out", overwrite=True, pictures=0)
    assert [one.name for one in (tmp_path / "out" / "maps").iterdir()] == ["000000.npz"]
    assert [one.sequence_id for one in found.sequences] == ["x"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("")
    with pytest.raises(InputError, match=r"holds files that are no pairs, such as mine.txt"):
        relevome.pairs(model, LETTERS, tmp_path / "other")


def test_sequences_that_cannot_be_used_are_refused_or_counted(model: Model, tmp_path: Path) -> None:
    (tmp_path / "s.fa").write_text(f">a\nACGTAC\n>long\n{'A' * 99}\n>strange\nAC!T\n>b\nACGGT\n")
    with pytest.raises(InputError, match=r"'!' at position 3.*--on-bad skip"):
        relevome.pairs(model, tmp_path / "s.fa", tmp_path / "out")
    found = relevome.pairs(model, tmp_path / "s.fa", tmp_path / "out", on_bad="skip", apart=2, pictures=0)
    assert [(one.sequence_id, one.number) for one in found.sequences] == [("a", 0), ("b", 3)]
    reasons = {one["sequence_id"]: one["reason"] for one in found.refused}
    assert sorted(reasons) == ["long", "strange"]
    assert "takes 40" in reasons["long"]
    assert json.loads((tmp_path / "out" / "pairs.json").read_text())["refused"] == found.refused
    with pytest.raises(InputError, match="no sequence has a map: sequence 'long'"):
        relevome.pairs(model, {"long": "A" * 99}, tmp_path / "none", on_bad="skip")
    with pytest.raises(InputError, match="takes 40"):
        relevome.pairs(model, {"long": "A" * 99}, tmp_path / "refused")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"target": "A"}, "--target and --position are of --method epistasis, not of dependency"),
        ({"by": "A"}, "--by and --summary are of --method epistasis"),
        ({"apart": 0}, "--apart 0"),
        ({"pictures": -1}, "--pictures -1"),
        ({"on_bad": "x"}, "--on-bad x"),
        (
            {"method": "epistasis", "target": "A", "position": 1, "estimate": "attnlrp"},
            "--estimate attnlrp is ",
        ),
        (
            {"method": "epistasis", "target": "predicted", "position": 1},
            "--target predicted is another output",
        ),
    ],
)
def test_options_that_cannot_be(model: Model, tmp_path: Path, options: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        relevome.pairs(model, LETTERS, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_on_the_command_line(relevome_cli: Any, saved: Any, tmp_path: Path) -> None:
    (tmp_path / "s.fa").write_text(">a\nACGTACGGT\n>b\nTTGACAT\n")
    asked = ("pairs", "--model", saved("letters-masked"), "--device", "cpu", "--fasta", tmp_path / "s.fa",
             "--apart", 3)  # fmt: skip
    code, out, err = relevome_cli(*asked, "--shuffles", 1, "--pictures", 1, "-o", tmp_path / "out")
    assert (code, err) == (0, [])
    assert "2 sequences with a map by dependency, 31 of 31 pairs listed" in out
    assert "false discovery rate" in out
    assert "estimate (attention-gradient) against maps, pairs 3 apart: Spearman" in out
    assert len(read_pairs(tmp_path / "out").sequences) == 2
    code, _, err = relevome_cli(*asked, "--method", "jacobian", "-o", tmp_path / "out")
    assert (code, len(err)) == (2, 1)
    assert "holds other maps of pairs" in err[0]


def test_known_sites_are_drawn(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("relevome.jobs.pairs.pairs.draw_maps", lambda *given: drawn.append(given))
    (tmp_path / "sites.bed").write_text("one\t2\t5\tbox\n")
    relevome.pairs(model, LETTERS, tmp_path / "out", sites=tmp_path / "sites.bed", pictures=1)
    ((_, most, sites, contacts),) = drawn
    assert (most, contacts) == (1, None)
    assert [(one.start, one.end) for one in sites["one"]] == [(2, 5)]
    assert sites["three"] == []


def test_a_plan_counts_what_is_missing_and_writes_nothing(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "SAMPLING", 0.2)
    given = {f"s{i}": "ACGTTGCAGTAC" * (1 + i % 3) for i in range(70)}
    told: list[WorkEstimate] = []

    def stop(found: WorkEstimate) -> None:
        told.append(found)
        raise EOFError

    def plan(**options: Any) -> WorkEstimate:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        with pytest.raises(EOFError):
            relevome.pairs(model, given, tmp_path / "out", planned=stop, pictures=0, **options)
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return told.pop()

    found = plan()
    letters = sum(map(len, given.values()))
    assert (found.sequences, found.letters, found.shards, found.there) == (70, letters, 3, 0)
    relevome.pairs(model, given, tmp_path / "out", pictures=0)
    files = sorted((tmp_path / "out" / "maps").iterdir())
    assert found.disk == pytest.approx(sum(path.stat().st_size for path in files), rel=0.1)
    for path in files[:32] + files[40:42]:
        path.unlink()
    found = plan()
    assert (found.sequences, found.shards, found.there) == (34, 2, 1)
    assert plan(overwrite=True).sequences == 70
    with pytest.raises(InputError, match="holds other maps of pairs, which differ in"):
        relevome.pairs(model, given, tmp_path / "out", planned=stop, estimate="none")
