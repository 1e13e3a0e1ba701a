"""Published weights from a package: downloaded by pip from a folder of wheels, checked, and taken out."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.errors import InputError
from relevome.models.published import published
from relevome.models.published.wheels import Wheel
from tests.antibody_models import save_sapiens


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel like that of Sapiens, with small weights, in a folder that pip is told to look in."""
    known = published["sapiens"].wheel
    assert known is not None
    save_sapiens(tmp_path / "weights")
    place = tmp_path / "wheels"
    place.mkdir()
    file = place / f"{known.project}-{known.version}-py3-none-any.whl"
    about = f"{known.project}-{known.version}.dist-info"
    with zipfile.ZipFile(file, "w") as made:
        for path in (tmp_path / "weights").iterdir():
            made.write(path, f"sapiens/models/v1/{path.name}")
        made.writestr("sapiens/__init__.py", "raise SystemExit('it was run')")
        made.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: sapiens\nVersion: {known.version}\n"
        )
        made.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{about}/LICENSE", "MIT")
        made.writestr(f"{about}/RECORD", "")
    same = replace(known, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    monkeypatch.setattr(published["sapiens"], "wheel", same)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    return file


def test_weights_are_taken_out_of_the_package(wheel: Path, tmp_path: Path, relevome_cli: Any) -> None:
    out = tmp_path / "sapiens"
    code, said, _ = relevome_cli("data", "fetch", "sapiens", "-o", str(out))
    assert code == 0
    assert "sapiens 1.0.2, sha256 as expected; licence: MIT" in said
    assert {path.name for path in out.iterdir()} >= {
        "checkpoint_vh.pt",
        "dict.txt",
        "LICENSE",
        "fetched.json",
    }
    assert not (out / "__init__.py").exists()
    record = json.loads((out / "fetched.json").read_text())
    kept = (out / "checkpoint_vh.pt").read_bytes()
    assert record["files"]["checkpoint_vh.pt"] == hashlib.sha256(kept).hexdigest()
    assert relevome.load_model(out).task == "masked"
    code, _, errors = relevome_cli("data", "fetch", "sapiens", "-o", str(out))
    assert code == 2
    assert "replace it with --overwrite" in errors[-1]


def test_a_wheel_that_is_here_needs_no_download(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(InputError, match=r"pip cannot download sapiens==1.0.2 \(No matching distribution"):
        relevome.fetch("sapiens", tmp_path / "a")
    assert not (tmp_path / "a").exists()
    record = relevome.fetch("sapiens", tmp_path / "a", wheel=wheel)
    assert set(record["files"]) == {"checkpoint_vh.pt", "dict.txt", "LICENSE"}


def test_another_file_is_not_used(wheel: Path, tmp_path: Path) -> None:
    with wheel.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match=r"has sha256 .* nothing of it was used"):
        relevome.fetch("sapiens", tmp_path / "a")
    with pytest.raises(InputError, match=r"cannot read .*: expected a wheel"):
        relevome.fetch("sapiens", tmp_path / "a", wheel=tmp_path / "none.whl")
    assert not (tmp_path / "a").exists()
    with pytest.raises(InputError, match="unknown data set or published model 'sapien'"):
        relevome.fetch("sapien", tmp_path / "a")


def test_every_family_names_its_release() -> None:
    wheels = [family.wheel for _, family in published.items()]
    assert len(wheels) >= 4
    for one in wheels:
        assert isinstance(one, Wheel)
        assert len(one.sha256) == 64
        assert one.licence
