"""Nothing is fetched unless the user said so, and a hub that does not answer is given up soon."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file

from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from tests import hub, imports

Saved = Callable[[str], Path]
NOWHERE = "http://hub.invalid"


def told(home: Path, address: str, reachable: bool, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    code, said = imports.outcome(imports.with_foundations(), hub.loads, home, home, address, reachable, asked)
    assert code == 0, said
    return json.loads((home / "told.json").read_text())


def changed(saved: Saved, folder: Path, toy: str = "protbert", **entries: Any) -> Path:
    """A toy's folder with other entries in its config.json."""
    shutil.copytree(saved(toy), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | entries))
    return folder


def cached(folder: Path, home: Path, name: str) -> None:
    """A folder as a model that was fetched before, with weights as a .bin."""
    kept = home / "hub" / f"models--{name.replace('/', '--')}"
    copy = Path(shutil.copytree(folder, kept / "snapshots" / hub.COMMIT))
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(hub.COMMIT)


def adapter(folder: Path) -> Path:
    peft: Any = pytest.importorskip("peft", reason="needs the extra `lora`")
    config = peft.LoraConfig(r=2, target_modules=["query"], base_model_name_or_path="owner/base")
    folder.mkdir()
    config.save_pretrained(folder)
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, folder / "adapter_model.safetensors")
    return folder


def test_without_download_no_connection_is_asked_for(saved: Saved, tmp_path: Path) -> None:
    code = dict.fromkeys(("AutoConfig", "AutoModelForSequenceClassification"), "owner/code--modeling.Own")
    cached(saved("protbert"), tmp_path, "owner/kept")
    cached(changed(saved, tmp_path / "damaged", hidden_size=15), tmp_path, "owner/damaged")
    plain = saved("protbert")
    asked: dict[str, tuple[dict[str, Any], str]] = {
        "a folder": ({"path": str(plain)}, "BertForSequenceClassification"),
        "in the cache": ({"path": "owner/kept"}, "BertForSequenceClassification"),
        "damaged in the cache": ({"path": "owner/damaged"}, "the weights of owner/damaged cannot be read"),
        "not in the cache": ({"path": "owner/other"}, "(hub ids are fetched by such as `explain"),
        "code on the hub": (
            {"path": str(changed(saved, tmp_path / "code", model_type="own", auto_map=code)),
             "trust_remote_code": True},
            "(weights, tokenizer or code) that are not here: they are fetched only with --download",
        ),
        "a kernel on the hub": (
            {"path": str(changed(saved, tmp_path / "kernel", _attn_implementation="owner/kernel"))},
            "BertForSequenceClassification",
        ),
        "an adapter to a model on the hub": (
            {"path": str(adapter(tmp_path / "adapter"))},
            "there is no folder owner/base, nor a model of that hub id",
        ),
        "no tokenizer": ({"path": str(changed(saved, tmp_path / "bare"))}, "bare has no tokenizer"),
    }  # fmt: skip
    for file in (tmp_path / "bare").glob("*token*"):
        file.unlink()
    vain = {f"owner/{name}": {"path": f"owner/{name}", "download": True} for name in ("other", "kept")}
    found = told(tmp_path, NOWHERE, False, {name: what for name, (what, _) in asked.items()} | vain)
    for name, (_, expected) in asked.items():
        assert expected in found[name]["said"], name
        assert "\n" not in found[name]["said"], name
        assert found[name]["hosts"] == [], name
    # with --download the hub is asked, and given up soon where it does not answer
    assert found["owner/other"]["said"].endswith(
        f"nor a model of that hub id in the local cache, and {NOWHERE} does not answer "
        "([Errno -2] Name or service not known)"
    )
    assert found["owner/kept"]["said"] == "BertForSequenceClassification"
    assert all(found[name]["hosts"] and found[name]["seconds"] < 6 for name in vain)


def test_with_download_a_model_is_fetched(saved: Saved, tmp_path: Path) -> None:
    asked = {name: {"path": f"owner/{name}", "download": True} for name in ("model", "other", "empty", "a/b")}
    asked["again"] = {"path": "owner/model"}
    (tmp_path / "empty").mkdir()
    with hub.serving({"owner/model": saved("protbert"), "owner/empty": tmp_path / "empty"}) as address:
        found = told(tmp_path, address, True, asked)
    assert found["model"]["said"] == found["again"]["said"] == "BertForSequenceClassification"
    assert found["model"]["hosts"]
    assert found["again"]["hosts"] == []
    for name in ("other", "a/b"):
        assert f"there is no folder owner/{name}, nor a model of that id at {address}" in found[name]["said"]
    assert "owner/empty cannot be fetched" in found["empty"]["said"]
    assert all("\n" not in one["said"] and one["seconds"] < 6 for one in found.values())


def test_a_hub_that_fails_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.serving({}, status=503) as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        since = time.perf_counter()
        with pytest.raises(InputError, match=rf"{address} does not answer \(status 503\)$"):
            load_model("owner/model", download=True)
    assert time.perf_counter() - since < 6
    assert constants.HF_HUB_OFFLINE is False


def test_where_the_user_said_offline_download_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"does not answer .*offline mode is enabled.*unset the `HF_HUB"):
        load_model("owner/model", download=True)
