from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from relevome.results.quantile import relevance_quantile

VALUES = arrays.arrays(np.float32, st.integers(1, 30), elements=st.floats(-(2.0**99), 2.0**99, width=32))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, share=st.floats(0, 1))
def test_is_the_order_statistic_of_all_letters(make_run, letters_only, values, share):
    run = make_run([letters_only(str(i), "A", [value]) for i, value in enumerate(values)], size=11)
    assert relevance_quantile(run, "promoter", share) == np.quantile(values, share, method="inverted_cdf")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_counts_one_target_only(make_run, letters_only, share):
    rows = [letters_only("a", "ACG", [3, -1, 2]), letters_only("a", "ACG", [90, 80, 70], target="other")]
    expected = np.quantile([3, -1, 2], share, method="inverted_cdf")
    assert relevance_quantile(make_run(rows), "promoter", share) == expected
