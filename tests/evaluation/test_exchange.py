"""Letters exchanged in order of relevance: a model whose curves are known, and what is said of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.evaluation.exchange import exchanged_curves
from relevome.evaluation.exchange_curves import area
from relevome.evaluation.predictions import answers
from relevome.evaluation.statistics import auroc
from relevome.jobs.substitute import relevance_of, substitute
from relevome.models.base import Model, Target
from relevome.models.predictions import outputs
from relevome.report.substitution import summary, write_substitution_page
from relevome.results.run.columns import Explanation
from relevome.results.substitution import (
    FOLDER,
    LOGIT,
    PREDICTED,
    PROBABILITY,
    Exchange,
    Exchanged,
    write_substitution,
)
from tests.evaluation.additive import TARGET, additive_model, proteins, worth
from tests.evaluation.example_runs import LENGTHS, changed, explained

ToyModel = Callable[[str], Model]


def curves_of(model: Model, sequence: Sequence, relevance: np.ndarray, **options: Any) -> Exchanged:
    (found,) = exchanged_curves(model, [sequence], [TARGET], [relevance], Exchange(**options))
    assert isinstance(found, Exchanged)
    return found


def test_counts_double_up_to_the_most() -> None:
    assert Exchange(most=64).counts == (0, 1, 2, 4, 8, 16, 32, 64)
    assert Exchange(most=6).counts == (0, 1, 2, 4, 6)
    assert Exchange(most=1).counts == (0, 1)


@pytest.mark.parametrize("by", ["A", "W"])
def test_curves_of_an_additive_model_are_sums(by: str) -> None:
    """The known order of a linear model: the k best letters take away what they add."""
    model = additive_model()
    (sequence,) = proteins(70)
    gain = (worth(model, sequence.letters) - worth(model, by)) / len(sequence)
    found = curves_of(model, sequence, gain, by=by, most=16, orders=3)
    eligible = gain[[letter != by for letter in sequence.letters]]
    assert (found.letters, found.same) == (len(eligible), sequence.letters.count(by))
    assert found.same > 0
    whole = worth(model, sequence.letters).mean()
    falling = np.sort(eligible)[::-1]
    for row, values in ((found.most, falling), (found.least, falling[::-1])):
        expected = [whole - values[:count].sum() for count in (0, 1, 2, 4, 8, 16)]
        np.testing.assert_allclose(row[0, :, LOGIT], expected, atol=1e-12)
    assert found.random.shape == (3, 6, 3)
    assert (found.random[:, 1:, LOGIT] >= found.most[0, 1:, LOGIT] - 1e-12).all()
    assert (found.random[:, 1:, LOGIT] <= found.least[0, 1:, LOGIT] + 1e-12).all()


def test_random_letters_are_others_than_those_they_replace() -> None:
    model = additive_model()
    sequence = Sequence("s", "ACDXACD", PROTEIN)
    seen: list[str] = []
    tokenize, watched = model.tokenize, cast(Any, model)
    watched.tokenize = lambda one, *more: (seen.append(one.letters), tokenize(one, *more))[1]
    found = curves_of(model, sequence, np.arange(7.0), by="random", most=8, orders=12)
    assert (found.most.shape, found.letters, found.same) == ((12, 5, 3), 7, 0)
    fillers = seen[1:]
    assert len(set(fillers)) == 12
    assert all(a != b for filler in fillers for a, b in zip(filler, sequence.letters, strict=True))
    assert {letter for filler in fillers for letter in filler} <= set(PROTEIN.letters)


def test_a_sequence_shorter_than_a_count_is_exchanged_as_a_whole() -> None:
    model = additive_model()
    found = curves_of(model, Sequence("s", "CDEFGHIKLM", PROTEIN), np.arange(10.0), most=32, orders=2)
    all_alanine = worth(model, "A")[0]
    for paths in (found.most, found.least, found.random):
        np.testing.assert_allclose(paths[:, 5:, LOGIT], all_alanine, atol=1e-12)


def test_a_sequence_of_the_substitute_alone_gives_its_reason() -> None:
    found = exchanged_curves(
        additive_model(),
        [*proteins(9), Sequence("poly", "AAA", PROTEIN)],
        [TARGET] * 2,
        [np.arange(9.0), np.arange(3.0)],
    )
    assert isinstance(found[0], Exchanged)
    assert isinstance(found[1], InputError)
    assert "sequence 'poly' has no letter other than A" in str(found[1])


def test_answers_are_the_model_s_own() -> None:
    model = additive_model()
    sequences = proteins(11, 17, 11, 14)
    tokens = [model.tokenize(one) for one in sequences]
    found = answers(model, [(one, TARGET) for one in tokens])
    module = cast(Any, model.module)
    table = module.words.weight.detach().numpy() @ module.head.weight.detach().numpy().T
    vocabulary = model.tokenizer.hf.get_vocab()
    for row, sequence in zip(found, sequences, strict=True):
        ids = [vocabulary[letter] for letter in sequence.letters]
        logits = table[ids].mean(0) + module.head.bias.detach().numpy()
        odds = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(row, [logits[1], odds[1], logits.argmax()], atol=1e-12)
    both = answers(model, [(tokens[0], Target(1, "b - a", contrast=0))])[0]
    first = answers(model, [(tokens[0], Target(0, "a"))])[0]
    assert both[LOGIT] == pytest.approx(found[0, LOGIT] - first[LOGIT])
    assert both[PROBABILITY] == pytest.approx(1 / (1 + np.exp(-both[LOGIT])))
    module.config = SimpleNamespace(problem_type="multi_label_classification")
    multi = answers(model, [(tokens[0], TARGET)])[0]
    assert outputs(model) == "any of several"
    assert multi[PROBABILITY] == pytest.approx(1 / (1 + np.exp(-multi[LOGIT])))
    assert multi[PREDICTED] == (multi[LOGIT] > 0)


@pytest.mark.parametrize("name", ["esm", "bpe"])
def test_curves_equal_a_plain_loop_over_sequences_tokenised_afresh(name: str, toy_model: ToyModel) -> None:
    model = toy_model(name)
    letters = model.alphabet.letters
    sequence = Sequence("s", "".join(np.random.default_rng(2).choice(list(letters), 24)), model.alphabet)
    relevance = np.random.default_rng(1).normal(size=24)
    target = Target(0, model.labels[0])
    (found,) = exchanged_curves(model, [sequence], [target], [relevance], Exchange("A", 8, 2))
    assert isinstance(found, Exchanged)
    order = [int(i) for i in np.argsort(-relevance) if sequence.letters[i] != "A"]
    for place, count in enumerate((0, 1, 2, 4, 8)):
        mutated = "".join("A" if i in order[:count] else c for i, c in enumerate(sequence.letters))
        (alone,) = answers(model, [(model.tokenize(Sequence("m", mutated, model.alphabet)), target)])
        np.testing.assert_allclose(found.most[0, place], alone, rtol=1e-4, atol=1e-5)
    assert (found.changed > 0) == (name == "bpe")


def test_the_area_is_a_mean_over_doublings() -> None:
    assert area(np.array([0.0, 3, 3, 3, 3]), (0, 1, 2, 4, 8)) == pytest.approx(3)
    assert area(np.array([9.0, 0, 1, 2, 2.5]), (0, 1, 2, 4, 6)) == pytest.approx(
        (0.5 + 1.5 + 2.25 * np.log2(1.5)) / np.log2(6)
    )
    assert area(np.array([[9.0, 4], [1, 5]]), (0, 1)).tolist() == [4, 5]


def test_auroc_is_that_of_sklearn() -> None:
    draw = np.random.default_rng(3)
    scores, positive = draw.integers(0, 5, (2, 3, 40)).astype(float), draw.random(40) < 0.3
    expected = [[roc_auc_score(positive, row) for row in rows] for rows in scores]
    np.testing.assert_allclose(auroc(scores, positive), expected)


def labels_of(run: Any, model: Model, path: Path) -> Path:
    """A table in which the sequences with the higher logits of b are b, the others a."""
    scores = {row.sequence_id: row.score for row in run}
    middle = np.median([*scores.values()])
    rows = [f"{one.id},{one.letters},{'b' if scores[one.id] > middle else 'a'}" for one in proteins(*LENGTHS)]
    path.write_text("id,sequence,label\n" + "\n".join(rows) + "\n")
    return path


def test_right_relevance_is_told_from_random_and_from_inverted(tmp_path: Path) -> None:
    model = additive_model()
    run = explained(model, tmp_path / "run")
    areas = {}
    for name, change in {
        "right": lambda x: x, "inverted": lambda x: -x,
        "none": lambda x: np.random.default_rng(len(x)).normal(size=len(x)),
    }.items():  # fmt: skip
        other = changed(run, tmp_path / name, change)
        found = substitute(other, model=model, most=8, by="X")
        (areas[name],) = (
            a for a in found.areas if (a.measure, a.upper, a.lower) == ("logit", "random", "most")
        )
    assert areas["right"].excludes_0
    assert areas["right"].estimate.low > 0
    assert areas["right"].p is not None
    assert areas["right"].p < 0.01
    assert areas["inverted"].estimate.high < 0
    assert not areas["none"].excludes_0


def test_labels_add_accuracy_and_auroc(tmp_path: Path) -> None:
    model = additive_model()
    run = explained(model, tmp_path / "run")
    table = labels_of(run, model, tmp_path / "labels.csv")
    found = substitute(run, model=model, most=8, orders=2, labels=table, target="b")
    first = {(one.measure, one.order): one.estimates[0] for one in found.curves}
    assert {measure for measure, _ in first} == {"logit", "probability", "accuracy", "auroc"}
    scores = {row.sequence_id: row.score for row in run}
    tokens = [model.tokenize(one) for one in proteins(*LENGTHS)]
    own = answers(model, [(one, TARGET) for one in tokens])
    positive = np.array([score > np.median([*scores.values()]) for score in scores.values()])
    expected = roc_auc_score(positive, own[:, PROBABILITY])
    for order in ("most", "least", "random"):
        assert first["auroc", order].mean == pytest.approx(expected)
        assert first["accuracy", order].mean == pytest.approx(np.mean(own[:, PREDICTED] == positive))
    assert all(np.isfinite(a.estimate).all() for a in found.areas)
    assert len(found.areas) == 12


def test_labels_need_no_sequences_and_may_be_under_accessions(tmp_path: Path) -> None:
    model = additive_model()
    run = explained(model, tmp_path / "run")
    accessions = {row.sequence_id: f"P0000{number}" for number, row in enumerate(run)}
    bars = {id: f"sp|{accession}|X" for id, accession in accessions.items()}
    called = changed(run, tmp_path / "called", lambda values: values, rename=bars.__getitem__)
    whole = labels_of(run, model, tmp_path / "labels.csv")
    few = tmp_path / "few.csv"
    rows = [line.split(",") for line in whole.read_text().splitlines()[1:]]
    few.write_text("Entry,Label\n" + "".join(f"{accessions[id]},{label}\n" for id, _, label in rows))
    options: dict[str, Any] = {"model": model, "most": 4, "orders": 2, "target": "b"}
    expected, found = substitute(run, labels=whole, **options), substitute(called, labels=few, **options)
    assert [one.estimates for one in found.curves] == [one.estimates for one in expected.curves]
    assert {one.measure for one in found.curves} >= {"accuracy", "auroc"}


def test_a_run_leaves_tables_and_a_picture(tmp_path: Path) -> None:
    model = additive_model()
    found = substitute(
        explained(model, tmp_path / "run"), model=model, by="random", most=32, orders=2, sequences=5
    )
    folder = tmp_path / "out"
    folder.mkdir()
    write_substitution_page(found, folder)
    write_substitution(found, folder)
    names = {"areas.tsv", "curves.tsv", "curves.png", "sequences.tsv", "substitution.json", "substitution.md"}
    names |= {"substitution.npz"}
    assert {path.name for path in folder.iterdir()} == names
    said = json.loads((folder / "substitution.json").read_text())
    assert (said["sequences"], said["exchange"]["counts"]) == (5, [0, 1, 2, 4, 8, 16, 32])
    assert any("sequences have fewer than 32 letters to exchange" in note for note in said["notes"])
    rows = list(csv.DictReader((folder / "sequences.tsv").read_text().splitlines(), delimiter="\t"))
    assert len(rows) == 5 * 3 * 7
    curves = list(csv.DictReader((folder / "curves.tsv").read_text().splitlines(), delimiter="\t"))
    logits = [float(r["logit"]) for r in rows if (r["order"], r["letters"]) == ("most", "4")]
    (mean,) = (
        c["mean"] for c in curves if (c["measure"], c["order"], c["letters"]) == ("logit", "most", "4")
    )
    assert float(mean) == pytest.approx(np.mean(logits))
    assert any("random order minus most relevant first" in line for line in summary(found))
    FOLDER.check(folder, overwrite=True)
    with pytest.raises(InputError, match="choose another -o, or replace it with --overwrite"):
        FOLDER.check(folder, overwrite=False)
    (folder / "mine.txt").write_text("x")
    with pytest.raises(InputError, match=r"is there and not empty: choose another -o$"):
        FOLDER.check(folder, overwrite=True)


def test_a_head_or_a_layer_orders_letters() -> None:
    heads = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    row = Explanation(
        sequence_id="s", sequence="MKVLA", target="a", target_index=0, score=1.0, head_relevance=heads,
        tokens=("<", "MK", "VLA", ">"), token_start=np.array([0, 0, 2, 5], dtype=np.int32),
        token_end=np.array([0, 2, 5, 5], dtype=np.int32), relevance=np.zeros(5, dtype=np.float32),
    )  # fmt: skip
    np.testing.assert_allclose(relevance_of(row, (1, 2)), [10.5, 10.5, 22 / 3, 22 / 3, 22 / 3])
    whole = heads[0].sum(0)
    np.testing.assert_allclose(relevance_of(row, (0, None)), [*[whole[1] / 2] * 2, *[whole[2] / 3] * 3])
    with pytest.raises(InputError, match="layer 2, head 0: expected layers 0 to 1 and heads 0 to 2"):
        relevance_of(row, (2, 0))
    with pytest.raises(InputError, match="sequence 's' has no relevance of heads: explain with --heads"):
        relevance_of(replace(row, head_relevance=None, conserved=True), (0, 0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "AA"}, "--by AA: expected random, or one letter"),
        ({"by": "1"}, "unknown replacement '1'"),
        ({"most": 0}, "--most 0 and --orders 10: expected 1 or more"),
        ({"orders": 0}, "--orders 0"),
        ({"sequences": 1}, "--sequences 1: expected 2 or more, or 0 for all"),
        ({"target": "z"}, "has no target 'z'"),
        ({"head": (0, 0)}, "explain with --heads"),
        ({"labels": "strange.csv"}, "has label 'q': expected one of a, b, c"),
        ({"labels": "others.csv"}, "no sequence of .* is in .*others.csv: expected the ids of the run"),
        ({"labels": "none.csv"}, "has no label column"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    (tmp_path / "strange.csv").write_text("id,sequence,label\ns0,MKV,q\n")
    (tmp_path / "others.csv").write_text("id,sequence,label\nother,MKV,a\n")
    (tmp_path / "none.csv").write_text("id,sequence\ns0,MKV\n")
    if "labels" in options:
        options = {"labels": tmp_path / options["labels"]}
    model = additive_model()
    with pytest.raises(InputError, match=said):
        substitute(explained(model, tmp_path / "run"), model=model, **options)


def test_the_command_says_whether_relevance_is_right(
    tmp_path: Path, saved: Callable[[str], Path], relevome_cli: Callable[..., tuple[int, str, list[str]]]
) -> None:
    folder, run = saved("esm"), tmp_path / "run"
    fasta = tmp_path / "p.fasta"
    fasta.write_text("".join(f">{one.id}\n{one.letters}\n" for one in proteins(13, 17, 15)))
    code, _, errors = relevome_cli("explain", "--model", folder, "--fasta", fasta, "--heads", "-o", run)
    assert (code, errors) == (0, [])
    out = tmp_path / "out"
    code, text, errors = relevome_cli("substitute", run, "--most", "4", "--head", "1,0", "-o", out)
    assert (code, errors) == (0, [])
    assert "exclude" in text
    assert json.loads((out / "substitution.json").read_text())["relevance"] == "layer 1, head 0"
    code, _, errors = relevome_cli("substitute", run, "--head", "x", "-o", tmp_path / "new")
    assert code == 2
    assert errors == ["relevome: --head x: expected a layer and a head, both counted from 0, such as 3,11"]
    code, _, errors = relevome_cli("substitute", run, "--head", "0,0", "--layer", "0", "-o", tmp_path / "new")
    assert (code, len(errors)) == (2, 1)
