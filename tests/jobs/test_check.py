"""A run is complete, or it is said what of it is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import relevome
from relevome.data.inputs import from_bed
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.jobs.check import check
from relevome.jobs.running import shards
from relevome.models.base import Model
from relevome.results.parts.part import part_paths, read_info, read_part, sha256_of_part, write_part
from relevome.results.run.columns import ROWS, Explanation
from relevome.results.run.reader import Run

RECORDS = [("one", "ACGTACGTAC"), ("two", "GGGTTTACGT"), ("bad", "ACXT"), ("two", "AC"), ("three", "TTTTACG")]


@pytest.fixture
def made(
    tmp_path: Path,
    toy_model: Callable[[str], Model],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A run in parts of two sequences, two of which are refused."""
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 2)
    fasta = tmp_path / "x.fa"
    fasta.write_text("".join(f">{name}\n{letters}\n" for name, letters in RECORDS))
    relevome.explain(
        toy_model("cnn"), fasta, "gradient-x-input", (0, 1), out=tmp_path / "run", on_bad="skip", batch_size=4
    )
    return tmp_path / "run"


def problem(run: Path) -> str:
    (only,) = check(run).problems
    return only


def rewrite(run: Path, part: int, change: Callable[[list[Explanation]], list[Explanation]]) -> None:
    """Other rows in a part, with the counts that were there, as if it had been written so."""
    path = part_paths(run)[part]
    table, info = read_part(path, ROWS.schema), read_info(path)
    rows = [ROWS.from_row(table, row, None) for row in range(len(table))]
    write_part(path, ROWS, change(rows), info.counts, 2, info.run)
    said = json.loads((run / "run.json").read_text())
    said["checksums"][part] = sha256_of_part(path)
    (run / "run.json").write_text(json.dumps(said))


def test_a_run_as_it_was_made_is_complete(made: Path) -> None:
    told: list[tuple[int, int]] = []
    found = check(made, progress=lambda count, total: told.append((count, total)))
    assert (found.read, found.explained, found.refused, found.parts) == (5, 3, 2, 3)
    assert found.complete
    assert found.not_read_again is None
    assert told == [(0, 3), (1, 3), (1, 3), (1, 3)]


def test_a_part_that_is_gone_is_missed(made: Path) -> None:
    part_paths(made)[1].unlink()
    first, second, third = check(made).problems
    assert first == "part 1 of 3 is missing"
    assert second == "it read 5 sequences, and its parts speak of 3"
    assert third == "2 sequences of the input neither explained whole nor refused: bad, two"


def test_a_byte_that_changed_is_found(made: Path) -> None:
    path = part_paths(made)[0]
    whole = path.read_bytes()
    for place in range(0, len(whole), 61):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        assert f"{path} is damaged" in check(made).problems[0]


def test_rows_that_are_missing_doubled_or_changed_are_found(made: Path) -> None:
    whole = made.with_name("whole")
    shutil.copytree(made, whole)

    def after(change: Callable[[list[Explanation]], list[Explanation]]) -> tuple[str, ...]:
        shutil.rmtree(made)
        shutil.copytree(whole, made)
        rewrite(made, 0, change)
        return check(made).problems

    assert after(lambda rows: rows) == ()
    assert after(lambda rows: rows[:2]) == (
        "1 sequence of the input neither explained whole nor refused: two",
    )
    assert after(lambda rows: rows[:3]) == ("1 sequence with another number of targets than 2: two",)
    assert after(lambda rows: [*rows, rows[0]]) == ("1 sequence explained more than once: one",)
    assert after(lambda rows: [renamed(row, "one", "new") for row in rows]) == (
        "1 sequence of the input neither explained whole nor refused: one",
        "1 sequence that the input does not have: new",
    )
    assert after(lambda rows: [lettered(row, "one", "ACGTACGTAA") for row in rows]) == (
        "1 sequence explained with other letters than the input has: one",
    )


def renamed(row: Explanation, id: str, new: str) -> Explanation:
    return type(row)(**{**vars(row), "sequence_id": new}) if row.sequence_id == id else row


def lettered(row: Explanation, id: str, new: str) -> Explanation:
    return type(row)(**{**vars(row), "sequence": new}) if row.sequence_id == id else row


def test_a_part_of_another_question_is_found(made: Path) -> None:
    record = made / "run.json"
    said = json.loads(record.read_text())
    record.write_text(json.dumps(said | {"seed": 7}))
    assert all("it is of another run" in problem for problem in check(made).problems[:3])


def test_a_run_that_was_stopped_is_not_complete(made: Path) -> None:
    record = made / "run.json"
    said = json.loads(record.read_text())
    record.write_text(json.dumps(said | {"status": "running"}))
    assert problem(made) == "it is running, not finished"


def test_an_input_that_changed_or_was_no_file_is_said(made: Path, toy_model: Callable) -> None:
    (made.parent / "x.fa").write_text(">one\nACGT\n")
    found = check(made)
    assert found.complete
    assert "holds something else" in str(found.not_read_again)
    assert "neither explained whole nor refused: one" not in " ".join(found.problems)
    given = check(made, made.parent / "x.fa")
    assert given.not_read_again is None
    assert "1 sequence explained with other letters than the input has: one" in given.problems
    letters = relevome.explain(toy_model("cnn"), ["ACGTTT"], "gradient-x-input", 1)
    assert "from Python" in str(check(letters.path).not_read_again)


def test_windows_of_long_sequences_must_cover_them(
    tmp_path: Path,
    toy_model: Callable[[str], Model],
) -> None:
    fasta = tmp_path / "x.fa"
    fasta.write_text(f">long\n{'MKVLAAGI' * 15}\n>short\nMKV\n")
    relevome.explain(toy_model("esm"), fasta, "gradient-x-input", 1, out=tmp_path / "run", long="window")
    assert len(Run(tmp_path / "run")) > 3
    assert check(tmp_path / "run").complete
    rewrite(tmp_path / "run", 0, lambda rows: [rows[0], *rows[3:]])
    assert problem(tmp_path / "run") == "1 sequence of the input neither explained whole nor refused: long"


def test_windows_of_a_genome_and_predictions_are_read_again(
    tmp_path: Path,
    toy_model: Callable[[str], Model],
) -> None:
    (tmp_path / "g.fa").write_text(">chr\n" + "ACGTTGCA" * 8 + "\n")
    (tmp_path / "x.bed").write_text("chr\t10\t20\ta\t0\t-\nchr\t60\t70\tb\t0\t+\n")
    given = from_bed(tmp_path / "x.bed", tmp_path / "g.fa", DNA, width=12, anchor="start")
    relevome.predict(toy_model("cnn"), given, tmp_path / "predicted", on_bad="skip")
    found = check(tmp_path / "predicted")
    assert found.complete
    assert found.not_read_again is None
    assert (found.explained, found.refused) == (1, 1)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has neither run\.json nor prediction\.json: expected"):
        check(tmp_path)
