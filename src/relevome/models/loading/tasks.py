"""What a model can be asked for, and the classes of transformers that answer it."""

from __future__ import annotations

from typing import Any

import transformers

from relevome.models.base import Task

AUTO: dict[Task, Any] = {
    "sequence": transformers.AutoModelForSequenceClassification,
    "token": transformers.AutoModelForTokenClassification,
    "masked": transformers.AutoModelForMaskedLM,
}
ENDINGS: dict[str, Task] = {
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
    "ForMaskedLM": "masked",
}
