"""The causal check is the same whoever asks the model, goes on where it was stopped, and can be planned."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.sequences import DNA, Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.engines.base import Engine
from relevome.engines.local import Local
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer
from relevome.evaluation.scoring import ScoreBatch, Scorer
from relevome.jobs.motifs.asking import CausesAsked, causes_by, estimate_causes
from relevome.jobs.motifs.causes import causes_of
from relevome.jobs.motifs.of_run import MotifsAsked, motifs_of_run
from relevome.models.base import Batch, Model
from relevome.models.batching import batch_sizes_of
from relevome.results.motifs.causes import MotifCauses
from relevome.results.motifs.settings import MotifSearch
from relevome.results.run.reader import Run
from tests.backwards import Backwards
from tests.jobs.motifs.test_causes import BOXES, Boxes
from tests.results.same import assert_same

AT_ONCE, LETTERS = 16, 100


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Motifs are put into four shuffles."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("relevome.jobs.motifs.causes.BACKGROUNDS", 4)
        yield


@pytest.fixture(scope="module")
def model() -> Model:
    return relevome.from_module(Boxes(), labels=["promoter"])


@pytest.fixture(scope="module")
def runs(model: Model, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """30 promoters, and their shuffles."""
    folder, rng, promoters = tmp_path_factory.mktemp("runs"), np.random.default_rng(3), list[str]()
    for _ in range(30):
        letters = rng.choice(list("ACGT"), LETTERS)
        letters[40:46], letters[63:69] = list(BOXES[0]), list(BOXES[1])
        promoters.append("".join(letters))
    shuffles = [dinucleotide_shuffle(one, rng) for one in promoters]
    return [
        relevome.explain(
            model, [Sequence(f"s{i}", one, DNA) for i, one in enumerate(some)], "mutagenesis",
            out=folder / name,
        )
        for name, some in (("run", promoters), ("shuffles", shuffles))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def asked(model: Model, runs: list[Run]) -> CausesAsked:
    found = motifs_of_run(runs[0], 1, False, MotifsAsked(None, MotifSearch(), (runs[1],)))
    return CausesAsked(runs[0], model.with_batch_sizes(batch_sizes_of(AT_ONCE)), None, found, 0)


@pytest.fixture(scope="module")
def here(asked: CausesAsked) -> MotifCauses:
    """What one scorer says that asks in this process, without any engine."""
    how, scorer = explainer(asked.run, asked.model), Scorer(asked.model)

    def predict(some: Iterable[Sequence]) -> np.ndarray:
        return scorer.scores((asked.model.tokenize(one), how.targets[0]) for one in some)

    return causes_of(predict, asked.found, asked.seed)


@pytest.mark.parametrize("engine", ["local", Backwards(), Local(2)])
def test_answers_are_the_same_to_the_last_digit_by_any_engine(
    engine: Engine | str, asked: CausesAsked, here: MotifCauses
) -> None:
    assert {one.motif for one in here.taken_out} >= {"positive_1", "positive_2"}
    assert len(here.pairs) > 0
    assert_same(causes_by(engine, asked, None), here)


@dataclass(frozen=True)
class Mortal:
    """An engine that is ended after so many batches of all its maps; ``sizes`` are of those it computed."""

    last: int = -1
    sizes: list[int] = field(default_factory=list)

    def map(self, task: Callable[[Any], Any], shards: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        for number, work in shards:
            if len(self.sizes) == self.last:
                raise KeyboardInterrupt
            self.sizes.append(len(work))
            yield number, task(work)


def stopped(asked: CausesAsked, after: int, folder: Path) -> list[int]:
    """The sizes of the batches that were asked until then."""
    engine = Mortal(after)
    with pytest.raises(KeyboardInterrupt):
        causes_by(engine, asked, folder)
    return engine.sizes


def test_what_was_answered_is_not_asked_again(asked: CausesAsked, here: MotifCauses, tmp_path: Path) -> None:
    every, rest, other = Mortal(), Mortal(), Mortal()
    causes_by(every, asked, None)
    before = stopped(asked, 20, tmp_path) + stopped(asked, 30, tmp_path)
    assert_same(causes_by(rest, asked, tmp_path), here)
    assert before + rest.sizes == every.sizes
    smaller = replace(asked, model=asked.model.with_batch_sizes(batch_sizes_of(AT_ONCE - 1)))
    causes_by(other, smaller, tmp_path)  # of other batches nothing is there
    assert sum(other.sizes) == sum(every.sizes)


def test_answers_that_are_damaged_are_asked_for_again(
    asked: CausesAsked, here: MotifCauses, tmp_path: Path
) -> None:
    stopped(asked, 20, tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    every, again = Mortal(), Mortal()
    assert_same(causes_by(again, asked, tmp_path), here)
    causes_by(every, asked, None)
    assert again.sizes == every.sizes


def test_a_plan_counts_what_is_asked_then(asked: CausesAsked, tmp_path: Path) -> None:
    before = stopped(asked, 20, tmp_path)
    there, engine = sorted(tmp_path.iterdir()), Mortal()
    every, rest = (estimate_causes([asked], AT_ONCE, engine, folder) for folder in (None, tmp_path))
    assert engine.sizes == []
    assert sorted(tmp_path.iterdir()) == there
    causes_by(engine, asked, None)
    assert (every.shards, every.sequences, every.there) == (len(engine.sizes), sum(engine.sizes), 0)
    assert every.letters == LETTERS * every.sequences
    assert (rest.shards, rest.there) == (every.shards - 20, 20)
    assert rest.sequences == every.sequences - sum(before)
    twice = estimate_causes([asked, asked], AT_ONCE, engine, None)
    assert (twice.shards, twice.sequences) == (2 * every.shards, 2 * every.sequences)


@dataclass(frozen=True)
class FatalBatch(ScoreBatch):
    """What kills every process but the one that made it."""

    maker: int = field(default_factory=os.getpid)

    def __call__(self, batch: Batch) -> np.ndarray:
        if os.getpid() != self.maker:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(batch)


def test_a_worker_that_is_killed_is_said_in_one_line_and_the_same_command_goes_on(
    model: Model, runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relevome.jobs.motifs.asking.ScoreBatch", FatalBatch)
    given: dict[str, Any] = {"shuffles": [runs[1]], "causes": True, "models": [model], "batch_size": AT_ONCE}
    whole, folder = relevome.motifs(runs[0], **given, out=tmp_path / "whole"), tmp_path / "stopped"
    with pytest.raises(InputError, match=r"^one of 2 workers was killed, .*what was finished is kept$"):
        relevome.motifs(runs[0], **given, out=folder, engine=Local(2))
    assert not folder.exists()  # nothing was finished
    with pytest.raises(KeyboardInterrupt):
        relevome.motifs(runs[0], **given, out=folder, engine=Mortal(20))
    assert {path.name[:7] for path in folder.glob("[a-z]*")} == {"answers"}
    assert_same(relevome.motifs(runs[0], **given, out=folder).causes, whole.causes)
    for path in (tmp_path / "whole").glob("*.tsv"):
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert not [*folder.glob("answers*")]


def test_a_plan_is_of_what_asks_a_model(runs: list[Run]) -> None:
    with pytest.raises(InputError, match=r"nothing of this asks a model.*--causes"):
        relevome.motifs(runs[0], planned=print)
