"""Models that end in probabilities: their log-odds and logarithms are explained as the logits behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome

SEQUENCE = "ACGTTGCAACGGTTATAATGACG"


class Ending(nn.Module):
    """Two logits, and what is made of them."""

    def __init__(self, ending: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.out, self.ending = nn.Conv1d(4, 5, 5), nn.Linear(5, 2), ending
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.ending(3 * self.out(torch.tanh(self.conv(x)).mean(-1)) - 1)


def explained(ending: Callable[[Tensor], Tensor], **told: Any) -> np.ndarray:
    run = relevome.explain(relevome.from_module(Ending(ending), **told), [SEQUENCE], "attnlrp", 0, audit=True)
    assert run.counts.ledger is not None
    assert run.counts.ledger.largest_share < 1e-9
    return run[0].relevance


LOGIT: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "sigmoid": (lambda z: z.sigmoid(), lambda z: z),
    "sigmoid of a part": (lambda z: torch.sigmoid(z)[:, 1].unsqueeze(1), lambda z: z[:, 1:]),
    "sigmoid, viewed": (lambda z: torch.sigmoid(z.view(-1)).view(-1, 2), lambda z: z),
    "softmax": (lambda z: z.softmax(-1)[:, :1], lambda z: z[:, :1] - z[:, 1:]),
    "softmax of a part": (lambda z: z.softmax(1).select(1, 1)[:, None], lambda z: z[:, 1:] - z[:, :1]),
}


@pytest.mark.parametrize("name", LOGIT)
def test_log_odds_are_the_logit(name: str) -> None:
    probability, logit = LOGIT[name]
    expected = explained(logit)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(explained(probability, output="log-odds"), expected, atol=1e-7)


@pytest.mark.parametrize(
    "logarithm", [torch.log, Tensor.log, lambda p: p.log2() * np.log(2), lambda p: p.log10() * np.log(10)]
)
def test_the_logarithm_of_a_softmax_is_log_softmax(logarithm: Callable[[Tensor], Tensor]) -> None:
    expected = explained(lambda z: z.log_softmax(-1))
    np.testing.assert_allclose(explained(lambda z: logarithm(z.softmax(-1))), expected, atol=1e-7)


def test_the_mean_of_several_models_keeps_its_sign() -> None:
    """As of SpliceAI: eq. 9 at the logarithm would turn all signs round."""

    def ending(z: Tensor) -> Tensor:
        mean = (z.softmax(-1) + (0.7 * z).softmax(-1)) / 2
        return mean.clamp_min(1e-30).log()

    model = relevome.from_module(Ending(ending))
    (row,) = relevome.explain(model, [SEQUENCE], "attnlrp", 0)
    logits = relevome.from_module(Ending(lambda z: z[:, :1] - z[:, 1:]))
    (other,) = relevome.explain(logits, [SEQUENCE], "attnlrp", 0)
    slope = (row.relevance * other.relevance).sum() / (other.relevance**2).sum()
    assert 0.1 < slope < 1  # of log p the slope is 1 - p, times 0.7 to 1
    np.testing.assert_allclose(row.relevance, slope * other.relevance, atol=1e-7)


def test_the_logarithm_of_exponentials_keeps_their_rule() -> None:
    """log(exp(a) + exp(b)) by hand: all of it goes to a and b, by their shares of the sum."""
    found = explained(lambda z: (z[:, :1].exp() + z[:, 1:].exp()).log())
    network = Ending(lambda z: z)
    x = torch.tensor([[float(one == base) for one in SEQUENCE] for base in "ACGT"], dtype=torch.float64)
    with torch.no_grad():
        a, b = network(x[None])[0].tolist()
    whole = np.logaddexp(a, b)
    parts = [explained(lambda z, i=i: z[:, i : i + 1]) for i in range(2)]
    shares = [whole * np.exp(part - whole) / part for part in (a, b)]
    np.testing.assert_allclose(found, shares[0] * parts[0] + shares[1] * parts[1], atol=1e-6)
