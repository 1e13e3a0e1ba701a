"""Methods on causal language models: what is not seen is not relevant, and log-likelihoods are explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from relevome.attribution import methods
from relevome.attribution.batches import ONCE, Explained, explain_sequences
from relevome.attribution.readings import Readings
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from tests.toys import TOYS

ToyModel = Callable[[str], Model]

METHODS = sorted({name for name, _ in methods.items()} - {"deeplift-shap"})
FEW_STEPS = {"integrated-gradients": {"steps": 5}}
LIKELIHOOD = Target.likelihood()


def explained(model: Model, method: str, target: Target, letters: str, **options: Any) -> Any:
    tokens = model.tokenize(Sequence("s", letters, model.alphabet))
    made = methods[method](**FEW_STEPS.get(method, {}) | options)
    (found,) = made.attribute(model, Batch((tokens,), (target,)))
    return found


def letter(model: Model, text: str, position: int) -> Target:
    return Target(model.labels.index(text), text, position)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "letters", "text"),
    [("residues-causal", "MKTAYIAKQR", "W"), ("llama-causal", "ACGTGACCAA", "T")],
)
def test_letters_at_and_behind_the_position_are_not_relevant(
    toy_model: ToyModel, method: str, name: str, letters: str, text: str
) -> None:
    model = toy_model(name)
    found = explained(model, method, letter(model, text, 6), letters)
    values = found.letters if found.values is None else found.values[1:-1]
    assert (values[6:] == 0).all()
    assert (values[:6] != 0).all() or method in ("attention", "rollout")
    assert values[:6].any()


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"mutagenesis"}))
def test_tokens_at_and_behind_the_word_over_the_position_are_not_relevant(
    toy_model: ToyModel, method: str
) -> None:
    model = toy_model("pairs-causal")
    found = explained(model, method, letter(model, "GKT", 4), "MKALEGKTVSS")
    assert found.tokens.texts == ("M", "K", "ALE", "GKT", "V", "SS")
    assert (found.values[2:] == 0).all()
    assert found.values[:2].any()


def test_a_mutant_behind_the_position_is_never_asked_for(toy_model: ToyModel, monkeypatch: Any) -> None:
    model, asked = toy_model("residues-causal"), []
    original = Model.substituted_scores

    def counted(self: Model, tokens: Any, target: Any, places: Any, ids: Any) -> Any:
        asked.append(len(places))
        return original(self, tokens, target, places, ids)

    monkeypatch.setattr(Model, "substituted_scores", counted)
    found = explained(model, "mutagenesis", letter(model, "W", 3), "MKTAYIA")
    assert asked == [3 * 19]
    assert not explained(model, "mutagenesis", letter(model, "W", 0), "MKTAYIA").letters.any()
    assert len(asked) == 1
    assert found.notes["mutants"] == 7 * 19


@pytest.mark.parametrize("name", ["residues-causal", "llama-causal", "pairs-causal"])
@pytest.mark.parametrize("kind", ["letter", "log-likelihood"])
def test_the_ledger_closes(toy_model: ToyModel, name: str, kind: str) -> None:
    model = toy_model(name)
    target = LIKELIHOOD if kind == "log-likelihood" else Target(7, "x", 8)
    for attention in ("eager", "sdpa"):
        model.module.set_attn_implementation(attention)  # pyright: ignore[reportCallIssue]
        letters = TOYS[name].sequences(14)[0].letters
        ledger = explained(model, "attnlrp", target, letters, audit=True).ledger
        assert ledger.unaccounted_share < 1e-10
        assert ledger.logit == pytest.approx(explained(model, "saliency", target, letters).score, rel=1e-6)


@pytest.mark.parametrize("method", ["attnlrp", "gradient-x-input"])
def test_relevance_of_a_log_likelihood_is_made_of_that_of_logits(toy_model: ToyModel, method: str) -> None:
    """Both are linear in what goes back: of each token by one logit plus, by all of them their share less."""
    model, letters = toy_model("residues-causal"), "MKTX"
    tokens = model.tokenize(Sequence("s", letters, PROTEIN))
    with torch.no_grad():
        chances = model.module(**model.inputs(Batch((tokens,), (LIKELIHOOD,)))).logits[0].softmax(-1)
    expected = np.zeros(len(tokens))
    for position in range(len(letters)):
        place = position + 1
        for index in range(len(model.labels)):
            weight = float(index == tokens.ids[place]) - chances[place - 1, index].item()
            expected += weight * explained(model, method, Target(index, "x", position), letters).values
    np.testing.assert_allclose(explained(model, method, LIKELIHOOD, letters).values, expected, atol=1e-10)


def test_gradients_of_a_log_likelihood_hold_its_labels_fixed(toy_model: ToyModel) -> None:
    """Against automatic differentiation of transformers' own model, called with embeddings."""
    model = toy_model("residues-causal")
    found = explained(model, "saliency", LIKELIHOOD, "MKTAYIAK")
    ids = torch.from_numpy(found.tokens.ids)
    embeddings = model.word_embedding(ids).detach().requires_grad_()
    logits = model.module(inputs_embeds=embeddings[None]).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:8], ids[1:9], reduction="sum")
    (gradient,) = torch.autograd.grad(-loss, embeddings)
    assert found.score == pytest.approx(-loss.item())
    np.testing.assert_allclose(found.values, gradient.norm(dim=-1).detach(), rtol=1e-9)
    # the last letter is a label and never read, and so is what ends the sequence
    assert (found.values[-2:] == 0).all()


