"""A model from somebody's own file: run where it is named, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.errors import InputError

FILE = """
import torch
import relevome
from beside import WIDTH

def model():
    torch.manual_seed(0)
    print("run by name")
    cnn = torch.nn.Sequential(torch.nn.Conv1d(4, 2, WIDTH), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    return relevome.from_module(cnn.double(), outputs="classes", labels=["no", "yes"])

def fails():
    return 1 / 0

def number():
    return 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("WIDTH = 5\n")
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path / "mine.py"


def test_a_function_of_a_file_makes_the_model(file: Path) -> None:
    model = relevome.load_model(f"{file}:model")
    assert model.source.path == f"{file}:model"
    assert str(model.dtype) == "torch.float32"
    assert model.sha256 == relevome.load_model(f"{file}:model").sha256


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other", r"mine.py has no function 'other': expected FILE.py:function, which gives a model"),
        (
            "fails",
            r"mine.py, line 13 fails \(ZeroDivisionError: division by zero\): expected code that",
        ),
        ("number", r"mine.py:number gives a int: expected what relevome.from_module or relevome.load_model"),
    ],
)
def test_what_gives_no_model_is_one_line(file: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        relevome.load_model(f"{file}:{name}")


def test_a_file_that_is_no_python_is_one_line(file: Path) -> None:
    file.write_text("import torch\ndef model(:\n")
    with pytest.raises(InputError, match=r"mine.py, line 2 fails \(SyntaxError: .*\): expected code"):
        relevome.load_model(f"{file}:model")


def test_everything_that_asks_a_model_takes_it(file: Path, relevome_cli: Any, tmp_path: Path) -> None:
    fasta = tmp_path / "s.fa"
    fasta.write_text("".join(f">s{i}\n{'ACGTTGCAAC' * 3}{'ACGT'[i]}\n" for i in range(4)))
    run, model = tmp_path / "run", f"{file}:model"
    assert relevome_cli("explain", "--model", model, "--fasta", fasta, "-o", run)[0] == 0
    assert relevome.Run(run).manifest["model"]["class"] == "Sequential"
    assert relevome_cli("predict", "--model", model, "--fasta", fasta, "-o", tmp_path / "p")[0] == 0
    code, out, _ = relevome_cli("evaluate", run, "-o", tmp_path / "unnamed")
    assert (code, "run by name" in out) == (0, False)
    assert "is run only where it is named: give --model FILE.py:function" in out
    code, _, (line,) = relevome_cli("substitute", run, "-o", tmp_path / "substitution")
    assert (code, "is run only where it is named" in line) == (2, True)
    code, out, _ = relevome_cli("evaluate", run, "--model", model, "-o", tmp_path / "named")
    assert (code, "run by name" in out) == (0, True)


def test_a_file_that_is_not_there_is_said(relevome_cli: Any, tmp_path: Path) -> None:
    given = ("--model", tmp_path / "no.py:f", "--fasta", __file__, "-o", tmp_path / "p")
    code, _, (line,) = relevome_cli("predict", *given)
    assert code == 2
    assert "no.py (No such file or directory): give --model a path that is there" in line
