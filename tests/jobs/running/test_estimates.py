"""What work will take: the arithmetic by a clock that is turned by hand, and that nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.engines.base import Crew, crew_of
from relevome.engines.local import Local
from relevome.jobs.running import estimates, shards
from relevome.jobs.running.estimates import (
    Reservoirs,
    Stratum,
    Weight,
    Work,
    WorkEstimate,
    estimate_work,
    makespan,
)
from relevome.models.base import Model
from tests.toys import TOYS


@dataclass
class Clock:
    """Time that passes when work is done: a fixed time for each portion, and some for each letter."""

    fixed: float
    each: Callable[[int], float]
    now: float = 0.0
    portions: list[list[int]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def carry_out(self, portion: list[int]) -> list[int]:
        self.portions.append(portion)
        self.now += self.fixed + sum(map(self.each, portion))
        return portion


def weigh(lengths: Sequence[int]) -> Weight:
    """Files have 50 bytes beside three for each letter."""
    return Weight(50 + 3 * sum(lengths), 7 * sum(lengths))


def work_of(lengths: list[int], per_shard: int) -> Work:
    reservoirs = Reservoirs(list)
    loads: list[dict[int, int]] = []
    for first in range(0, len(lengths), per_shard):
        load: dict[int, int] = {}
        for length in lengths[first : first + per_shard]:
            name = reservoirs.add(length, length)
            load[name] = load.get(name, 0) + length
        loads.append(load)
    return Work(loads, reservoirs.strata(), len(lengths))


LENGTHS = [20, 500, 30, 25, 700, 1000, 40] * 60


@dataclass(frozen=True)
class Crowd:
    """An engine of so many workers, of which only that is asked."""

    told: Crew

    def map(self, task: Any, shards: Any) -> Any:
        raise NotImplementedError

    def crew(self) -> Crew:
        return self.told


def test_time_that_goes_with_letters_is_told_exactly() -> None:
    clock = Clock(0.0, lambda length: 0.001 * length)
    found = estimate_work(work_of(LENGTHS, 42), clock.carry_out, weigh, Local(), sampling=30.0, clock=clock)
    truth = 0.001 * sum(LENGTHS)
    assert found.seconds.mean == pytest.approx(truth)
    assert (found.seconds.low, found.seconds.high) == pytest.approx((0.9 * truth, 1.1 * truth))
    assert (found.sequences, found.letters, found.shards) == (len(LENGTHS), sum(LENGTHS), 10)
    assert found.disk == 3 * sum(LENGTHS) + 10 * 50
    assert found.sampling == clock.now < 60


def test_time_that_grows_with_the_square_of_length_is_told_by_strata() -> None:
    """The mean over all lengths would be wrong; within a power of two the sample speaks for all."""
    clock = Clock(0.0, lambda length: 1e-6 * length**2)
    found = estimate_work(work_of(LENGTHS, 42), clock.carry_out, weigh, Local(), sampling=1000.0, clock=clock)
    truth = sum(1e-6 * length**2 for length in LENGTHS)
    assert found.seconds.mean == pytest.approx(truth, rel=0.05)
    assert found.seconds.low < truth < found.seconds.high


def test_what_every_portion_costs_is_shared_by_portions_that_grow() -> None:
    clock = Clock(1.0, lambda length: 1e-4 * length)
    work = work_of([100] * 4096, 256)
    found = estimate_work(work, clock.carry_out, weigh, Local(), sampling=100.0, clock=clock)
    truth = 16 * (1.0 + 1e-4 * 256 * 100)
    assert found.seconds.mean == pytest.approx(truth, rel=0.01)
    sizes = [len(portion) for portion in clock.portions]
    assert sizes == [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256]  # the first to warm up


def test_a_sample_of_slow_work_ends_after_one_of_each_stratum() -> None:
    clock = Clock(0.0, lambda length: 3600.0)
    found = estimate_work(work_of(LENGTHS, 42), clock.carry_out, weigh, Local(), sampling=20.0, clock=clock)
    assert [len(portion) for portion in clock.portions] == [1] * 5  # four strata, and one to warm up
    assert found.sampled == 4


def test_workers_share_shards_and_wait_for_the_last() -> None:
    clock = Clock(0.0, lambda length: 0.01 * length)
    work = work_of([100] * 50, 10)  # 5 shards of 10 s
    one = estimate_work(work, clock.carry_out, weigh, Crowd(Crew(1, 1, 8)), clock=clock)
    two = estimate_work(work, clock.carry_out, weigh, Crowd(Crew(2, 1, 8)), clock=clock)
    many = estimate_work(work, clock.carry_out, weigh, Crowd(Crew(64, 1, 64)), clock=clock)
    assert [found.seconds.mean for found in (one, two, many)] == pytest.approx([50, 30, 10])
    assert [found.workers for found in (one, two, many)] == [1, 2, 64]
    crowded = estimate_work(work, clock.carry_out, weigh, Crowd(Crew(8, 1, 2)), clock=clock)
    assert crowded.seconds.mean == pytest.approx(40)  # one shard each, at a quarter of the speed


def test_the_makespan_is_that_of_a_list_by_hand() -> None:
    assert makespan([3.0, 1.0, 1.0, 1.0, 5.0], 2) == 8  # one has 3 and 5, the other 1, 1 and 1
    assert makespan([], 3) == 0


def test_reservoirs_draw_every_item_as_often() -> None:
    reservoirs, drawn = Reservoirs(list), [0, 0]
    for item in range(20_000):
        reservoirs.add(item, 9)
    (stratum,) = reservoirs.strata().values()
    assert (stratum.letters, stratum.most) == (180_000, 256)
    for _ in range(200):
        items, letters = stratum.draw(64)
        assert letters == 9 * len(set(items)) == 9 * 64
        for item in items:
            drawn[item >= 10_000] += 1
    assert 0.35 < drawn[0] / sum(drawn) < 0.65


def test_an_engine_says_its_crew_or_is_one_worker() -> None:
    @dataclass(frozen=True)
    class Silent:
        def map(self, task: Any, shards: Any) -> Any:
            raise NotImplementedError

    assert crew_of(Local(3)).workers == 3
    assert crew_of(Silent()).workers == 1
    from relevome.engines.ray import Ray

    assert Ray(workers=5, cpus=2).crew().workers == 5
    assert Ray(workers=5, cpus=2).crew().threads == 2


class Enough(Exception):
    """Raised to end a job that was only to say what it will take."""


def told(job: Callable[..., Any], *given: Any, **named: Any) -> WorkEstimate:
    found: list[WorkEstimate] = []

    def stop(estimate: WorkEstimate) -> None:
        found.append(estimate)
        raise Enough

    with pytest.raises(Enough):
        job(*given, planned=stop, **named)
    return found[0]


def test_a_job_says_what_it_will_take_and_writes_nothing(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk is known to the overhead of parts, time is not looked at here."""
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 20)
    monkeypatch.setattr(estimates, "SAMPLING", 0.5)
    model, sequences = toy_model("cnn"), TOYS["cnn"].sequences(*[30, 21, 9] * 30)
    named: dict[str, Any] = {"out": tmp_path / "run", "batch_size": 8}
    found = told(relevome.explain, model, sequences, "saliency", 1, **named)
    assert not (tmp_path / "run").exists()
    assert (found.sequences, found.letters, found.shards, found.there) == (90, 1800, 5, 0)
    relevome.explain(model, sequences, "saliency", 1, **named)
    truth = sum(path.stat().st_size for path in (tmp_path / "run").glob("part-*.parquet"))
    assert truth / 1.25 < found.disk < truth * 1.25

    before = (tmp_path / "run" / "run.json").read_bytes()
    (tmp_path / "run" / "part-00003.parquet").unlink()
    rest = told(relevome.explain, model, sequences, "saliency", 1, **named)
    assert (rest.sequences, rest.shards, rest.there) == (20, 1, 4)
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    with pytest.raises(relevome.InputError, match="holds another run"):
        told(relevome.explain, model, sequences, "gradient-x-input", 1, **named)

    predicted = told(relevome.predict, model, sequences, tmp_path / "predicted")
    assert (predicted.sequences, predicted.letters, predicted.shards) == (90, 1800, 5)
    assert not (tmp_path / "predicted").exists()