def test_mutants_have_a_log_likelihood_of_their_own(toy_model: ToyModel) -> None:
    """The last letter, which nothing is predicted from, has one too: it is predicted."""
    model, letters = toy_model("residues-causal"), "MKTA"
    found = explained(model, "mutagenesis", LIKELIHOOD, letters)
    for position, index in [(0, 3), (2, 11), (3, 7)]:
        mutant = letters[:position] + PROTEIN.letters[index] + letters[position + 1 :]
        other = explained(model, "saliency", LIKELIHOOD, mutant)
        assert found.letter_scores[position, index] == pytest.approx(other.score - found.score, abs=1e-9)
    assert (found.letters != 0).all()


def one_of(
    model: Model, method: Any, sequence: Sequence, target: Target, readings: Readings = ONCE
) -> Explained:
    (found,) = explain_sequences(model, method, [sequence], [target], readings=readings)
    assert isinstance(found, Explained)
    return found


@pytest.mark.parametrize("method", ["attnlrp", "integrated-gradients", "mutagenesis"])
def test_both_strands_of_a_log_likelihood_are_averaged(toy_model: ToyModel, method: str) -> None:
    model = toy_model("llama-causal")
    sequence = Sequence("s", "ACCGTTGA", DNA)
    made = methods[method](**FEW_STEPS.get(method, {}))
    both = one_of(model, made, sequence, LIKELIHOOD, Readings(both_strands=True))
    one, other = (
        one_of(model, made, strand, LIKELIHOOD) for strand in (sequence, sequence.reverse_complement())
    )
    assert both.score == pytest.approx((one.score + other.score) / 2)
    mean = (one.track.values + other.track.values[::-1]) / 2
    np.testing.assert_allclose(both.track.values, mean, atol=1e-12)


def test_a_letter_is_predicted_from_both_sides_by_both_strands(toy_model: ToyModel) -> None:
    model = toy_model("llama-causal")
    sequence = Sequence("s", "ACCGTTGA", DNA)
    target, made = letter(model, "C", 3), methods["gradient-x-input"]()
    both = one_of(model, made, sequence, target, Readings(both_strands=True))
    one = one_of(model, made, sequence, target)
    other = one_of(model, made, sequence.reverse_complement(), letter(model, "G", 4))
    assert both.score == pytest.approx((one.score + other.score) / 2)
    assert np.flatnonzero(both.track.values).tolist() == [0, 1, 2, 4, 5, 6, 7]


def test_a_sequence_that_nothing_predicts_is_refused_alone(toy_model: ToyModel) -> None:
    model, made = toy_model("pairs-causal"), methods["gradient-x-input"]()
    given = [Sequence("short", "ALE", PROTEIN), Sequence("longer", "ALEMK", PROTEIN)]
    found = explain_sequences(model, made, given, [LIKELIHOOD])
    assert [isinstance(one, InputError) for one in found] == [True, False]
    (one, _) = explain_sequences(model, made, given, [letter(model, "K", 2)])
    assert str(one) == (
        "letter 2 of sequence 'short' has no token before it, by which a causal language model would predict "
        "it: expected --position 3 or more, or --prefix"
    )


def test_a_mutant_that_nothing_predicts_is_named(toy_model: ToyModel) -> None:
    """Of MLVK the letter 1 has M before it; of ALVK the first token is AL."""
    model = toy_model("pairs-causal")
    message = r"with A at position 0, letter 1 of sequence 's' has no token before it, .* or --prefix$"
    with pytest.raises(InputError, match=message):
        explained(model, "mutagenesis", letter(model, "L", 1), "MLVK")


def test_a_word_over_the_position_may_begin_elsewhere_in_a_mutant(toy_model: ToyModel) -> None:
    """Of GMALE, with E in place of M, letter 3 is no longer predicted from M but from E; with K from GK."""
    model = toy_model("pairs-causal")
    target = letter(model, "ALE", 3)
    found = explained(model, "mutagenesis", target, "GMALE")
    assert (found.letter_scores[1] != 0).sum() == 19
    # behind the position a letter that ends the word leaves all before it as it is
    np.testing.assert_allclose(found.letter_scores[4], 0, atol=1e-12)
    other = explained(model, "saliency", target, "GKALE")
    k = PROTEIN.letters.index("K")
    assert found.letter_scores[1, k] == pytest.approx(other.score - found.score, abs=1e-9)
