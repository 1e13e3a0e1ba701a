"""A training that is killed after some steps, and goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import transformers

from relevome.jobs.train import train


def killed_and_resumed(asked: Any, steps: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What it ends with that is killed before the step behind so many, and resumed."""
    left, step = iter(range(steps)), transformers.Trainer.training_step

    def killed(*given: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return step(*given)

    with monkeypatch.context() as patch:
        patch.setattr(transformers.Trainer, "training_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(asked)
    return train(replace(asked, resume=True))
