"""Every rule against its formula, written with matrices and without automatic differentiation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from relevome.attribution.lrp.rules import RULES, rule
from tests.attribution.lrp.cases import CASES
from tests.attribution.lrp.under_rules import Case, check, name

each_case = pytest.mark.parametrize("case", CASES, ids=[name(case.function) for case in CASES])


@each_case
def test_a_rule_gives_its_formula(case: Case) -> None:
    check(case)


def test_every_function_that_has_a_rule_has_a_case() -> None:
    # the processor's own way to move a tensor to a graphics card, where there is none
    absent = set() if torch.cuda.is_available() else {torch.Tensor.cuda}
    assert {name(function) for function in set(RULES) - {case.function for case in CASES} - absent} == set()


def test_an_operation_has_one_rule() -> None:
    with pytest.raises(ValueError, match=r"two rules for .*linear"):
        rule(F.linear)(RULES[F.layer_norm])
