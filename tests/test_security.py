"""The promises of docs/security.md: each has tests that exist, and here are those that stand nowhere else."""

from __future__ import annotations

import ast
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.data.formats.uniprot import entries, xml_features
from relevome.errors import InputError
from relevome.models.loading.state_dicts import indexed
from relevome.models.published.wheels import Wheel
from relevome.results.arrays import read_arrays, write_arrays
from relevome.results.outputs import target_paths

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
TO_COME = "to be filled in"


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a module, by the name that it is called by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


class Trace:
    """Unpickled, it would make a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    assert len(PROMISES) >= 15
    assert [line for line in PROMISES if "`tests/" not in line and TO_COME not in line] == []
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_whatever_reads_weights_or_arrays_refuses_pickles() -> None:
    found = []
    for path in (ROOT / "src" / "relevome").rglob("*.py"):
        for name, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            given = {one.arg: ast.unparse(one.value) for one in call.keywords}
            if name == "torch.load":
                assert given.get("weights_only") == "True", path
            elif name in ("np.load", "numpy.load"):
                assert given.get("allow_pickle", "False") == "False", path
            else:
                assert name not in ("pickle.load", "pickle.loads", "eval", "os.system"), path
                continue
            found.append(name)
    assert {*found} == {"torch.load", "np.load"}


def test_arrays_of_objects_are_refused_and_nothing_in_them_runs(tmp_path: Path) -> None:
    file, ran = tmp_path / "a.npz", tmp_path / "ran"
    np.savez(file, x=np.array([Trace(ran)], dtype=object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        read_arrays(file)
    assert not ran.exists()
    with np.load(file, allow_pickle=True) as found:
        assert len(found["x"]) == 1
    assert ran.exists(), "with pickles it would have run"
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_arrays(tmp_path / "b.npz", {"x": np.array([1, "a"], dtype=object)})


@pytest.mark.parametrize("name", ["../w.pt", "/tmp/w.pt", "in/w.pt", "..", ""])
def test_an_index_names_no_file_elsewhere(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "model"
    (inside / "in").mkdir(parents=True)
    for place in (tmp_path, inside, inside / "in"):
        (place / "w.pt").touch()
    index = inside / "pytorch_model.bin.index.json"
    index.write_text('{"weight_map": {"a": "w.pt"}}')
    assert indexed(index) == [inside / "w.pt"]
    index.write_text(f'{{"weight_map": {{"a": "w.pt", "b": "{name}"}}}}')
    with pytest.raises(InputError, match=r"names .*, which is not beside it: copy all files of the weights"):
        indexed(index)


def test_files_named_after_labels_stay_in_their_folder(tmp_path: Path) -> None:
    labels = ["..", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", ".", "", "a b", "x"]
    found = target_paths(tmp_path / "out.bed", labels)
    assert len({*found.values()}) == len(labels)
    assert {path.resolve().parent for path in found.values()} == {tmp_path.resolve()}
    assert all("\0" not in path.name for path in found.values())


def test_a_file_of_an_archive_has_no_folders(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("p/w.pt", "p/../../../w.pt", "/etc/w.pt", "p/other.py"):
            archive.writestr(name, name)
    file = tmp_path / "p.whl"
    file.write_bytes(content.getvalue())
    wheel = Wheel("p", "1", sha256(content.getvalue()).hexdigest(), ("*w.pt",), "none")
    wheel.check(file)
    assert {name for name, _ in wheel.files(file)} == {"w.pt"}
    file.write_bytes(content.getvalue() + b"x")
    with pytest.raises(InputError, match="nothing of it was used, download it again"):
        wheel.check(file)


HEAD = '<?xml version="1.0"?>\n<!DOCTYPE u [{}]>\n<uniprot xmlns="http://uniprot.org/uniprot"><entry>'
TAIL = "<accession>{}</accession></entry></uniprot>"
GROWING = '<!ENTITY a0 "aaaaaaaaaaaaaaaaaaaa">' + "".join(
    f'<!ENTITY a{i + 1} "{f"&a{i};" * 20}">' for i in range(12)
)


@pytest.mark.parametrize(
    ("entities", "used", "said"),
    [
        ('<!ENTITY file SYSTEM "file:///etc/hostname">', "&file;", "undefined entity &file;"),
        (GROWING, "&a12;", "limit on input amplification factor"),
    ],
    ids=["other files", "growing"],
)
def test_xml_reads_no_other_file_and_does_not_grow(
    entities: str, used: str, said: str, write: Callable[..., Path]
) -> None:
    file = write("a.xml", HEAD.format(entities) + TAIL.format(used))
    for read in (entries, xml_features):
        with pytest.raises(
            InputError, match=rf"^{file} is broken XML \({said}.*\): copy or download it again$"
        ):
            list(read(file))
