"""What one variant does to one output."""

from __future__ import annotations

from typing import NamedTuple


class VariantEffect(NamedTuple):
    """The answers of a model for both alleles of a variant, about one output.

    All are means over strands and shifted windows where there are several. What a model does not have is
    None: of a model with outputs for every letter there are gain and loss alone, and no others have these.

    Attributes:
        target: The label of the output, or ``log-likelihood``.
        target_index: Its index; None of a log-likelihood.
        ref_score: The logit, number or log-likelihood (in nats) with the reference.
        alt_score: The same with the alternative.
        ref_probability: The probability of the output with the reference.
        alt_probability: The same with the alternative.
        ref_log_odds: Log p / (1 - p) with the reference, in nats.
        alt_log_odds: The same with the alternative.
        gain: The largest rise at a letter near the variant, of a probability or a number.
        gain_at: Where that is, in letters from the variant's first; negative on its left.
        loss: The largest fall.
        loss_at: Where that is.
    """

    target: str
    target_index: int | None = None
    ref_score: float | None = None
    alt_score: float | None = None
    ref_probability: float | None = None
    alt_probability: float | None = None
    ref_log_odds: float | None = None
    alt_log_odds: float | None = None
    gain: float | None = None
    gain_at: int | None = None
    loss: float | None = None
    loss_at: int | None = None

    @property
    def delta_score(self) -> float | None:
        """Alternative minus reference."""
        return _difference(self.alt_score, self.ref_score)

    @property
    def delta_probability(self) -> float | None:
        """Alternative minus reference."""
        return _difference(self.alt_probability, self.ref_probability)

    @property
    def delta_log_odds(self) -> float | None:
        """Alternative minus reference."""
        return _difference(self.alt_log_odds, self.ref_log_odds)


class MatchedNull(NamedTuple):
    """What the same change does at other places of the variant's window.

    Attributes:
        places: How many there were.
        mean: The mean of what it does there, signed; None without places.
        sd: Its standard deviation; None with fewer than two.
        p: (1 + places where it does as much, of either sign) / (1 + places); None without places.
    """

    places: int
    mean: float | None
    sd: float | None
    p: float | None


def _difference(alternative: float | None, reference: float | None) -> float | None:
    return None if alternative is None or reference is None else alternative - reference
