"""Infidelity: an additive model where it is 0, plain loops, and captum."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.infidelity import (
    Falls,
    Subsets,
    falls_of_subsets,
    infidelity,
    scaled_infidelity,
)
from relevome.evaluation.perturbation import Level
from relevome.evaluation.scoring import Asked, Scorer
from relevome.models.base import Batch, Model
from relevome.models.tokens import Tokens
from tests.evaluation.additive import TARGET, additive_model, proteins, truth
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def falls(relevance: list[float], score: list[float]) -> Falls:
    return Falls(np.array(relevance, dtype=np.float64), np.array(score, dtype=np.float64))


def test_by_hand() -> None:
    one = falls([1, 2, 0], [2, 2, 1])
    assert infidelity(one) == pytest.approx(2 / 3)
    # The best scale is (2 + 4 + 0) / (1 + 4 + 0) = 1.2, which leaves 0.8, 0.4 and 1 of 2, 2 and 1.
    assert scaled_infidelity(one) == pytest.approx((0.64 + 0.16 + 1) / 9)


def test_the_scale_of_relevance_does_not_matter_but_its_sign_does() -> None:
    one, larger = falls([1, 2, 0], [2, 2, 1]), falls([7, 14, 0], [2, 2, 1])
    assert scaled_infidelity(one) == pytest.approx(scaled_infidelity(larger))
    assert scaled_infidelity(falls([-1, -2, 0], [2, 2, 1])) == 1


@pytest.mark.parametrize(("relevance", "score"), [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0, 0], [0, 0])])
def test_nothing_relevant_or_nothing_falling(relevance: list[float], score: list[float]) -> None:
    assert scaled_infidelity(falls(relevance, score)) == 1


@pytest.mark.parametrize(("by", "filler"), [("unknown", "X"), ("A", "A")])
@pytest.mark.parametrize("level", ["letters", "tokens"])
def test_the_exact_relevance_of_an_additive_model_has_none(level: Level, by: str, filler: str) -> None:
    model = additive_model()
    sequences = proteins(30, 47)
    relevance = [truth(model, sequence, filler) for sequence in sequences]
    found = falls_of_subsets(model, sequences, [TARGET] * 2, relevance, Subsets(by, level))
    for one in found:
        assert isinstance(one, Falls)
        assert infidelity(one) == pytest.approx(0, abs=1e-24)
        assert scaled_infidelity(one) == pytest.approx(0, abs=1e-20)
        assert np.ptp(one.score) > 0


@pytest.mark.parametrize("metric", [infidelity, scaled_infidelity])
def test_perfect_is_better_than_noisy_than_random_than_inverted(metric: Callable[[Falls], float]) -> None:
    model, draw = additive_model(), np.random.default_rng(2)
    sequences = proteins(*[60] * 12)
    exact = [truth(model, sequence) for sequence in sequences]
    noisy = [x + draw.normal(0, x.std(), len(x)) for x in exact]
    means = []
    for relevance in (exact, noisy, [draw.permutation(x) for x in exact], [-x for x in exact]):
        found = falls_of_subsets(model, sequences, [TARGET] * 12, relevance)
        means.append(np.mean([metric(one) for one in found if isinstance(one, Falls)]))
    assert means == sorted(means)
    assert len(set(means)) == 4


class Recorder(Scorer):
    """Remembers the sequences that were asked for."""

    def scores(self, asked: Iterable[Asked]) -> np.ndarray:
        inputs = list(asked)
        self.letters = [letters_of(self.model, tokens) for tokens, _ in inputs]
        return super().scores(inputs)


def letters_of(model: Model, tokens: Tokens) -> str:
    """What the model reads, where a token is a letter; else of what was tokenised."""
    texts = model.tokenizer.hf.convert_ids_to_tokens(tokens.ids[~tokens.special].tolist())
    return "".join(texts) if tokens.one_letter_each else tokens.sequence.letters


@pytest.mark.parametrize("scaled", [False, True])
def test_captum_finds_the_same_on_one_hot_letters(toy_model: ToyModel, scaled: bool) -> None:
    """The perturbation of captum is what a one-hot letter has beyond the unknown one."""
    model, toy = toy_model("cnn"), TOYS["cnn"]
    (sequence,) = toy.sequences(30)
    target = toy.target(model)
    letters = model.word_embedding.weight[torch.from_numpy(model.tokenize(sequence).ids)]
    with model.frozen():
        leaf = letters.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(one_hot_logits(model, leaf[None])[0, target.index], leaf)
    unknown = model.word_embedding.weight[model.tokenizer.letter_id("N")]
    relevance = ((letters - unknown) * gradient).sum(-1).numpy()

    recorder = Recorder(model)
    subsets = Subsets(share=0.2, draws=25)
    (found,) = falls_of_subsets(model, [sequence], [target], [relevance], subsets, recorder)
    assert isinstance(found, Falls)
    gone = torch.tensor([[letter == "N" for letter in letters] for letters in recorder.letters[1:]])
    assert gone.sum(1).tolist() == [6] * 25
    change = torch.where(gone[:, :, None], letters - unknown, 0.0)
    with model.frozen(), torch.inference_mode():
        expected = captum_infidelity(
            lambda x: one_hot_logits(model, x)[:, target.index], lambda x: (change, x - change),
            letters[None], gradient[None], n_perturb_samples=25, normalize=scaled,
        ).item()  # fmt: skip
    if scaled:
        expected /= np.mean(found.score**2)
    assert expected > 0
    assert (scaled_infidelity if scaled else infidelity)(found) == pytest.approx(expected, rel=1e-6)


def one_hot_logits(model: Model, letters: torch.Tensor) -> torch.Tensor:
    """Of one-hot letters, (batch, letters, channels)."""
    handle = model.word_embedding.register_forward_hook(lambda *_: letters)
    try:
        return model.module(torch.zeros(letters.shape[:2], dtype=torch.long)).logits
    finally:
        handle.remove()


@pytest.mark.parametrize("by", ["unknown", "random"])
@pytest.mark.parametrize("name", ["protbert-masked", "bpe", "dnabert"])
def test_falls_are_those_of_each_sequence_alone(toy_model: ToyModel, name: str, by: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(24)
    target, recorder = toy.target(model), Recorder(model)
    relevance = np.arange(24.0)
    (found,) = falls_of_subsets(model, [sequence], [target], [relevance], Subsets(by, draws=9), recorder)
    assert isinstance(found, Falls)
    scores = []
    for letters in recorder.letters:
        batch = Batch((model.tokenize(Sequence("m", letters, toy.alphabet)),), (target,))
        with model.frozen(), torch.inference_mode():
            scores.append(model.scores(model.inputs(batch), batch).item())
    np.testing.assert_allclose(found.score, scores[0] - np.array(scores[1:]), rtol=0, atol=1e-12)
    if by == "unknown":
        gone = [[letter == toy.alphabet.unknown for letter in x] for x in recorder.letters[1:]]
        np.testing.assert_allclose(found.relevance, np.array(gone) @ relevance)


def test_subsets_are_the_same_for_every_explanation_of_a_sequence() -> None:
    model, recorder = additive_model(), Recorder(additive_model())
    (sequence,) = proteins(40)
    seen = []
    for relevance in (truth(model, sequence), np.zeros(40)):
        falls_of_subsets(model, [sequence], [TARGET], [relevance], scorer=recorder)
        seen.append(recorder.letters)
    assert seen[0] == seen[1]


def test_a_sequence_that_cannot_be_asked_gives_its_error() -> None:
    model = additive_model()
    sequences = proteins(20, 21)
    found = falls_of_subsets(model, sequences, [TARGET] * 2, [np.zeros(20), np.zeros(20)])
    assert isinstance(found[0], Falls)
    assert "expected one value for each of its 21 letters" in str(found[1])


@pytest.mark.parametrize("options", [{"share": 0.0}, {"share": 1.5}, {"draws": 0}])
def test_subsets_of_nothing(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected one or more, and a share above 0 up to 1"):
        Subsets(**options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["infidelity", "scaled-infidelity"])
def test_metrics_are_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.kind, metric.needs, metric.higher_is_better) == ("infidelity", (), False)
    assert metric.compute is {"infidelity": infidelity, "scaled-infidelity": scaled_infidelity}[name]
