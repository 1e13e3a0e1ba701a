"""Every method on networks of other people against the plain network, asked by hand in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor

from relevome.attribution import methods
from relevome.attribution.batches import Explained, explain_sequences
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Target
from tests.foreign import FOREIGN, LENGTH, foreign

BASES = "ACGT"
TARGET = 0
SEQUENCES = ["".join(np.random.default_rng(seed).choice([*BASES], LENGTH)) for seed in range(3)]

# What a method says of a network that it does not cover: the operation, or what is not there.
ATTENTION = "has no attention over its tokens that can be seen"
RULE = "no relevance rule for the operation torch.lstm"
REFUSED = {
    **{(name, "attention"): ATTENTION for name in FOREIGN if name != "einsum"},
    **{(name, "rollout"): ATTENTION for name in FOREIGN if name != "einsum"},
    ("recurrent", "attnlrp"): RULE,
    ("recurrent", "lrp"): RULE,
    **{
        (name, "deeplift-shap"): f"no rule for the operation torch.{operation}"
        for name, operation in {
            "global max": "Tensor.amax", "hybrid": "nn.functional.multi_head_attention_forward",
            "einsum": "nn.functional.layer_norm", "recurrent": "lstm", "performer": "Tensor.matmul",
            "gated convolution": "Tensor.mul", "regression": "Tensor.mul",
        }.items()
    },
}  # fmt: skip


def one_hot(sequences: list[str]) -> Tensor:
    rows = [[[float(letter == base) for letter in one] for base in BASES] for one in sequences]
    return torch.tensor(rows, dtype=torch.float64)


def explained(name: str, method: str, **options: Any) -> list[Explained]:
    model, _ = foreign(name)
    given = [Sequence(str(i), letters, DNA) for i, letters in enumerate(SEQUENCES)]
    targets = [Target(TARGET, model.labels[TARGET])]
    found = explain_sequences(model, methods[method](**options), given, targets)
    for one in found:
        if isinstance(one, InputError):
            raise one
    return [one for one in found if isinstance(one, Explained)]


def relevance(name: str, method: str, **options: Any) -> np.ndarray:
    return np.array([one.track.values for one in explained(name, method, **options)])


def letter_scores(found: list[Explained]) -> np.ndarray:
    return np.array([one.letter_scores for one in found])


def plain(name: str) -> Callable[[Tensor], Tensor]:
    _, ask = foreign(name)
    return lambda x: ask(x)[:, TARGET]


def slope(ask: Callable[[Tensor], Tensor]) -> np.ndarray:
    x = one_hot(SEQUENCES).requires_grad_()
    return torch.autograd.grad(ask(x).sum(), x)[0].numpy()


def covered(method: str) -> list[str]:
    return [name for name in FOREIGN if (name, method) not in REFUSED]


@pytest.mark.parametrize(("name", "method"), REFUSED)
def test_what_is_not_covered_is_refused_by_name(name: str, method: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name, method]):
        explained(name, method)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_score_is_what_the_plain_network_gives(name: str) -> None:
    scores = [one.score for one in explained(name, "saliency")]
    np.testing.assert_allclose(scores, plain(name)(one_hot(SEQUENCES)).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FOREIGN)
def test_gradients_are_those_of_the_plain_network(name: str) -> None:
    x, by_hand = one_hot(SEQUENCES).numpy(), slope(plain(name))
    np.testing.assert_allclose(relevance(name, "gradient-x-input"), (x * by_hand).sum(1), atol=1e-7)
    against_mean = relevance(name, "gradient-x-input", reference="mean")
    np.testing.assert_allclose(against_mean, ((x - 0.25) * by_hand).sum(1), atol=1e-7)
    if name != "channels last":  # which has a fifth channel, for N
        np.testing.assert_allclose(relevance(name, "saliency"), np.linalg.norm(by_hand, axis=1), atol=1e-6)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("reference", ["zero", "mean"])
def test_scores_of_every_base_leave_out_what_no_sequence_can_have(name: str, reference: str) -> None:
    """The gradient less its mean over letters (Majdandzic et al. 2023), whatever it is compared with."""
    by_hand = slope(plain(name)).transpose(0, 2, 1)
    centred = by_hand - by_hand.mean(-1, keepdims=True)
    found = explained(name, "gradient-x-input", reference=reference)
    np.testing.assert_allclose(letter_scores(found), centred, atol=1e-7)


@pytest.mark.parametrize("name", FOREIGN)
def test_integrated_gradients_are_those_of_captum(name: str) -> None:
    ask = plain(name)
    x = one_hot(SEQUENCES)
    theirs = captum.attr.IntegratedGradients(ask).attribute(
        x, torch.full_like(x, 0.25), n_steps=32, method="gausslegendre"
    )
    ours = relevance(name, "integrated-gradients", baseline="mean", steps=32)
    np.testing.assert_allclose(ours, theirs.sum(1).numpy(), atol=1e-6)


@pytest.mark.parametrize("name", FOREIGN)
def test_mutagenesis_is_brute_force(name: str) -> None:
    ask, x = plain(name), one_hot(SEQUENCES[:1])
    effects = np.zeros((LENGTH, len(BASES)))
    with torch.no_grad():
        for position in range(LENGTH):
            for base in range(len(BASES)):
                mutant = x.clone()
                mutant[0, :, position] = torch.eye(4, dtype=x.dtype)[base]
                effects[position, base] = (ask(mutant) - ask(x)).item()
    found = explained(name, "mutagenesis")[0]
    np.testing.assert_allclose(letter_scores([found])[0], effects, atol=1e-7)
    np.testing.assert_allclose(found.track.values, -effects.sum(1) / 3, atol=1e-7)


@pytest.mark.parametrize("name", covered("attnlrp"))
@pytest.mark.parametrize("method", ["attnlrp", "lrp"])
def test_the_ledger_closes(name: str, method: str) -> None:
    for one in explained(name, method, audit=True):
        assert one.ledger is not None
        assert one.ledger.unaccounted_share < 1e-9


@pytest.mark.parametrize("name", covered("deeplift-shap"))
def test_deeplift_adds_up(name: str) -> None:
    for one in explained(name, "deeplift-shap"):
        assert abs(one.completeness_error or 0.0) < 1e-9


def test_attention_by_hand_is_seen() -> None:
    rows = relevance("einsum", "attention")
    np.testing.assert_allclose(rows.sum(1), np.ones(len(rows)), atol=1e-6)
