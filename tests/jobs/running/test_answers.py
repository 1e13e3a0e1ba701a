"""Of which sequences the model is asked when it is left alone."""

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.batches import Asked, ask
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.jobs.running.answers import CHECKED, asked_alone
from relevome.models.targets import resolve_targets

METHODS = ["attnlrp", "gradient-x-input", "saliency"]


def drawn(model, count, least=4, most=40):
    letters = np.random.default_rng(0)
    lengths = letters.integers(least, most, count)
    every = list(model.alphabet.letters)
    return [
        Sequence(f"s{i}", "".join(letters.choice(every, n)), model.alphabet) for i, n in enumerate(lengths)
    ]


def asked_of(model, count, target):
    targets = resolve_targets(model, target)
    return [ask(model, sequence, targets) for sequence in drawn(model, count)]


def test_a_method_that_knows_all_outputs_is_checked_at_some_of_every_length(load):
    asked = asked_of(load("esm"), 50, 1)
    refused = Asked(asked[7].sequence, asked[7].targets, InputError("too long"))
    chosen = asked_alone(AttnLRP(), [*asked[:7], refused, *asked[8:]])
    every = [0 if isinstance(one.tokens, InputError) else len(one.tokens[0]) for one in asked]
    lengths = sorted(size for i, size in enumerate(every) if i != 7)
    assert len(chosen) == CHECKED
    assert 7 not in chosen
    of_chosen = sorted(every[number] for number in chosen)
    assert (of_chosen[0], of_chosen[-1]) == (lengths[0], lengths[-1])


@pytest.mark.parametrize(("method", "target"), [(IntegratedGradients(), 1), (AttnLRP(), "predicted")])
def test_else_all_are_asked(load, method, target):
    assert asked_alone(method, asked_of(load("esm"), 20, target)) == set(range(20))


def test_of_no_sequences_none_is_asked():
    assert asked_alone(AttnLRP(), []) == set()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("kind", "where"), [("esm", {}), ("cnn", {}), ("letters-masked", {"position": 3})])
def test_probabilities_of_an_explanation_are_those_of_a_prediction(load, method, kind, where):
    model = load(kind)
    sequences = drawn(model, 30, 20, 21) if kind == "cnn" else drawn(model, 30)
    target = model.tokenizer.letter_ids()[1] if where else 1
    run = relevome.explain(model, sequences, method, target, **where)
    for row, said in zip(run, model.predict(sequences), strict=True):
        logits = said.logits[3] if where else said.logits
        of_letters = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        predicted = said.predicted[3] if where else said.predicted
        assert row.predicted == predicted
        if not where:  # of a language model tokens that are no letters have a share too
            assert row.probability == pytest.approx(of_letters[1], rel=1e-5)
            assert row.predicted_probability == pytest.approx(of_letters.max(), rel=1e-5)


def test_on_both_strands_the_answer_is_that_of_the_given_strand(load):
    model = load("cnn")
    sequences = drawn(model, 20, 20, 21)
    run = relevome.explain(model, sequences, "attnlrp", 1, average_strands=True)
    for row, said in zip(run, model.predict(sequences), strict=True):
        assert row.predicted_probability == pytest.approx(said.probability, rel=1e-5)


def test_a_model_that_differs_while_it_is_explained_is_refused_in_every_shard(load, monkeypatch):
    model = load("esm")
    real = model.module.forward

    def other(*args, **kwargs):
        found = real(*args, **kwargs)
        found.logits = found.logits + (0.1 if torch.is_grad_enabled() else 0)
        return found

    monkeypatch.setattr(model.module, "forward", other)
    with pytest.raises(InputError, match="the model must give the same output for the same input"):
        relevome.explain(model, drawn(model, 30), "attnlrp", 1)