def test_an_evaluation_says_what_asking_the_model_will_take(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards of the engine are rows and models with random weights; questions are one more."""
    monkeypatch.setattr(estimates, "SAMPLING", 0.01)
    model, sequences = toy_model("cnn"), TOYS["cnn"].sequences(30, 21, 9, 30)
    run = relevome.explain(model, sequences, "saliency", 1, out=tmp_path / "run")
    (tmp_path / "sites.bed").write_text("".join(f"{one.id}\t2\t5\n" for one in sequences))
    asked: dict[str, Any] = {"model": model, "out": tmp_path / "scores", "random_models": 2, "draws": 2}
    found = told(relevome.evaluate, run, metrics=("sufficiency",), **asked)
    assert (found.sequences, found.letters, found.shards, found.there) == (4, 90, 4 + 1, 0)
    values = ("auroc", "sufficiency")
    placed = told(relevome.evaluate, run, tmp_path / "sites.bed", metrics=values, engine=Local(2), **asked)
    assert (placed.sequences, placed.shards, placed.workers) == (4, 4 + 2 + 1, 2)
    assert not (tmp_path / "scores").exists()
    with pytest.raises(relevome.InputError, match=r"^nothing of this evaluation asks a model.*--no-model"):
        relevome.evaluate(run, use_model=False, planned=lambda _: None)
    again: dict[str, Any] = asked | {"out": None}
    plain, after = (
        relevome.evaluate(run, metrics=("sufficiency",), planned=planned, **again)
        for planned in (None, lambda _: None)
    )
    assert [score.values for score in plain.scores] == [score.values for score in after.scores]
    assert found.disk > 0


def test_batches_of_a_sample_leave_no_trace_in_a_run(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Derived batch sizes go by the first width that is met: a sample must not be the first to meet one."""
    monkeypatch.setattr(estimates, "SAMPLING", 0.1)
    model, sequences = toy_model("esm"), TOYS["esm"].sequences(*[30, 21, 9] * 4)
    for name, planned in {"plain": None, "planned": lambda _: None}.items():
        relevome.explain(model, sequences, "saliency", 1, out=tmp_path / name, planned=planned)
    sizes = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("plain", "planned")]
    assert sizes[0]["batch_size"] == sizes[1]["batch_size"]
    parts = [(tmp_path / name / "part-00000.parquet").read_bytes() for name in ("plain", "planned")]
    assert parts[0] == parts[1]


def test_a_stratum_of_one_item_is_drawn_as_a_whole() -> None:
    clock = Clock(0.0, lambda length: 1.0)
    work = Work([{0: 5}], {0: Stratum(5, 1, lambda count: ([5] * count, 5 * count))}, 1)
    assert estimate_work(work, clock.carry_out, weigh, Local(), clock=clock).seconds.mean == pytest.approx(1)


def test_nothing_to_do_takes_no_time() -> None:
    clock = Clock(0.0, lambda length: 1.0)
    found = estimate_work(Work([], {}, 0), clock.carry_out, weigh, Local(), clock=clock)
    assert (found.seconds.mean, found.disk, found.sampled) == (0, 0, 0)
