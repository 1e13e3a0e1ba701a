from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from benchmarks import _hardware
from benchmarks._hardware import flops, gflops, hardware, one_thread, reached


def test_products_are_counted_as_by_hand() -> None:
    one, other = torch.ones(3, 5), torch.ones(5, 7)
    assert flops(lambda: one @ other) == 2 * 3 * 5 * 7


def test_fused_attention_of_the_cpu_is_counted_forward_and_backward() -> None:
    batch, heads, tokens, channels = 2, 3, 11, 16
    query = torch.randn(batch, heads, tokens, channels, requires_grad=True)
    product = 2 * batch * heads * tokens**2 * channels

    def both() -> None:
        F.scaled_dot_product_attention(query, query, query).sum().backward()

    # two products; back four, and the first again, which fused attention does not keep
    assert flops(both) == (2 + 5) * product


def test_what_is_reached_is_operations_over_seconds_and_its_share_of_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([10.0, 12.0, 20.0, 24.0, 30.0, 31.0])
    monkeypatch.setattr(_hardware.time, "process_time", lambda: next(clock))
    monkeypatch.setattr(_hardware, "gflops", lambda repetitions: 8.0)
    rate, share = reached(lambda: None, 4 * 10**9, repetitions=3)
    assert (rate, share) == (2.0, 0.25)  # 2, 1 and 4 GFLOP/s


def test_one_thread_is_given_back_after_an_error() -> None:
    def fail() -> None:
        with one_thread():
            seen.append(torch.get_num_threads())
            raise RuntimeError("stop")

    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="stop"):
            fail()
        assert (*seen, torch.get_num_threads()) == (1, 2)
    finally:
        torch.set_num_threads(before)


def test_a_machine_is_measured_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hardware, "SIZE", 256)
    monkeypatch.setattr(_hardware, "COPIED", 2**12)
    found = hardware()
    assert found.cores >= 1
    assert found.gflops > 0 < found.bandwidth
    assert f"{found.cores} cores, load {found.load:.1f}; one thread: {found.gflops:.0f} GFLOP/s" in str(found)


def test_speed_is_the_median_by_the_clock_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hardware, "SIZE", 100)
    clock = iter([0.0, 1.0, 1.0, 5.0, 5.0, 7.0])
    monkeypatch.setattr(_hardware.time, "process_time", lambda: next(clock))
    assert gflops(3) == pytest.approx(2 * 100**3 / 2 / 1e9)
