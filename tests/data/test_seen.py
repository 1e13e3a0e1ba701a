from __future__ import annotations

import numpy as np

from relevome.data.seen import Seen


def test_it_tells_like_a_set_what_is_new() -> None:
    rng = np.random.default_rng(0)
    names = [f"name{i}" for i in rng.integers(0, 6_000, 20_000)]
    seen, expected = Seen(), set[str]()
    for name in names:
        assert seen.add(name) is (name not in expected)
        expected.add(name)
    # enough of them that old ones were sorted in, and new ones not yet
    assert len(expected) > 5_000
