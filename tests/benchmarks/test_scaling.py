from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import scaling
from benchmarks.scaling import MODELS, Curve, Setting, drawn
from relevome.data.sequences import DNA, Sequence


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.5, 2.0])
def test_the_exponent_of_a_power_is_found(power: float) -> None:
    at = (2, 4, 9)
    curve = Curve(at, tuple(0.3 * value**power for value in at))
    assert curve.exponent == pytest.approx(power, abs=1e-12)


def test_the_exponent_of_an_uneven_curve_is_that_of_least_squares() -> None:
    # logarithms 0, 1, 3 at 0, 1, 2: the slope is (-1 x 0 + 1 x 3) / 2
    assert Curve((1, 10, 100), (1.0, 10.0, 1000.0)).exponent == pytest.approx(1.5)


def test_workers_are_timed_from_when_as_many_shards_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 100.0, 101.0, 103.0, 104.0])
    monkeypatch.setattr(scaling.time, "perf_counter", lambda: next(clock))

    def explain(engine: Any, progress: Callable[[int, int], None]) -> None:
        assert engine.workers == 2
        progress(0, 4 * 256)
        for _ in range(4):
            progress(256, 4 * 256)

    # of four shards two came by 101 s, and the other two by 104 s
    found = scaling._by_workers(explain, Setting(workers=2))
    assert found == pytest.approx(3 / (2 * 256))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("layers", [2, 4])
def test_models_have_the_layers_that_are_asked_for(name: str, layers: int) -> None:
    model = MODELS[name](layers)
    config: Any = model.module.config
    assert (config.num_hidden_layers if name == "transformer" else len(config.filters)) == layers
    assert len(model.tokenize(Sequence("s", "ACGT", DNA)).ids) >= 4


def test_curves_are_drawn_with_their_exponents() -> None:
    curves = {
        "letters": {"transformer": Curve((64, 128), (1.0, 4.0)), "CNN": Curve((64, 128), (1.0, 2.0))},
        "layers": {"transformer": Curve((2, 4), (1.0, 2.0)), "CNN": Curve((2, 4), (1.0, 1.0))},
    }
    first, second = drawn(curves).axes
    legend = first.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["transformer: 2.00", "CNN: 1.00"]
    assert (first.get_xlabel(), second.get_xlabel()) == ("letters", "layers")
    np.testing.assert_allclose(np.asarray(second.lines[0].get_ydata(), dtype=float), [1e3, 2e3])
