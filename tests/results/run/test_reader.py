from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relevome.errors import InputError
from relevome.results.parts import reader as run_module
from relevome.results.parts.part import Counts, Refusal, read_part
from relevome.results.run.columns import SCHEMA
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from relevome.stores.place import local
from tests.results.earlier import as_before_parts_knew_their_run


@pytest.fixture
def rows(explain):
    """Seven rows: every sequence but one for two targets."""
    return [
        explain(f"s{i // 2}", "ACGTACG"[: 3 + i // 2], seed=i, target="AB"[i % 2], target_index=i % 2)
        for i in range(7)
    ]


@pytest.fixture
def run(make_run, rows):
    return make_run(rows, size=2)


def test_has_as_many_rows_as_were_written(run):
    assert len(run) == 7


def test_gives_rows_in_their_order(run, rows):
    assert [e.relevance.tolist() for e in run] == [e.relevance.tolist() for e in rows]


@pytest.mark.parametrize("row", [0, 1, 2, 5, 6, -1, -7])
def test_gives_a_row_by_its_number(run, rows, row):
    assert run[row].score == rows[row].score
    assert run[row].token_relevance.tolist() == rows[row].token_relevance.tolist()
    assert run[row].head_relevance.tolist() == rows[row].head_relevance.tolist()
    assert run[row].letter_scores.tolist() == rows[row].letter_scores.tolist()


@pytest.mark.parametrize("row", [7, -8])
def test_has_no_row_beyond_its_ends(run, row):
    with pytest.raises(IndexError, match=f"row {row} of a run with 7 rows"):
        run[row]


def test_gives_slices_as_lists(run, rows):
    assert [e.score for e in run[1:6:2]] == [e.score for e in rows[1:6:2]]


def test_gives_the_first_target_of_a_sequence_by_its_id(run, rows):
    assert run["s1"].score == rows[2].score


def test_finds_all_targets_of_a_sequence_or_one(run, rows):
    assert [e.score for e in run.find("s1")] == [rows[2].score, rows[3].score]
    assert [e.score for e in run.find("s1", "B")] == [rows[3].score]


def test_says_which_ids_there_are(run):
    with pytest.raises(
        InputError, match="no sequence 's9': expected one of its ids, such as 's0', 's0', 's1'"
    ):
        run["s9"]


def test_says_which_targets_a_sequence_has(run):
    with pytest.raises(InputError, match=r"sequence 's3' of .* has no target 'B': expected one of A"):
        run.find("s3", "B")


def test_names_its_targets_in_their_order(run):
    assert run.targets == ("A", "B")


def test_a_run_without_rows_is_a_run(tmp_path):
    with RunWriter(tmp_path, {}) as writer:
        writer.write_part(0, [], Counts(1, 0, (Refusal("s", "empty"),)))
    run = Run(tmp_path)
    assert len(run) == 0
    assert list(run) == []
    assert run.targets == ()
    assert len(run.to_pandas()) == 0
    assert run.counts.refused == (Refusal("s", "empty"),)


def test_a_data_frame_has_a_row_per_sequence_and_target(run, rows):
    frame = run.to_pandas()
    assert frame["sequence_id"].tolist() == [e.sequence_id for e in rows]
    assert np.array_equal(frame["relevance"][4], rows[4].relevance)
    assert frame["chrom"].isna().all()


def test_a_data_frame_may_have_some_columns_only(run):
    assert run.to_pandas(["score", "target"]).columns.tolist() == ["score", "target"]


@pytest.mark.parametrize("wanted", [[5, 0, 3, 3, 6], [], [2]])
def test_takes_rows_in_the_order_asked_for(run, rows, wanted):
    table = run.take(np.array(wanted, dtype=np.int64), ["score", "relevance"])
    assert table["score"].to_pylist() == [rows[i].score for i in wanted]
    assert table["relevance"].to_pylist() == [rows[i].relevance.tolist() for i in wanted]


def test_holds_one_part_at_a_time(run, monkeypatch):
    read = []
    monkeypatch.setattr(
        run_module, "read_part", lambda path, schema: read.append(path.name) or read_part(path, schema)
    )
    for row in (0, 1, 0, 4, 5, 1):
        run[row]
    assert read == ["part-00000.parquet", "part-00002.parquet", "part-00000.parquet"]


def test_what_was_read_may_be_changed_without_harm(run, rows):
    run[1].relevance[:] = 0
    assert run[1].relevance.tolist() == rows[1].relevance.tolist()


def test_knows_what_it_was_asked(make_run, rows):
    assert make_run(rows, method="attnlrp").manifest["method"] == "attnlrp"


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_says_that_there_is_no_folder(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=f"no run at .*{name}: expected the folder that `relevome explain -o`"
    ):
        Run(tmp_path / name)


def test_says_that_a_folder_is_no_run(tmp_path):
    with pytest.raises(InputError, match=r"is no run: it has no run.json"):
        Run(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema_version": "one"}',
        '{"schema_version": null}',
        '"x"',
        '{"schema_version": 1}',
        '{"schema_version": Infinity, "status": "finished"}',
        '{"schema_version": 1, "status": 3}',
        '{"schema_version": 1, "status": "failed", "model": []}',
        '{"schema_version": 1, "status": "failed", "targets": [{"label": 2}]}',
        "[" * 100_000,
        "\ud800",
    ],
)
def test_says_that_run_json_is_damaged(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"run.json (is damaged|says nothing of 'status': it is damaged)"):
        Run(tmp_path)


def test_says_that_a_run_is_of_a_later_version(run):
    path = run.path / "run.json"
    path.write_text(json.dumps(run.manifest | {"schema_version": 2}))
    with pytest.raises(
        InputError, match=r"later relevome \(schema 2, this one reads up to 1\): upgrade relevome"
    ):
        Run(run.path)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"PAR1" + b[4:-4] + b"XXXX"]
)
def test_names_a_part_that_is_damaged(run, damage):
    part = run.path / "part-00001.parquet"
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(
        InputError, match=r"part-00001.parquet is damaged or gone .*: delete that file and run"
    ) as error:
        Run(run.path)
    assert "\n" not in str(error.value)


