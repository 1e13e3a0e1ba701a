from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from relevome.results.run.columns import SCHEMA, Explanation, from_row, no_rows, to_table

FIELDS = [field.name for field in dataclasses.fields(Explanation)]


def same(one: Explanation, other: Explanation) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


def test_has_a_column_for_every_field_of_an_explanation_in_its_order():
    assert SCHEMA.names == FIELDS


def test_says_of_every_column_what_it_means():
    for column in SCHEMA:
        assert column.metadata[b"meaning"]
        assert b"unit" in column.metadata


def test_types_are_those_of_the_public_contract():
    numbers = {"start": "int64", "end": "int64", "target_index": "int32", "relevance": "list<item: float>"}
    assert {name: str(SCHEMA.field(name).type) for name in numbers} == numbers
    assert str(SCHEMA.field("head_relevance").type) == str(SCHEMA.field("token_relevance").type)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "chrom": "chr1",
            "start": 3,
            "end": 8,
            "strand": "-",
            "baseline_score": -0.25,
            "completeness_error": 1e-9,
        },
        {"head_relevance": None, "letter_scores": None},
    ],
)
def test_a_row_gives_back_the_explanation(explain, fields):
    given = [explain("first"), explain("second", seed=1, **fields)]
    table = to_table(given)
    assert table.schema.equals(SCHEMA, check_metadata=True)
    assert same(from_row(table, 1, (2, 3)), given[1])


def test_a_row_of_a_method_on_letters_has_no_tokens(letters_only):
    given = letters_only("s", "ACGTN", [0.5, -1.0, 2.0, 0.0, 3.0])
    row = from_row(to_table([given]), 0, None)
    assert row.token_relevance is None
    assert row.tokens == ()
    assert same(row, given)


def test_head_relevance_is_stored_row_major(explain):
    heads = explain().head_relevance
    stored = to_table([explain()])["head_relevance"][0].as_py()
    assert stored[(1 * 3 + 2) * 7 + 4] == heads[1, 2, 4]


def test_letter_scores_are_stored_letter_by_letter(explain):
    assert to_table([explain()])["letter_scores"][0].as_py()[3 * 4 + 1] == explain().letter_scores[3, 1]


def test_a_table_without_rows_has_the_columns_asked_for():
    assert no_rows(["target", "score"]).schema == pa.schema([SCHEMA.field("target"), SCHEMA.field("score")])
