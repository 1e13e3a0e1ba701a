"""What tells a model by its path."""

from __future__ import annotations

import pytest

from relevome.report.runs import model_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/dnabert2", "dnabert2"),
        ("/tmp/study/simulated/transformer/0/model", "transformer/0/model"),
        ("annotator/0", "annotator/0"),
        ("mine/checkpoint-500", "mine/checkpoint-500"),
        ("models/sapiens/checkpoint_vh.pt", "sapiens/checkpoint_vh.pt"),
        ("models/sapiens/model.safetensors", "sapiens/model.safetensors"),
        ("/model", "model"),
        ("None", "None"),
        ("code.py:network", "code.py:network"),
    ],
)
def test_a_model_is_called_by_the_end_of_its_path_from_what_tells_it(path: str, name: str) -> None:
    assert model_name(path) == name
