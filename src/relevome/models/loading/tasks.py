"""What a model can be asked for, and the classes of transformers that answer it."""

from __future__ import annotations

from typing import Any

import transformers

from relevome.models.questions import Task

# How the classes of checkpoints end.
ENDINGS: dict[str, Task] = {
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
    "ForMaskedLM": "masked",
    "ForCausalLM": "causal",
    "LMHeadModel": "causal",
}
# Names only: it takes seconds until transformers has what stands behind them.
AUTO: dict[Task, str] = {
    task: f"AutoModel{ending}" for ending, task in ENDINGS.items() if ending.startswith("For")
}


def auto_class(task: Task) -> Any:
    """The class of transformers that finds the model of a task."""
    return getattr(transformers, AUTO[task])
