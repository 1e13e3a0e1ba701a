"""Threads are as many as are asked for, and afterwards as many as before."""

import pytest
import torch

from relevome.engines.threads import torch_threads


@pytest.mark.parametrize(("count", "within"), [(2, 2), (None, 1)])
def test_threads_are_as_before_when_it_is_left(count: int | None, within: int) -> None:
    with torch_threads(count):
        assert torch.get_num_threads() == within
        torch.set_num_threads(2)
    assert torch.get_num_threads() == 1


def test_also_where_something_fails() -> None:
    with pytest.raises(ValueError, match="within"), torch_threads(2):
        raise ValueError("within")
    assert torch.get_num_threads() == 1
