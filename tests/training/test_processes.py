"""Several processes that share a training give what one gives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from relevome.errors import InputError
from relevome.jobs.train import _carried_out, train
from relevome.training import while_fitting
from relevome.training.labelled import loss_of_part
from relevome.training.masked import loss_of_hidden
from relevome.training.objective import Reached
from relevome.training.processes import in_processes
from relevome.training.settings import TrainingSettings

TEACHER = "TATAAT"


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., TrainingSettings]:
    """Settings of a CNN without dropout on 64 sequences of one length."""
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({"model_type": "relevome-cnn", "dropout": 0.0}))
    draw = np.random.default_rng(0)

    def table(name: str, rows: int) -> Path:
        lines = ["sequence,label"]
        for row in range(rows):
            letters = "".join(draw.choice(list("ACGT"), 24))
            # one in four, so that classes are not equally many
            planted = letters[:9] + TEACHER + letters[15:] if row % 4 == 0 else letters
            lines.append(f"{planted},{int(row % 4 == 0)}")
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    tables: dict[str, Any] = {"train": table("train", 64), "validation": table("validation", 30)}

    def made(output: str, **others: Any) -> TrainingSettings:
        usual: dict[str, Any] = {"arch": str(plain), "epochs": 2, "batch_size": 16, "device": "cpu"}
        return TrainingSettings(output=tmp_path / output, **(usual | tables | others))

    return made


def weights(output: Path) -> torch.Tensor:
    """All of a model in a row."""
    return torch.cat([value.flatten() for value in load_file(output / "model.safetensors").values()])


# transformers gives its BERT how many labels a batch has, of which that makes no use
BERT = {
    "model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 32, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("class_weights", [False, True])
def test_two_processes_learn_what_one_does(
    asked: Callable[..., TrainingSettings], tmp_path: Path, class_weights: bool
) -> None:
    """Their parts of a batch have unlike numbers of a class, so that a mean of means would be another."""
    others: dict[str, Any] = {"class_weights": class_weights}
    if not class_weights:
        others["arch"] = str(tmp_path / "bert.json")
        (tmp_path / "bert.json").write_text(json.dumps(BERT))
    one = train(asked("one", **others))
    told: list[Reached] = []
    two = train(asked("two", processes=2, **others), progress=told.append)
    assert (told[-1].epoch, told[-1].step) == (2, 8)
    # Adam divides by the size of gradients, so that rounding counts where they are near zero
    assert torch.allclose(weights(two.output), weights(one.output), rtol=0, atol=2e-5)
    for part, scores in one.metrics.items():
        assert two.metrics[part] == pytest.approx(scores, abs=1e-4)
    # every score is of every sequence once, also where they cannot be shared out evenly
    for name in ("loss", "grad_norm"):
        assert [x[name] for x in two.history] == pytest.approx([x[name] for x in one.history], 1e-3)


class Stopped(Exception):
    """Somebody ends a training."""


def _often(asked: TrainingSettings, watch: Any) -> None:
    """A training that keeps a checkpoint after every step, and tells of every one."""
    while_fitting.EVERY, while_fitting.SHARE, while_fitting._TOLD_EVERY = 0.0, float("inf"), 0.0
    _carried_out(asked, watch)


def _waiting(asked: TrainingSettings, watch: Any) -> None:
    """The same, which waits to be ended after it has told of the sixth step."""

    def told(reached: Reached) -> None:
        watch(reached)
        if reached.step == 6 and reached.scores is None:
            time.sleep(100)

    _often(asked, told)


def test_goes_on_where_it_was_stopped(asked: Callable[..., TrainingSettings]) -> None:
    """Within the second epoch, with dropout, of which every process draws its own."""
    whole, again = (asked(name, arch="cnn", processes=2) for name in ("whole", "again"))

    def stop(reached: Reached) -> None:
        if reached.step == 6 and reached.scores is None:
            raise Stopped

    in_processes(2, _often, whole, lambda _: None)
    with pytest.raises(Stopped):
        in_processes(2, _waiting, again, stop)
    with pytest.raises(InputError, match="is from another training"):
        train(replace(again, processes=1, resume=True))
    assert (again.output / "checkpoints").is_dir()
    in_processes(2, _often, replace(again, resume=True), lambda _: None)
    assert torch.equal(weights(again.output), weights(whole.output))


def test_what_one_of_them_finds_wrong_is_one_clear_line(asked: Callable[..., TrainingSettings]) -> None:
    settings = asked("two", processes=2)
    assert settings.train is not None
    settings.train.write_text("sequence,label\nACGTJ,1\n")
    with pytest.raises(InputError, match="J"):
        train(settings)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"processes": 3}, "batch_size is 16, which 3 processes cannot share out evenly"),
        ({"processes": 0}, "processes is 0: expected a number above 0"),
        ({"processes": 2, "device": "cuda"}, "cuda|CUDA"),
    ],
)
def test_numbers_that_make_no_sense(
    asked: Callable[..., TrainingSettings], others: dict[str, Any], said: str
) -> None:
    if others.get("device") == "cuda" and torch.cuda.device_count() > 1:
        pytest.skip("this machine has two GPUs")
    with pytest.raises(InputError, match=said):
        train(asked("two", **others))


DRAWN = torch.randn(8, 2, 3, generator=torch.Generator().manual_seed(0))
HIDDEN = torch.tensor([[0, -100], [-100, 1], [2, -100], [0, 1], [2, 2], [1, 1], [0, 2], [2, 0]])
WEIGHT, CLASSES = torch.tensor([0.5, 3.0, 7.0]), torch.tensor([0, 0, 1, 2, 1, 0, 0, 0])
NUMBERS = torch.arange(24.0).reshape(8, 3) / 7
OVER_HIDDEN = F.cross_entropy(DRAWN.flatten(0, 1), HIDDEN.flatten())
# Of eight sequences: the loss of a part of them, logits, labels, and torch's own mean over all.
LOSSES = (
    (loss_of_part("multi-class", WEIGHT), DRAWN[:, 0], CLASSES,
     F.cross_entropy(DRAWN[:, 0], CLASSES, weight=WEIGHT)),
    (loss_of_part("token", None), DRAWN, HIDDEN, OVER_HIDDEN),
    (loss_of_hidden, DRAWN, HIDDEN, OVER_HIDDEN),
    (loss_of_part("regression", None), DRAWN[:, 0], NUMBERS, F.mse_loss(DRAWN[:, 0], NUMBERS)),
)  # fmt: skip


def _shares(asked: None, watch: Any) -> None:
    """The loss of the part of this process, three sequences or five, added to that of the other."""
    part = slice(0, 3) if torch.distributed.get_rank() == 0 else slice(3, 8)
    for of_part, logits, labels, _ in LOSSES:
        loss = of_part(SimpleNamespace(logits=logits[part]), labels[part])
        torch.distributed.all_reduce(loss)
        watch(float(loss))


def test_losses_of_parts_add_up_to_the_mean_over_all() -> None:
    """Parts have other numbers of labels, or of their weight."""
    wanted = [pytest.approx(float(mean), abs=1e-6) for *_, mean in LOSSES]
    told: list[float] = []
    in_processes(2, _shares, None, told.append)  # pyright: ignore[reportArgumentType]
    assert told == wanted
    assert [float(loss(SimpleNamespace(logits=x), y)) for loss, x, y, _ in LOSSES] == wanted