def test_notices_any_flipped_bit_in_the_numbers_of_a_part(run):
    part = run.path / "part-00001.parquet"
    content = part.read_bytes()
    column = pq.read_metadata(part).row_group(0).column(SCHEMA.names.index("relevance"))
    end = column.data_page_offset + column.total_compressed_size
    for position in range(end - 20, end):
        flipped = bytearray(content)
        flipped[position] ^= 4
        part.write_bytes(flipped)
        with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone"):
            list(Run(run.path))


def test_notices_a_column_of_another_kind(run):
    part = run.path / "part-00001.parquet"
    table = pq.read_table(part)
    changed = table.set_column(0, "sequence_id", pa.array([1, 2]))
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), part)
    with pytest.raises(
        InputError, match=r"part-00001.parquet is damaged or gone \(columns of another kind\)"
    ):
        list(Run(run.path))


def test_notices_a_part_in_the_place_of_another(run):
    one = run.path / "part-00001.parquet"
    shutil.copy(run.path / "part-00000.parquet", one)
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone \(it is part 0\)"):
        Run(run.path)


def test_notices_a_part_too_many(run):
    shutil.copy(run.path / "part-00000.parquet", run.path / "part-00009.parquet")
    with pytest.raises(InputError, match=r"part-00009.parquet is damaged or gone \(it is part 0\)"):
        Run(run.path)


def test_notices_a_part_of_another_run(run, make_run, rows):
    other = RunWriter(run.path.parent / "other", {"alphabet": "dna", "seed": 3})
    with other:
        other.write_part(1, rows[2:4], Counts(read=2, explained=2))
    shutil.copy(local(other.folder / "part-00001.parquet"), run.path / "part-00001.parquet")
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone \(it is of another run\)"):
        Run(run.path)


def test_notices_a_part_that_was_cut(run):
    part = run.path / "part-00001.parquet"
    table = pq.read_table(part)
    pq.write_table(table.slice(0, 1), part)
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone \(it has 1 row of 2\)"):
        Run(run.path)


def test_a_part_by_an_earlier_relevome_is_read(run, rows):
    as_before_parts_knew_their_run(run.path)
    assert [row.score for row in Run(run.path)] == [row.score for row in rows]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("relevance", [0.5]),
        ("relevance", None),
        ("token_start", [9, 9, 9]),
        ("tokens", [None, None, None]),
        ("head_relevance", [1.0]),
        ("letter_scores", [1.0]),
        ("score", float("nan")),
        ("start", 3),
    ],
)
def test_rows_that_are_no_explanations_are_one_line(run, column, value):
    part = run.path / "part-00001.parquet"
    table = pq.read_table(part)
    cells = [value, *table[column].to_pylist()[1:]]
    place = table.column_names.index(column)
    changed = table.set_column(place, table.field(column), pa.array(cells, type=table.field(column).type))
    pq.write_table(changed, part)
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone|infinite or not a number"):
        list(Run(run.path))


@pytest.mark.parametrize(
    "foot",
    [
        {"counts": None},
        {"counts": {"read": "x"}},
        {"counts": []},
        {"head_shape": "x"},
        {"head_shape": [1]},
        {"counts": {"read": 1, "explained": -1, "refused": [], "other": {}}},
        {"rows": None},
        {"part": "x"},
        {"counts": {"read": 1, "explained": 1, "refused": [3], "other": {}}},
    ],
)
def test_a_damaged_foot_is_one_line(run, foot):
    part = run.path / "part-00001.parquet"
    table = pq.read_table(part)
    said = json.loads(table.schema.metadata[b"relevome"]) | foot
    pq.write_table(table.replace_schema_metadata({b"relevome": json.dumps(said)}), part)
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone"):
        list(Run(run.path))


def test_a_part_from_before_a_column_has_nulls_there_if_it_may(run):
    part = run.path / "part-00001.parquet"
    table = pq.read_table(part)
    pq.write_table(table.drop_columns(["baseline_score", "letter_scores"]), part)
    rows = list(Run(run.path))
    assert {row.baseline_score for row in rows[2:4]} == {None}
    assert [row.sequence_id for row in rows] == [row.sequence_id for row in run]
    pq.write_table(table.drop_columns(["score"]), part)
    with pytest.raises(
        InputError, match=r"part-00001.parquet is damaged or gone \(columns of another kind\)"
    ):
        list(Run(run.path))


def test_notices_a_part_that_vanished_after_opening(run):
    (run.path / "part-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone"):
        list(run)


def test_notices_a_part_that_was_not_copied(run):
    (run.path / "part-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"has 3 parts but run.json speaks of 4: copy the whole folder"):
        Run(run.path)


def test_parquet_of_somebody_else_is_no_part(run):
    pq.write_table(pa.table({"x": [1]}), run.path / "part-00001.parquet")
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone"):
        Run(run.path)
