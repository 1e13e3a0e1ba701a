"""Rows that are made many at once are those that are made one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.batches import Explained, explain_sequences
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.attribution.readings import Readings
from relevome.attribution.relevance import Track
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.targets import resolve_targets
from relevome.results.run.columns import Explanation, to_table
from relevome.results.run.rows import to_rows

KINDS = [
    ("esm", AttnLRP(), Readings(), "split"),
    ("bpe", AttnLRP(heads=True), Readings(), "copy"),
    ("bpe", AttnLRP(), Readings(offsets=2, both_strands=True), "split"),
    ("protbert", IntegratedGradients(steps=4, heads=True), Readings(), "split"),
    ("cnn", AttnLRP(), Readings(), "split"),
    ("cnn", Mutagenesis(), Readings(), "split"),
]


USUAL, ONCE = AttnLRP(), Readings()


def explained(load, name, method=USUAL, readings=ONCE, lift="split"):
    """Seven sequences, one of them on a chromosome."""
    model, draw = load(name), np.random.default_rng(0)
    letters = [
        "".join(draw.choice(list(model.alphabet.letters), 20 if name == "cnn" else 9 + i)) for i in range(7)
    ]
    given = [Sequence(f"s{i}", text, model.alphabet) for i, text in enumerate(letters)]
    given[2] = replace(given[2].window(0, len(given[2])), id="placed")
    found = explain_sequences(
        model, method, given, [*resolve_targets(model, 0)], lift=lift, readings=readings
    )
    return [one for one in found if isinstance(one, Explained)]


def alone(result: Explained, conserved: bool) -> Explanation:
    """The row of one result, field by field."""
    forward, sequence = result.forward, result.track.sequence
    place, whole = sequence.interval, result.readings == 1

    def reals(values):
        return None if values is None else values.astype(np.float32)

    return Explanation(
        sequence_id=sequence.id,
        sequence=sequence.letters,
        chrom=place.chrom if place else None,
        start=place.start if place else None,
        end=place.end if place else None,
        strand=place.strand if place else None,
        target=forward.target.label,
        target_index=forward.target.index,
        score=result.score,
        baseline_score=result.baseline_score,
        tokens=tuple(forward.tokens.texts),
        token_start=forward.tokens.starts.astype(np.int32),
        token_end=forward.tokens.ends.astype(np.int32),
        token_relevance=reals(forward.values if whole else None),
        relevance=result.track.values.astype(np.float32),
        special_relevance=result.track.special,
        completeness_error=result.completeness_error,
        head_relevance=reals(forward.heads if whole else None),
        letter_scores=reals(result.letter_scores if forward.values is None else None),
        conserved=conserved,
    )


@pytest.mark.parametrize(("name", "method", "readings", "lift"), KINDS)
def test_many_rows_are_the_same_bytes_as_one_after_the_other(load, tmp_path, name, method, readings, lift):
    results = explained(load, name, method, readings, lift)
    assert len(results) == 7
    together = to_rows(results, False, lift == "split")
    one_by_one = [alone(result, lift == "split") for result in results]
    for file, rows in (("together", together), ("alone", one_by_one)):
        pq.write_table(to_table(rows), tmp_path / file, use_dictionary=False)
    assert (tmp_path / "together").read_bytes() == (tmp_path / "alone").read_bytes()
    assert pq.read_table(tmp_path / "alone").num_rows == 7


def test_of_nothing_there_are_no_rows():
    assert to_rows([], False, True) == []


def spoilt(result: Explained, what: str) -> Explained:
    values = result.track.values.copy()
    if what == "infinite":
        values[1] = np.inf
    elif what == "more":
        values[1] += 1 + abs(values).sum()
    track = Track(result.track.sequence, values, result.track.special)
    if what == "unknown error":
        return replace(result, track=track, completeness_error=float("nan"))
    if what == "outside":
        tokens = result.forward.tokens
        ends = tokens.ends.copy()
        ends[-2] += 1
        moved = replace(result.forward, tokens=tokens.known(
            tokens.sequence, tokens.ids, tokens.starts, ends, tokens.special, tokens.texts))  # fmt: skip
        return replace(result, track=track, forward=moved)
    return replace(result, track=track)


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("infinite", InputError, "1 of 13 values of relevance are infinite"),
        ("unknown error", InputError, "1 of 1 values of completeness_error are infinite"),
        ("more", ValueError, "letters and special tokens sum to"),
        ("outside", ValueError, "token offsets leave the 13 letters"),
    ],
)
def test_one_bad_row_among_many_is_found(load, what, kind, said):
    results = explained(load, "esm")
    results[4] = spoilt(results[4], what)
    with pytest.raises(kind, match=f"sequence 's4', target .*{said}"):
        to_rows(results, False, True)
    with pytest.raises(kind, match=said):
        alone(results[4], True)


def test_rows_do_not_have_to_add_up_where_values_are_copied(load):
    results = explained(load, "esm")
    results[4] = spoilt(results[4], "more")
    assert len(to_rows(results, False, False)) == 7
