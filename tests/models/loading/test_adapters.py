"""A folder with an adapter is its base model with the adapter in it, or is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model
from relevome.models.loading import adapters

peft: Any = pytest.importorskip("peft", reason="needs the extra `lora`")

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

LETTERS = "MKTAYIAKQRGAVLI"


def logits(model: Model) -> np.ndarray:
    tokens = model.tokenize(Sequence("s", LETTERS, PROTEIN))
    with torch.no_grad():
        return model.module(**model.inputs(Batch((tokens,), (Target(0, ""),)))).logits[0].double().numpy()


def adapted(base: Path, out: Path, rank: int = 2, head: bool = False, seed: int = 0) -> np.ndarray:
    """Saves an adapter with random numbers for a model; gives the logits of both together, by peft itself."""
    model = load_model(base)
    torch.manual_seed(seed)
    config = peft.LoraConfig(
        r=rank, target_modules=["query", "value"], task_type="SEQ_CLS" if head else None,
        modules_to_save=["classifier"] if head else None, init_lora_weights=False,
    )  # fmt: skip
    model.module = peft.get_peft_model(model.module, config).eval()
    model.module.peft_config["default"].base_model_name_or_path = str(base)
    if head:
        with torch.no_grad():
            model.module.base_model.model.classifier.modules_to_save["default"].weight.add_(0.5)
    model.module.save_pretrained(out)
    return logits(model)


@pytest.fixture
def base(saved: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved("protbert"), tmp_path / "base"))


@pytest.mark.parametrize("where", ["beside its base", "alone"])
def test_the_base_has_the_adapter_in_its_weights(base: Path, tmp_path: Path, where: str) -> None:
    plain = load_model(base)
    folder = base if where == "beside its base" else tmp_path / "adapter"
    expected = adapted(base, folder)
    model = load_model(folder)
    np.testing.assert_allclose(logits(model), expected, rtol=1e-5, atol=1e-6)
    assert np.abs(expected - logits(plain)).max() > 1e-3
    assert not any("lora" in name for name, _ in model.module.named_modules())
    assert model.sha256 != plain.sha256
    assert model.labels == plain.labels


def test_another_adapter_is_another_model(base: Path, tmp_path: Path) -> None:
    digests = set()
    for seed in range(2):
        adapted(base, tmp_path / f"{seed}", seed=seed)
        digests.add(load_model(tmp_path / f"{seed}").sha256)
    assert len(digests) == 2


def test_a_head_that_came_with_the_adapter_needs_none_in_the_base(base: Path, tmp_path: Path) -> None:
    expected = adapted(base, tmp_path / "adapter", head=True)
    from transformers import AutoModel

    AutoModel.from_pretrained(base).save_pretrained(base)  # an encoder alone, as language models are
    with pytest.raises(InputError, match="has no trained weights"):
        load_model(base)
    model = load_model(tmp_path / "adapter")
    np.testing.assert_allclose(logits(model), expected, rtol=1e-5, atol=1e-6)
    assert len(model.labels) == len(expected)


def test_a_base_may_be_named_from_the_folder_of_the_adapter(base: Path, tmp_path: Path) -> None:
    expected = adapted(base, tmp_path / "adapter")
    config = tmp_path / "adapter" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": "../base"}))
    np.testing.assert_allclose(logits(load_model(tmp_path / "adapter")), expected, rtol=1e-5, atol=1e-6)


def test_without_peft_the_base_is_not_explained_instead(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapted(base, base)
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="has an adapter, which needs the library peft: pip install rel"):
        load_model(base)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("adapter_config.json", "{", "cannot be read"),
        ("adapter_config.json", "[]", "cannot be read"),
        ("adapter_config.json", "{}", "names no base model"),
        ("adapter_config.json", '{"base_model_name_or_path": "no/where"}', "there is no folder no/where"),
        ("adapter_model.safetensors", "x", "cannot be read"),
        ("adapter_model.safetensors", None, "it has no adapter_model.safetensors"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_one_line(
    base: Path, tmp_path: Path, file: str, content: str | None, message: str
) -> None:
    adapted(base, tmp_path / "adapter")
    path = tmp_path / "adapter" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        load_model(tmp_path / "adapter")
    assert "\n" not in str(error.value)
