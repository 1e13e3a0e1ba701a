"""Code that comes with a checkpoint may fail as it likes: that is one line, with the place and what to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.models.hugging_face import load_model

Saved = Callable[[str], Path]
Make = Callable[..., Path]

CONFIG = """
from transformers import BertConfig
class OwnConfig(BertConfig):
    model_type = "own"
"""
MODEL = """
from transformers import BertForSequenceClassification
{at_import}
from .configuration_own import OwnConfig
class OwnModel(BertForSequenceClassification):
    config_class = OwnConfig
    def __init__(self, config):
        {at_init}
        super().__init__(config)
    def forward(self, input_ids, attention_mask=None):
        {at_forward}
        return super().forward(input_ids=input_ids, attention_mask=attention_mask)
"""


@pytest.fixture
def make(saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A toy with code of its own, which has a line at import, when it is made, or when it runs."""
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("sys.path", [*sys.path])

    def made(**lines: str) -> Path:
        folder = Path(shutil.copytree(saved("protbert"), tmp_path / f"own{len(list(tmp_path.iterdir()))}"))
        config = json.loads((folder / "config.json").read_text())
        own = {"AutoConfig": "configuration_own.OwnConfig",
               "AutoModelForSequenceClassification": "modeling_own.OwnModel"}  # fmt: skip
        said = config | {"model_type": "own", "auto_map": own, "architectures": ["OwnModel"]}
        (folder / "config.json").write_text(json.dumps(said))
        (folder / "configuration_own.py").write_text(CONFIG)
        empty = {"at_import": "", "at_init": "pass", "at_forward": "pass"}
        (folder / "modeling_own.py").write_text(MODEL.format(**(empty | lines)))
        return folder

    yield made
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]


def test_code_that_works_is_as_the_architecture_it_is_like(saved: Saved, make: Make) -> None:
    model = load_model(make(), trust_remote_code=True)
    assert type(model.module).__name__ == "OwnModel"
    assert model.labels == load_model(saved("protbert")).labels
    assert load_model(make(), trust_remote_code=True, max_tokens=7).max_tokens == 7  # too few to try it on


FAULTS = {
    "a library that is not there": (
        {"at_import": "import einops_of_nowhere"},
        r"needs what is not installed: pip install einops_of_nowhere$",
    ),
    "one that is found out later": (
        {"at_init": "__import__('triton_of_nowhere.ops')"},
        "needs what is not installed: pip install triton_of_nowhere, or what else brings triton_of_nowhere$",
    ),
    "what transformers had": (
        {"at_import": "from transformers.pytorch_utils import find_pruneable_heads_and_indices"},
        r"wants what transformers 5\S+ does not have \(ImportError: cannot import name 'find_prune",
    ),
    "a module that transformers had": (
        {"at_init": "import transformers.onnx"},
        r"wants what transformers 5\S+ does not have \(ModuleNotFoundError: No module named 'tra",
    ),
    "at import": ({"at_import": "1 / 0"}, r"fails at modeling_own.py, line 3 \(ZeroDivisionError: div"),
    "no Python": ({"at_import": "print 'x'"}, r"fails.* \(SyntaxError: Missing p"),
    "it ends the program": ({"at_import": "raise SystemExit(3)"}, r"fails at modeling_own.py.* \(SystemExit"),
    "when it is made": (
        {"at_init": "raise KeyError('hidden')"},
        r"fails at modeling_own.py, line 8 \(KeyError: 'hidden'\): expected code for transformers 5",
    ),
    "what transformers asks of it": (
        {
            "at_import": "import torch",
            "at_init": "torch.nn.Module.__init__(self); self.config = config; return",
        },
        r"fails \(AttributeError: 'OwnModel' object has no attribute",
    ),
    "when it runs": (
        {"at_forward": "return self.no_such(input_ids)"},
        r"fails at modeling_own.py, line 11 \(AttributeError: 'OwnModel' object has no attribute 'no_such'\)",
    ),
    "over many lines": (
        {"at_forward": r"raise RuntimeError('first\n\nthen')"},
        r"fails .* \(RuntimeError: first then\)",
    ),
    "nothing that can be explained": (
        {"at_forward": "return input_ids"},
        "gives no logits but a Tensor: expected a model with a head",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_code_that_fails_is_one_line(make: Make, name: str) -> None:
    lines, message = FAULTS[name]
    folder = make(**lines)
    with pytest.raises(InputError, match=f"the code that comes with {folder} {message}") as caught:
        load_model(folder, trust_remote_code=True)
    assert "\n" not in str(caught.value)


def test_a_configuration_that_fails_is_one_line(make: Make) -> None:
    folder = make()
    (folder / "configuration_own.py").write_text(CONFIG + "\nraise ValueError('made for another version')\n")
    with pytest.raises(InputError, match=r"fails at configuration_own.py, line 6 \(ValueError: made for"):
        load_model(folder, trust_remote_code=True)


def test_damaged_weights_are_not_laid_to_the_code(make: Make) -> None:
    folder = make()
    (folder / "model.safetensors").write_bytes(b"x" * 99)
    with pytest.raises(InputError, match=r"the weights of .* cannot be read"):
        load_model(folder, trust_remote_code=True)
