"""What a model predicts: against the model asked by hand, in float64."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Target
from relevome.models.predictions import outputs
from relevome.models.responses import answers, responses
from tests.toys import TOYS, load, saved  # noqa: F401 - fixtures


def by_hand(model, sequence):
    """Logits of one sequence alone, (outputs) or (tokens, outputs)."""
    tokens = model.tokenize(sequence)
    batch = Batch((tokens,), (Target(0, ""),))
    with torch.no_grad():
        return tokens, model.module.eval()(**model.inputs(batch)).logits[0].double().numpy()


@pytest.mark.parametrize("name", ["protbert", "esm", "dnabert2", "cnn"])
def test_of_several_classes_one_is_probable(load, name):  # noqa: F811
    model, sequences = load(name), TOYS[name].sequences(9, 14, 14, 6)
    found = model.predict(sequences)
    assert [one.sequence.id for one in found] == [sequence.id for sequence in sequences]
    for sequence, one in zip(sequences, found, strict=True):
        _, logits = by_hand(model, sequence)
        odds = [math.exp(logit - logits.max()) for logit in logits]
        np.testing.assert_allclose(one.logits, logits, atol=1e-5)
        np.testing.assert_allclose(one.probabilities, np.array(odds) / sum(odds), atol=1e-5)
        assert one.predicted == model.labels[int(logits.argmax())]
        assert one.probability == pytest.approx(max(odds) / sum(odds), abs=1e-5)


def test_any_of_several_classes_has_a_probability_of_its_own(load):  # noqa: F811
    model = load("dnabert")
    assert outputs(model) == "any of several"
    (one,) = model.predict(TOYS["dnabert"].sequences(12))
    _, logits = by_hand(model, one.sequence)
    np.testing.assert_allclose(one.probabilities, [1 / (1 + math.exp(-logit)) for logit in logits], atol=1e-6)


def test_a_number_has_no_probability(load):  # noqa: F811
    model = load("esm-absolute")
    (one,) = model.predict({"p": "MKTAYIAK"})
    assert (one.probabilities, one.predicted, one.probability) == (None, None, None)
    np.testing.assert_allclose(one.logits, by_hand(model, one.sequence)[1], atol=1e-5)


@pytest.mark.parametrize("name", ["protbert-residues", "prott5"])
def test_outputs_of_every_letter_are_in_the_order_of_letters(load, name):  # noqa: F811
    model = load(name)
    (one,) = model.predict(TOYS[name].sequences(11))
    tokens, logits = by_hand(model, one.sequence)
    expected = logits[~tokens.special]
    assert one.by_letter
    np.testing.assert_allclose(one.logits, expected, atol=1e-5)
    assert one.predicted == [model.labels[i] for i in expected.argmax(1)]
    np.testing.assert_allclose(one.probabilities.sum(1), 1)


def test_a_masked_language_model_predicts_letters_among_all_its_tokens(load):  # noqa: F811
    model = load("letters-masked")
    (one,) = model.predict(["ACGTACG"])
    tokens, logits = by_hand(model, one.sequence)
    odds = np.exp(logits[~tokens.special])
    places = [model.tokenizer.letter_id(letter) for letter in "ACGT"]
    assert one.outputs == tuple("ACGT")
    np.testing.assert_allclose(one.probabilities, odds[:, places] / odds.sum(1, keepdims=True), atol=1e-6)


def test_tokens_of_several_letters_are_no_letters(load):  # noqa: F811
    with pytest.raises(InputError, match=r"predicts tokens of several letters, not letters: expected"):
        load("dnabert2-masked").predict(["ACGTACG"])


def test_what_is_given_is_read_as_for_explain(load, write):  # noqa: F811
    model = load("cnn")
    path = write("a.fa", ">x\nACGTACGTAC\n>y\nTTTTACGTAA\n")
    table = pd.DataFrame({"id": ["x", "y"], "sequence": ["ACGTACGTAC", "TTTTACGTAA"]})
    for given in (path, {"x": "ACGTACGTAC", "y": "TTTTACGTAA"}, table):
        assert [one.sequence.id for one in model.predict(given)] == ["x", "y"]
    with pytest.raises(InputError, match=r"sequence 's' has 60 tokens .* but the model takes 40"):
        load("protbert-residues").predict({"s": "A" * 58})


def test_logits_that_are_no_numbers_are_refused(load, monkeypatch):  # noqa: F811
    model = load("cnn")
    real = model.module.forward

    def overflowed(*args, **kwargs):
        found = real(*args, **kwargs)
        found.logits = found.logits * math.inf
        return found

    monkeypatch.setattr(model.module, "forward", overflowed)
    with pytest.raises(InputError, match=r"a logit of sequence 'sequence1' is infinite or not a number"):
        model.predict(["ACGTACGTAC"])


def test_the_probability_of_a_difference_is_that_of_the_first_among_the_two():
    (one,) = responses([np.log([0.2, 0.3, 0.5])], "one of several")
    assert one.probability(Target(0, "a")) == pytest.approx(0.2)
    assert one.probability(Target(0, "a - b", contrast=1)) == pytest.approx(0.4)
    assert (one.largest, one.largest_probability) == (2, pytest.approx(0.5))
    (number,) = responses([np.array([3.0])], "a number")
    assert number.probability(Target(0, "a")) is None


def test_an_answer_is_at_the_letter_that_is_asked_for(load):  # noqa: F811
    model = load("protbert-residues")
    sequence = Sequence("s", "MKTAYI", model.alphabet)
    tokens, logits = by_hand(model, sequence)
    asked = [(tokens, Target(1, "x", position=place)) for place in (0, 4)]
    found = answers(model, asked)
    for place, one in zip((0, 4), found, strict=True):
        np.testing.assert_allclose(one.logits, logits[tokens.covering(place)], atol=1e-5)
