"""Pieces of a part: what is finished of it is there after a kill, and only then."""

from __future__ import annotations

import numpy as np
import pytest

import relevome
from relevome.data.inputs import from_sequences
from relevome.jobs.running import shards
from relevome.results.folder import LOCK
from relevome.results.parts import pieces
from relevome.results.parts.part import Counts, Refusal
from relevome.results.parts.pieces import Keeping, Outcome, Pieces, piece_paths
from relevome.results.run.columns import ROWS, Explanation
from relevome.stores.place import local


def row(name: str, heads: bool = False) -> Explanation:
    values = np.arange(3, dtype=np.float32)
    starts = np.arange(3, dtype=np.int32)
    kept = np.arange(12, dtype=np.float32).reshape(2, 2, 3) if heads else None
    return Explanation(
        sequence_id=name, sequence="ACG", target="x", target_index=1, score=0.1, relevance=values,
        token_relevance=values, head_relevance=kept, tokens=tuple("ACG"), token_start=starts,
        token_end=starts + 1,
    )  # fmt: skip


def pieces_in(folder, asked="asked"):
    """Those of a folder that somebody holds."""
    (folder / LOCK).write_text("mark", encoding="ascii")
    return Pieces(folder, asked, ROWS, "mark")


@pytest.mark.parametrize("heads", [False, True])
def test_what_is_written_comes_back_by_its_place(tmp_path, heads):
    kept = pieces_in(tmp_path)
    kept.write(
        3, 0, {5: Outcome((row("a", heads), row("b", heads)), Counts(1, 1, (), {"unknown_tokens": 2}))}
    )
    kept.write(3, 1, {0: Outcome((), Counts(1, 0, (Refusal("bad", "why"),)))})
    kept.write(4, 0, {7: Outcome((row("c", heads),), Counts(1, 1))})
    assert [list(piece) for piece in kept.read(3)] == [[5], [0]]
    found = Keeping(kept, 3).known
    assert found[0].counts.refused == (Refusal("bad", "why"),)
    assert found[5].counts == Counts(1, 1, (), {"unknown_tokens": 2})
    assert [one.sequence_id for one in found[5].rows] == ["a", "b"]
    if heads:
        np.testing.assert_array_equal(found[5].rows[1].head_relevance, row("b", True).head_relevance)
    kept.remove(3)
    assert (kept.read(3), [list(piece) for piece in kept.read(4)]) == ([], [[7]])


def test_a_piece_of_another_question_or_a_damaged_one_is_as_none(tmp_path, monkeypatch):
    pieces_in(tmp_path, "other").write(0, 0, {1: Outcome((row("a"),), Counts(1, 1))})
    assert pieces_in(tmp_path).read(0) == [{}]
    kept = pieces_in(tmp_path)
    kept.remove(0)
    kept.write(0, 0, {1: Outcome((row("a"),), Counts(1, 1))})
    kept.write(0, 1, {2: Outcome((row("b"),), Counts(1, 1))})
    first, second = piece_paths(tmp_path)
    first.write_bytes(first.read_bytes()[:-40])
    keeping = Keeping(kept, 0)
    assert list(keeping.known) == [2]
    monkeypatch.setattr(pieces, "KEPT_EVERY", 0.0)
    keeping.add(3, Outcome((row("c"),), Counts(1, 1)))
    assert second.is_file()
    assert [sorted(piece) for piece in kept.read(0)] == [[], [2], [3]]
    assert first.is_file()  # what cannot be read now may be read later
    local(second).rename(tmp_path / "piece-00001-00000.parquet")
    assert kept.read(1) == [{}]


def test_what_is_new_is_kept_only_after_a_while(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pieces.time, "monotonic", lambda: now[0])
    keeping = Keeping(pieces_in(tmp_path), 0)
    outcome = Outcome((row("a"),), Counts(1, 1))
    keeping.add(0, outcome)
    now[0] += pieces.KEPT_EVERY - 1
    keeping.add(1, outcome)
    assert piece_paths(tmp_path) == []
    now[0] += 1
    keeping.add(2, outcome)
    now[0] += 1
    keeping.add(3, outcome)
    assert [sorted(piece) for piece in pieces_in(tmp_path).read(0)] == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("mutagenesis", {}),
        ("attnlrp", {}),
        ("integrated-gradients", {"steps": 8}),
        ("saliency", {"average_strands": True}),
    ],
)
def test_a_run_killed_within_a_shard_goes_on(load, tmp_path, monkeypatch, method, more):
    """The bytes are those of an undisturbed run, and what was kept is not computed again."""
    model = load("bpe")
    draw = np.random.default_rng(0)
    given = {f"s{i}": "".join(draw.choice(list("ACGT"), 10 + i)) for i in range(9)}
    asked = {"target": 0, "batch_size": 2, **more}
    whole = relevome.explain(model, given, method, out=tmp_path / "whole", **asked)
    monkeypatch.setattr(pieces, "KEPT_EVERY", 0.0)
    real, kept, seen = shards.to_rows, [], []

    def killed_at_fifth(results, *args):
        seen.extend(result.track.sequence.id for result in results)
        if len(seen) >= 5 and not kept:
            kept.extend(seen[: len(seen) - len(results)])
            raise KeyboardInterrupt
        return real(results, *args)

    monkeypatch.setattr(shards, "to_rows", killed_at_fifth)
    with pytest.raises(KeyboardInterrupt):
        relevome.explain(model, given, method, out=tmp_path / "cut", **asked)
    assert len(piece_paths(tmp_path / "cut")) == len(kept) == 4
    left = tmp_path / "cut" / "piece-00005-00002.parquet"
    left.write_bytes(b"of one that was killed when its part was whole")
    seen.clear()
    run = relevome.explain(model, given, method, out=tmp_path / "cut", **asked)
    assert sorted(seen) == sorted(given.keys() - set(kept))
    assert piece_paths(tmp_path / "cut") == []
    assert run.counts == whole.counts
    letters = sum(len(text) for name, text in given.items() if name not in kept)
    assert run.manifest["took"]["letters"] == letters  # those of pieces were computed by whoever was killed
    name = "part-00000.parquet"
    assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_what_is_refused_is_kept_too(load, write, tmp_path, monkeypatch):
    model = load("protbert-residues")
    given = write("p.fa", ">a\nMKT\n>b\nMK1\n>c\n" + "A" * 90 + "\n>d\nGAV\n")
    monkeypatch.setattr(pieces, "KEPT_EVERY", 0.0)
    run = relevome.explain(model, given, "saliency", 1, out=tmp_path / "run", position=1, on_bad="skip")
    assert [refusal.sequence_id for refusal in run.counts.refused] == ["b", "c"]
    assert (run.counts.read, run.counts.explained) == (4, 2)
    assert from_sequences(["MKT"], model.alphabet).description["sequences"] == "1"


def test_a_worker_that_does_not_see_the_folder_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "KEPT_EVERY", 0.0)
    keeping = Keeping(Pieces(tmp_path, "asked", ROWS, "mark of another"), 0)
    keeping.add(0, Outcome((row("a"),), Counts(1, 1)))
    assert sorted(keeping.known) == [0]
    assert not piece_paths(tmp_path)
