"""The house itself: what can be imported with what, and what holds for every file."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import relevome
from tests import imports

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "relevome"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = sorted({path.parent for path in MODULES})

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
FEATURES = {extra: EXTRAS[extra] for extra in EXTRAS if extra not in ("dev", "docs")}
DEEP_LEARNING = {"torch", "transformers"}
# What is imported has another name than what is installed.
IMPORTED_AS = {"biopython": "Bio", "modisco-lite": "modiscolite", "protobuf": "google.protobuf"}
OPTIONAL = sorted(
    {IMPORTED_AS.get(library, library) for libraries in FEATURES.values() for library in libraries}
)


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE.parent))


def is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False


def import_without(libraries: list[str], package: str, folder: Path) -> tuple[int, str]:
    """Import a package and every module in it, in a new process that lacks some libraries."""
    context = imports.fresh() if DEEP_LEARNING & set(libraries) else imports.with_foundations()
    return imports.outcome(context, imports.everything_without, folder, libraries, package)


@pytest.mark.parametrize("missing", [OPTIONAL, *([library] for library in OPTIONAL)], ids=",".join)
def test_the_core_imports_without(missing: list[str], tmp_path: Path) -> None:
    code, said = import_without(missing, "relevome", tmp_path)
    assert code == 0, said


def test_what_comes_in_imports_without_deep_learning(tmp_path: Path) -> None:
    code, said = import_without(["torch", "transformers"], "relevome.data", tmp_path)
    assert code == 0, said


def test_whoever_loads_a_model_waits_for_no_training(tmp_path: Path) -> None:
    context, work = imports.with_foundations(), imports.a_model_is_to_be_loaded
    code, said = imports.outcome(context, work, tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("library", [*OPTIONAL, "torch", "transformers"])
def test_a_blocked_library_is_there_but_cannot_be_imported(library: str, tmp_path: Path) -> None:
    if not is_installed(library):
        pytest.skip(f"needs {library}, which is not installed")
    code, said = import_without([library], library, tmp_path)
    assert code == 1
    assert f"ModuleNotFoundError: import of {library} halted" in said


def test_a_library_that_is_imported_already_cannot_be_blocked(tmp_path: Path) -> None:
    context, work = imports.with_foundations(), imports.everything_without
    code, said = imports.outcome(context, work, tmp_path, ["torch"], "relevome.data")
    assert (code, said) == (1, "too late to block ['torch']\n")


def test_a_module_that_cannot_be_imported_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "careless" / "deep").mkdir(parents=True)
    (tmp_path / "careless" / "__init__.py").touch()
    (tmp_path / "careless" / "deep" / "__init__.py").touch()
    (tmp_path / "careless" / "deep" / "module.py").write_text("import peft\n")
    monkeypatch.syspath_prepend(tmp_path)
    code, said = import_without(["peft"], "careless", tmp_path)
    assert code == 1
    assert "import of peft halted" in said


@pytest.mark.parametrize("package", PACKAGES, ids=name)
def test_every_package_says_what_it_is_for(package: Path) -> None:
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text()))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_file_is_one_idea(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 350


def test_every_family_of_metrics_is_kept_from_the_others() -> None:
    contracts = {one["name"]: one for one in SETTINGS["tool"]["importlinter"]["contracts"]}
    contract = contracts["Families of metrics do not import each other"]
    assert contract["modules"] == ["relevome.evaluation.metrics.*"]
    # the contract speaks of one folder: no family is anywhere else
    families = {path.parent for path in MODULES if "metrics.register(" in path.read_text()}
    assert families <= {SOURCE / "evaluation" / "metrics"}


def test_every_direct_dependency_is_pinned() -> None:
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    wanted = [*PROJECT["dependencies"], *(library for libraries in EXTRAS.values() for library in libraries)]
    names = {re.split(r"[\[>=<]", requirement)[0] for requirement in wanted} - {"relevome"}
    assert names <= set(pinned)


def test_the_citation_names_this_version() -> None:
    assert f"\nversion: {relevome.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_a_public_class_name_is_defined_once() -> None:
    names = [
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("package", PACKAGES, ids=name)
def test_a_package_is_seen_at_a_glance(package: Path) -> None:
    """`cli` has a file for every command, and `relevome --help` is its list."""
    assert len(list(package.glob("*.py"))) <= (30 if package.name == "cli" else 21)
