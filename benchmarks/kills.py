"""Commands that are killed at random times and run again: do they end as if nobody had killed them?

Each command is run once undisturbed, and then, in a folder of its own, killed (SIGKILL) after a random share
of that time and run again, a training with ``--resume``, until it ends. Everything that it leaves is
compared, file by file: rows of a run, weights of a model, scores, tables and pictures, apart from times of
day and how long it took. Trainings keep checkpoints every tenth of a second here, so that kills fall within
epochs that are kept in parts. Folders in which something differs stay, and are named. The full form kills
each of six commands 50 times, and three whose parts are written by workers (two processes, and two actors of
Ray), which outlive the command for up to a second; most of its time are the studies, whose processes import
everything anew.

Target: all of them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

from benchmarks import Row

KILLS, QUICK = 50, 3
COMMANDS = ("explain", "train", "annotate", "evaluate", "study", "simulate")
# Also by workers, which write the parts; in the full form only.
BY_WORKERS = ("explain --workers 2", "annotate --workers 2", "explain --engine ray --workers 2")

# What says when something was done, by which command, or how long it took.
_TIMES = frozenset({"started", "ended", "seconds", "resume", "command", "took"})
_LETTERS = "ACGT"

_CONTEXT = get_context("forkserver")
_PRELOADED = [
    "benchmarks.kills", "relevome.cli.app", "relevome.jobs.explain", "relevome.jobs.train",
    "relevome.jobs.annotate", "relevome.jobs.evaluate", "relevome.jobs.simulate",
    "relevome.studies.carry_out", "accelerate", "sklearn.metrics", "scipy.stats", "matplotlib.pyplot",
]  # fmt: skip

Work = Callable[[tuple[str, ...], Path], None]


@dataclass(frozen=True)
class Trial:
    """What came of one command that was killed: after how many seconds, and which files differ, if any."""

    seconds: float
    different: tuple[str, ...]


@dataclass(frozen=True)
class SmallestStudy:
    """A study of four commands, to be killed."""

    name: ClassVar[str] = "smallest"
    seed: int = 0

    def about(self) -> dict[str, Any]:
        """Nothing can be chosen."""
        return {"seed": self.seed}

    def prepare(self, folder: Path, say: Callable[[str], None]) -> None:
        """Its first command does."""

    def commands(self) -> Sequence[Any]:
        """Data, a model, an explanation, and scores."""
        from relevome.studies.recipe import command

        tables = {name: f"data/{name}.csv" for name in ("train", "validation")}
        asked = {"model": "model", "fasta": "data/test.fasta", "method": "saliency", "batch_size": 64}
        return (
            command("data", "simulate", output="data", positives=80, negatives=80, length=40),
            command(
                "train", "train", output="model", after=["data"], arch="cnn", epochs=2, resume=True, **tables
            ),
            command("explain", "explain", output="run", after=["data", "train"], **asked),
            command("scores", "evaluate", "run", output="scores", after=["explain"], no_model=True),
        )

    def conclude(self, folder: Path) -> Sequence[str]:
        """Nothing more."""
        return ()


def measure(quick: bool = False) -> list[Row]:
    """Kills of every command, and how many of them ended as undisturbed."""
    return campaign(COMMANDS, QUICK) if quick else campaign((*COMMANDS, *BY_WORKERS), KILLS)


def campaign(commands: Sequence[str], kills: int, seed: int = 0) -> list[Row]:
    """So many kills of each command. Folders that differ stay, and their place is in the row."""
    # processes have then imported everything when they begin
    _CONTEXT.set_forkserver_preload(_PRELOADED)
    place = Path(mkdtemp(prefix="relevome-kills-"))
    rows, failed = [], False
    given = prepared(place / "given")
    for command in commands:
        trials = trials_of(command, given, place, kills, seed)
        equal = sum(not one.different for one in trials)
        rows.append(Row(f"{command}, killed and run again: as undisturbed", f"{equal} of {kills}", "all"))
        failed = failed or equal < kills
    if failed:
        rows.append(Row("folders that differ", str(place)))
    else:
        shutil.rmtree(place)
    return rows


def trials_of(
    command: str, given: Path, place: Path, kills: int, seed: int = 0, work: Work | None = None
) -> list[Trial]:
    """A command once undisturbed, and then killed so many times, each in a folder of its own.

    ``work`` carries out what is typed in a folder; by default it is relevome.
    """
    work = work or _type
    draw = random.Random(f"{seed} {command}")
    arguments = arguments_of(command, given)
    whole = place / f"{command}-undisturbed"
    begun = time.monotonic()
    if (code := _ended(_begin(work, arguments, whole))) != 0:
        raise RuntimeError(f"{command} ended with {code}: {(whole / 'log').read_text()}")
    undisturbed = time.monotonic() - begun
    trials: list[Trial] = []
    while len(trials) < kills:
        folder = place / f"{command}-{len(trials)}"
        seconds, begun = draw.uniform(0, undisturbed), time.monotonic()
        first = _begin(work, arguments, folder)
        first.join(seconds)
        first.kill()
        first.join()
        killed = first.exitcode == -signal.SIGKILL
        different: list[str] = []
        if killed:
            again = [*arguments, "--resume"] if command == "train" else arguments
            code = _ended(_begin(work, again, folder))
        else:  # it had ended before, and so would others that late
            undisturbed, code = min(undisturbed, time.monotonic() - begun), first.exitcode
        if code != 0:
            different = [f"ended with {code}: {(folder / 'log').read_text()[-300:]}"]
        different = different or differences(whole / "out", folder / "out")
        if not different:
            shutil.rmtree(folder)
        if killed or different:
            trials.append(Trial(seconds, tuple(different)))
    return trials


def differences(one: Path, other: Path) -> list[str]:
    """Names of files that only one of two folders has, or that differ."""
    ours, theirs = ({str(x.relative_to(root)): x for x in _files(root)} for root in (one, other))
    return sorted(
        name
        for name in ours.keys() | theirs.keys()
        if name not in ours
        or name not in theirs
        or _content(ours[name], one) != _content(theirs[name], other)
    )


def _files(root: Path) -> list[Path]:
    """All but locks and logs."""
    found = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return [path for path in found if "logs" not in path.relative_to(root).parts]


def _content(path: Path, root: Path) -> Any:
    """What is compared of a file: of records all but times, and where their own folder is."""
    if path.suffix != ".json":
        return path.read_bytes()
    return _timeless(json.loads(path.read_text().replace(str(root.resolve()), "")))


def _timeless(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _timeless(value) for name, value in content.items() if name not in _TIMES}
    return [_timeless(one) for one in content] if isinstance(content, list) else content


def arguments_of(command: str, given: Path) -> list[str]:
    """What is typed, but for the name of the program: it takes a second or some, and writes into ``out``."""
    cnn, run = given / "cnn", given / "run"
    tables = [f"--{name}={given / 'data' / name}.csv" for name in ("train", "validation", "test")]
    asked: dict[str, list[object]] = {
        "explain": [
            "--model",
            cnn,
            "--fasta",
            given / "many.fa",
            "--method",
            "mutagenesis",
            "--batch-size",
            64,
        ],
        "train": ["--arch", given / "small.json", *tables, "--epochs", 4, "--batch-size", 16],
        "annotate": ["--model", given / "annotator", "--genome", given / "genome.fa", "--no-tracks"],
        "evaluate": [run, "--truth", given / "data" / "test.truth.bed", "--sequences", 12, "--draws", 4],
        "study": ["smallest", "--jobs", 1],
        "simulate": ["--positives", 4000, "--negatives", 4000, "--decoys", 2],
    }
    name, *more = command.split()
    return [name, *map(str, asked[name]), *more, "-o", "out"]


def prepared(folder: Path) -> Path:
    """Data, models with random weights, and a run, that commands are asked about."""
    folder.mkdir(parents=True)
    process = _CONTEXT.Process(target=_prepare, args=(folder,))
    process.start()
    if _ended(process) != 0:
        raise RuntimeError(f"what commands are asked about could not be made in {folder}")
    return folder


def _prepare(folder: Path) -> None:
    import torch

    import relevome
    from relevome.data.sequences import DNA
    from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification
    from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
    from relevome.models.own_tokenizers import letter_tokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    draw = random.Random(0)
    sizes = {"filters": (8, 8), "widths": (7, 5), "pools": (2, 2), "hidden_size": 8}
    (folder / "small.json").write_text(json.dumps({"model_type": "relevome-cnn", **sizes}))
    annotator: dict[str, Any] = {
        "num_hidden_layers": 1, "num_attention_heads": 2, "head_size": 8, "hidden_size": 16,
        "convolution": 5, "segment": 128, "memory": 16, "downstream": 5, "num_labels": 2,
    }  # fmt: skip
    modules = {
        "cnn": CnnForSequenceClassification(CnnConfig(**sizes)),
        "annotator": AnnotatorForTokenClassification(AnnotatorConfig(**annotator)),
    }
    for name, module in modules.items():
        module.save_pretrained(folder / name)
        letter_tokenizer(DNA).save_pretrained(folder / name)
    for name, count, length in (("many.fa", 700, 60), ("genome.fa", 6, 20_000)):
        records = (f">s{i}\n{''.join(draw.choices(_LETTERS, k=length))}\n" for i in range(count))
        (folder / name).write_text("".join(records))
    relevome.simulate(folder / "data", positives=400, negatives=400, length=60, seed=1)
    model = relevome.load_model(folder / "cnn", device="cpu")
    relevome.explain(model, folder / "data" / "test.fasta", "saliency", 1, out=folder / "run", batch_size=64)


def _begin(work: Work, arguments: Sequence[str], folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    process = _CONTEXT.Process(target=work, args=(tuple(arguments), folder))
    process.start()
    return process


def _ended(process: Any) -> int:
    process.join()
    return int(process.exitcode)


def _type(arguments: tuple[str, ...], folder: Path) -> None:
    """A command in a folder, what it prints going into a log there."""
    import torch

    from relevome.cli import main
    from relevome.studies import studies
    from relevome.training import genome_fitting, while_fitting

    torch.set_num_threads(1)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.chdir(folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    while_fitting.EVERY = genome_fitting.EVERY = 0.1
    while_fitting.SHARE = genome_fitting.SHARE = 1.0
    studies.register(SmallestStudy.name)(SmallestStudy)
    sys.argv = ["relevome", *arguments]
    main()
