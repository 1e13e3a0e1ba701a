"""What is done while transformers' Trainer fits: examples drawn afresh, somebody told, checkpoints kept.

The Trainer needs accelerate, an extra, so its classes are imported where they are used; a trainer is Any.
"""

from __future__ import annotations

import math
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relevome.training.fresh_examples import FreshExamples
from relevome.training.objective import Reached, Watch
from relevome.training.processes import as_the_first, wait

# Within an epoch a checkpoint is kept after so many seconds, or where writing takes more than this share of
# the time, as much later.
EVERY = 30.0
SHARE = 0.05

_BEGAN = "epoch_began{}.pt"
_TOLD_EVERY = 1.0


def trainer_class() -> Any:
    """The Trainer, with a loss of its own where scores have one, and checkpoints within epochs."""
    from transformers import Trainer

    class ExampleTrainer(Trainer):
        """A Trainer whose validation loss is that of the scores, if they have one.

        Its own is a mean over batches; where the loss is one of hidden tokens, batches have unlike numbers.
        """

        began: dict[str, Any] | None = None

        def evaluation_loop(self, *given: Any, **named: Any) -> Any:
            output = super().evaluation_loop(*given, **named)
            measured = output.metrics or {}
            if "eval_loss_of_scores" in measured:
                measured["eval_loss"] = measured.pop("eval_loss_of_scores")
            return output

        def _save_rng_state(self, output_dir: str) -> None:
            # before the file that says that a checkpoint is whole
            super()._save_rng_state(output_dir)
            if self.began is not None and not _is_whole(self.state):
                so_far = {"loss": self._tr_loss.detach().cpu().clone()}
                torch.save(self.began | so_far, _began_in(Path(output_dir), self.args))
            wait()

    return ExampleTrainer


def watch_over(trainer: Any, train: Any, watch: Watch) -> None:
    """Has the examples to learn from know their epoch, and ``watch`` told where the trainer is."""
    if isinstance(train, FreshExamples):
        trainer.add_callback(_fresh_draws(train))
    trainer.add_callback(_watched(trainer, watch))


def keep_within_epochs(trainer: Any, checkpoint: Path | None) -> None:
    """Has a trainer, which goes on from ``checkpoint``, keep some within epochs that take long.

    Going on from one of them gives the same weights and the same history as training at one go: an epoch
    begins with the random numbers that it began with, so that its batches are the same, and those that were
    learnt from are passed over; the Trainer then goes on with the numbers of the checkpoint.
    """
    from transformers import TrainerCallback

    class WithinEpochs(TrainerCallback):
        def __init__(self) -> None:
            self.kept = self.asked = time.monotonic()
            self.cost = 0.0

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            began = None if checkpoint is None or _is_whole(state) else _began_in(checkpoint, args)
            if began is None:
                trainer.began = {"draws": _draws(), "step": state.global_step}
                return
            trainer.began = torch.load(began, weights_only=True)
            _draw_again(trainer.began["draws"])
            trainer._tr_loss = trainer.began.pop("loss").to(args.device)
            trainer._globalstep_last_logged = trainer.began["step"]

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            # the end of an epoch is kept with its scores
            if _is_whole(state):
                return
            due = time.monotonic() - self.kept > max(EVERY, self.cost / SHARE)
            if as_the_first(torch.tensor(due)):
                self.asked = time.monotonic()
                control.should_save = True

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.kept = time.monotonic()
            if not _is_whole(state):
                self.cost = self.kept - self.asked

    trainer.add_callback(_orders_alike())
    trainer.add_callback(WithinEpochs())


def _began_in(checkpoint: Path, args: Any) -> Path:
    """A file of each process."""
    return checkpoint / _BEGAN.format(args.process_index or "")


def _orders_alike() -> Any:
    """Has all processes draw the same order of examples; what is dropped out each draws for itself."""
    from transformers import TrainerCallback

    class OrdersAlike(TrainerCallback):
        begins = False

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.begins = _is_whole(state)
            if self.begins:
                torch.set_rng_state(as_the_first(torch.get_rng_state()))

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if self.begins and args.process_index:
                torch.manual_seed(int(torch.randint(2**48, ())) + args.process_index)
            self.begins = False

    return OrdersAlike()


def _is_whole(state: Any) -> bool:
    """Whether a trainer is between two epochs."""
    return float(state.epoch or 0).is_integer()


def _draws() -> dict[str, Any]:
    """What random numbers will be drawn next, on the processor: batches are drawn there."""
    kind, words, place, has_gauss, gauss = np.random.get_state(legacy=True)
    numpy = (str(kind), torch.from_numpy(np.asarray(words).astype(np.int64)), place, has_gauss, gauss)
    return {"python": random.getstate(), "numpy": numpy, "torch": torch.get_rng_state()}


def _draw_again(draws: dict[str, Any]) -> None:
    random.setstate(draws["python"])
    kind, words, *rest = draws["numpy"]
    np.random.set_state((kind, words.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(draws["torch"])


def _fresh_draws(examples: FreshExamples) -> Any:
    """Tells the examples which epoch begins."""
    from transformers import TrainerCallback

    class FreshDraws(TrainerCallback):
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            examples.epoch = epochs_over(state)

    return FreshDraws()


def _watched(trainer: Any, watch: Watch) -> Any:
    """Tells where the training is, every second or so and at the end of every epoch."""
    from transformers import TrainerCallback

    class Watched(TrainerCallback):
        def __init__(self) -> None:
            self.told = time.monotonic()

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self._tell(state)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if time.monotonic() - self.told > _TOLD_EVERY:
                self._tell(state, _loss_so_far(trainer))

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            named = {name.removeprefix("eval_"): value for name, value in kwargs["metrics"].items()}
            scores = {name: x for name, x in named.items() if not is_timing(name) and name != "epoch"}
            self._tell(state, losses[-1] if losses else None, scores)

        def _tell(self, state: Any, loss: float | None = None, scores: Any = None) -> None:
            self.told = time.monotonic()
            epochs = state.num_train_epochs
            epoch = epochs_over(state) if scores is not None else min(epochs_over(state) + 1, epochs)
            watch(Reached(state.global_step, state.max_steps, epoch, epochs, loss, scores))

    return Watched()


def _loss_so_far(trainer: Any) -> float | None:
    """The mean over the steps of an epoch that are done."""
    steps = trainer.state.global_step - trainer._globalstep_last_logged
    return float(trainer._tr_loss) / steps if steps else None


def epochs_over(state: Any) -> int:
    """How many epochs a trainer has finished."""
    return math.floor((state.epoch or 0) + 1e-6)


def is_timing(name: str) -> bool:
    """Whether what a trainer measured is how fast it is."""
    return name in ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")
