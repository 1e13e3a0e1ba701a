"""Ledgers: added up without cancelling, kept, and read back."""

from __future__ import annotations

import json

import pytest

from relevome.ledger import Entry, Ledger, from_json, to_json, total


def ledger(logit: float, tokens: float, unaccounted: float, *entries: Entry) -> Ledger:
    return Ledger(1, logit, tokens, entries, unaccounted, abs(tokens) + 1.0, unaccounted / 10)


LINEAR = Entry("linear", 2, 3.0, 2.0, {"biases": 1.0}, 0.0)
ADDED = Entry("add", 1, 2.0, 2.5, {"positions": -0.5}, 0.0)
BROKEN = Entry("mul", 1, 2.0, 1.0, {}, 1.0)


def test_several_ledgers_are_one() -> None:
    both = total([ledger(3.0, 2.5, 0.0, LINEAR, ADDED), ledger(-3.0, -4.5, 0.5, LINEAR, BROKEN)])
    assert both is not None
    assert (both.sequences, both.logit, both.tokens) == (2, 0.0, -2.0)
    assert both.absorbed == {"biases": 2.0, "softmax": 0.0, "positions": -0.5, "constants": 0.0}
    assert [(e.operation, e.calls) for e in both.entries] == [("linear", 4), ("add", 1), ("mul", 1)]
    assert both.worst == BROKEN


def test_sizes_do_not_cancel() -> None:
    both = total([ledger(3.0, 2.5, 0.25), ledger(-3.0, -2.5, 0.5)])
    assert both is not None
    assert both.throughput == 7.0
    assert both.unaccounted_share == pytest.approx(0.75 / 7.75)
    assert both.largest_share == 0.05


def test_without_ledgers_there_is_none() -> None:
    assert total([]) is None


def test_where_nothing_went_through_what_is_missing_is_all() -> None:
    empty = Ledger(1, 0.0, 0.0, (), 0.0, 0.0, 0.0)
    assert empty.unaccounted_share == 0.0
    assert empty.worst is None
    assert Ledger(1, 2.0, 0.0, (), 2.0, 0.0, 1.0).unaccounted_share == 1.0


def test_a_ledger_is_kept_as_json() -> None:
    kept = ledger(3.0, 2.5, 0.25, LINEAR, ADDED)
    assert from_json(json.loads(json.dumps(to_json(kept)))) == kept
