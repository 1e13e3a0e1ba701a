from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("gemmi", reason="needs the extra `structures`")

from relevome.errors import InputError
from relevome.results.export.pymol import PyMol
from tests.results.export.structure import LETTERS, dna

VALUES = np.array([0.1, -1e-7, 12345.678, 0, 0, 1 / 3, 0, 0, 0, -1e30], dtype=np.float32)


class Cmd(ModuleType):
    """The commands of PyMOL that a script uses, on atoms that are dictionaries."""

    def __init__(self, atoms):
        super().__init__("pymol.cmd")
        self.atoms, self.coloured, self.selected = atoms, {}, {}

    def alter(self, selection, expression, space):
        for atom in self._of(selection):
            exec(expression, dict(space), atom)  # noqa: S102 - as PyMOL does

    def iterate(self, selection, expression, space):
        for atom in self._of(selection):
            exec(expression, dict(space), dict(atom))  # noqa: S102

    def select_list(self, name, model, ids, mode):
        assert mode == "index"
        self.selected[name] = [atom for atom in self.atoms if atom["model"] == model and atom["index"] in ids]

    def spectrum(self, expression, palette, selection, minimum, maximum):
        self.coloured |= {
            (atom["model"], atom["index"]): atom[expression] for atom in self.selected[selection]
        }
        assert (palette, minimum) == ("blue_white_red", -maximum)

    def delete(self, name):
        del self.selected[name]

    def _of(self, selection):
        return [atom for atom in self.atoms if selection in ("all", atom["model"])]


def run_script(path, monkeypatch, atoms):
    package, cmd = ModuleType("pymol"), Cmd(atoms)
    monkeypatch.setattr(package, "cmd", cmd, raising=False)
    monkeypatch.setitem(sys.modules, "pymol", package)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {})  # noqa: S102 - the script is ours
    assert cmd.selected == {}
    return cmd


def atoms(model, chain="A"):
    return [{"model": model, "index": i, "chain": chain, "resi": str(i), "b": 42.0} for i in range(1, 13)]


def test_a_script_sets_b_factors_and_colours(make_run, letters_only, tmp_path, monkeypatch):
    run = make_run([letters_only("'''\n\"", LETTERS, VALUES, target='"""\nimport os')])
    PyMol(structure=dna(tmp_path)).export(run, tmp_path / "x.py")
    there = [*atoms("given"), *atoms("other", "B")]
    cmd = run_script(tmp_path / "x.py", monkeypatch, there)
    assert np.array([atom["b"] for atom in there[:10]], dtype=np.float32).tolist() == VALUES.tolist()
    assert {atom["b"] for atom in there[10:]} == {42.0}
    assert {*cmd.coloured} == {("given", i) for i in range(1, 11)}


def test_one_object_alone_and_no_colours_if_asked(make_run, letters_only, tmp_path, monkeypatch):
    run = make_run([letters_only("s", LETTERS, VALUES)])
    PyMol(structure=dna(tmp_path), object="given", colour=False).export(run, tmp_path / "x.py")
    there = [*atoms("given"), *atoms("copy")]
    cmd = run_script(tmp_path / "x.py", monkeypatch, there)
    assert {atom["b"] for atom in there if atom["model"] == "copy"} == {42.0}
    assert there[0]["b"] == pytest.approx(0.1)
    assert cmd.coloured == {}
    with pytest.raises(InputError, match="object is empty"):
        PyMol(object=" ")
