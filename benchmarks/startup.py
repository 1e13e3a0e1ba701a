"""How much processor time commands take that have little to do.

Each runs in a process of its own, with one thread; measured is the processor time of user and system.
Beside it stands how fast a core is in products of float32 matrices of 2,048 x 2,048, which imports follow
only in part.

Target: on a core of 150 GFLOP/s ten sequences of a tiny CNN are explained in 3 s, and a missing file is said
within 1 s.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks import Row
from benchmarks._hardware import gflops
from relevome.data.sequences import DNA
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer

RUN = "import sys; from relevome.cli import main; main()"


def measure(quick: bool = False) -> list[Row]:
    """Processor time of commands that do little, median and all."""
    repetitions = 3 if quick else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save(folder)
        explain = ("explain", "--model", "model", "-o", "run", "--overwrite", "--fasta")
        commands = {
            "relevome --help": (("--help",), ""),
            "relevome list methods": (("list", "methods"), ""),
            "a missing file": ((*explain, "nowhere.fa"), "at most 1"),
            "explain, ten sequences of a tiny CNN": ((*explain, "ten.fa"), "at most 3"),
        }
        return [
            Row("GFLOP/s of one core", f"{gflops():.0f}", "150"),
            *(
                Row(
                    f"{what}, processor seconds",
                    _all([_seconds(folder, *told) for _ in range(repetitions)]),
                    target,
                )
                for what, (told, target) in commands.items()
            ),
        ]


def _seconds(folder: Path, *arguments: str) -> float:
    """Processor time of a command from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=folder, env=environment, capture_output=True
    )
    if done.returncode not in (0, 2):
        raise RuntimeError(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _all(found: list[float]) -> str:
    return f"{np.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def _save(folder: Path) -> None:
    torch.manual_seed(0)
    CnnForSequenceClassification(CnnConfig(filters=[8, 8], hidden_size=8)).save_pretrained(folder / "model")
    letter_tokenizer(DNA).save_pretrained(folder / "model")
    letters = np.random.default_rng(0).choice(list(DNA.letters), (10, 100))
    text = "".join(f">sequence{i}\n{''.join(row)}\n" for i, row in enumerate(letters))
    (folder / "ten.fa").write_text(text)
