from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.attribution import Method, methods
from relevome.errors import InputError
from relevome.registry import Registry
from relevome.studies import studies
from tests.documented import example

OTHERS_METHOD = """
from dataclasses import dataclass
import numpy as np
from relevome.attribution import Relevance

@dataclass(frozen=True)
class Constant:
    value: float = 1.0

    def attribute(self, model, batch):
        return [Relevance(t, g, 0.0, letters=np.full(len(t.sequence), self.value))
                for t, g in zip(batch.tokens, batch.targets)]
"""


def install(folder: Path, module: str, code: str, points: str) -> None:
    """Someone else's package of one module, with entry points."""
    (folder / f"{module}.py").write_text(code)
    info = folder / "others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Someone else's package, installed with an entry point for a method."""
    methods.discover()  # before it is there, or the process would keep it for all tests that follow
    points = "[relevome.methods]\nconstant = others_method:Constant\n"
    install(tmp_path, "others_method", OTHERS_METHOD, points)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def fresh_methods() -> Registry[type[Method]]:
    """The methods as a new process would find them; our own are registered by their modules already."""
    registry: Registry[type[Method]] = Registry("method", "relevome.attribution")
    for name, method in methods.items():
        registry.register(name)(method)
    return registry


def test_a_method_of_another_package_is_found_by_its_entry_point(package: Path) -> None:
    found = fresh_methods()
    assert set(found) == {*methods, "constant"}
    assert found["constant"]().value == 1.0  # pyright: ignore[reportAttributeAccessIssue]


def test_another_package_does_not_take_over_a_name(package: Path) -> None:
    points = package / "others-1.0.dist-info" / "entry_points.txt"
    points.write_text("[relevome.methods]\nattnlrp = others_method:Constant\n")
    found = fresh_methods()
    for _ in range(2):  # also not once it was tried
        with pytest.raises(ValueError, match="method 'attnlrp' is registered twice: choose another name"):
            found["attnlrp"]


def test_a_name_is_never_taken_over() -> None:
    registry: Registry[int] = Registry("number", "relevome.discovery")
    registry.register("one")(1)
    registry.register("one")(1)
    with pytest.raises(ValueError, match="number 'one' is registered twice"):
        registry.register("one")(2)
    assert registry["one"] == 1


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    registry: Registry[int] = Registry("number", "relevome.discovery")
    registry.register("two")(2)
    registry.register("one")(1)
    with pytest.raises(InputError, match=r"^unknown number 'three': expected one of one, two$"):
        registry["three"]


def test_entries_come_sorted() -> None:
    registry: Registry[int] = Registry("number", "relevome.discovery")
    for name in "bac":
        registry.register(name)(ord(name))
    assert list(registry) == ["a", "b", "c"]
    assert registry.items() == [("a", 97), ("b", 98), ("c", 99)]


def test_a_new_file_with_a_registration_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zoo_of_tests"
    folder.mkdir()
    (folder / "__init__.py").write_text("from relevome.registry import Registry\n"
                                        "animals = Registry('animal', 'zoo_of_tests')\n")  # fmt: skip
    (folder / "lion.py").write_text("from zoo_of_tests import animals\nanimals.register('lion')('roars')\n")
    monkeypatch.syspath_prepend(tmp_path)
    from zoo_of_tests import animals  # pyright: ignore[reportMissingImports]

    assert animals.items() == [("lion", "roars")]


@pytest.fixture
def documented_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The study of docs/extend.md in someone else's package, and studies as a new process would find them."""
    point = "agreement = others_study:AgreementStudy"
    install(tmp_path, "others_study", example("A study"), f"[relevome.studies]\n{point}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(studies, "_entries", dict(studies.items()))
    monkeypatch.setattr(studies, "_discovered", False)


def test_a_study_of_another_package_is_a_command_by_its_entry_point(
    documented_study: None, relevome_cli: Callable[..., tuple[int, str, list[str]]],
    saved: Callable[[str], Path], tmp_path: Path,
) -> None:  # fmt: skip
    assert "agreement" in relevome_cli("list", "studies")[1]
    (tmp_path / "s.fa").write_text(">a\nACGTACGTACGT\n>b\nTTGACAACGTAT\n")
    given = ("--model", saved("roberta"), "--fasta", tmp_path / "s.fa")
    code, out, err = relevome_cli("study", "agreement", *given, "-o", tmp_path / "study")
    assert (code, err) == (0, [])
    assert re.search(r"^gradient-x-input and saliency: r = -?[01]\.\d\d$", out, re.MULTILINE)
    code, _, err = relevome_cli("study", "agreement", *given, "--method", "lrp", "-o", tmp_path / "study")
    assert (code, len(err)) == (2, 1)
    assert "holds a study with method ['gradient-x-input', 'saliency'], not ['lrp']" in err[0]
    code, _, err = relevome_cli("study", "agreement", "-o", tmp_path / "study")
    assert (code, len(err)) == (2, 1)
    assert "Missing option '--model'" in err[0]


def test_every_method_of_the_contract_so_far_is_there() -> None:
    expected = {
        "attnlrp", "lrp", "gradient-x-input", "saliency", "integrated-gradients", "mutagenesis", "attention",
        "rollout", "deeplift-shap",
    }  # fmt: skip
    assert expected <= set(methods)
