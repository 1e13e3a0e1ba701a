"""One case for every function that has a rule, with the gradient that the rule should give."""

from __future__ import annotations

from tests.attribution.lrp.cases import (
    attention,
    elementwise,
    in_place,
    linear,
    moves,
    normalisation,
    products,
)

CASES = [
    *attention.CASES,
    *elementwise.CASES,
    *in_place.CASES,
    *linear.CASES,
    *moves.CASES,
    *normalisation.CASES,
    *products.CASES,
]
