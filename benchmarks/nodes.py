"""A Ray cluster of two machines and an S3 between them, of which one loses power: is the run as undisturbed?

The machines are Linux namespaces of this one (see `_machines`). The first has the head of Ray with one core,
an S3 server (moto's) and the command, `relevome explain --engine ray --address ... -o s3://...`; the second,
which sees neither the model nor the sequences, a node with one core. When a random number of parts are there,
the second machine loses power: nothing of it answers, and nobody is told. Then it is back at once, or never.
Parts are compared byte for byte with those of a run by one process into a folder, the server's log says how
often each was put, and `relevome check` whether the run is complete. Health checks of Ray are faster than
usual (a node is taken for dead after about 3 seconds, not 30).

Target: all of them.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from benchmarks import Row, Unavailable
from benchmarks._machines import Machine, check_machines

TRIALS, QUICK = 5, 1  # of each kind
SEQUENCES = 4096
PARTS = SEQUENCES // 256
KINDS = ("nothing", "power lost, back at once", "power lost, never back")
LONGEST = 300.0  # seconds of a command, after which it is taken to wait for ever

FIRST, SECOND = "10.77.0.1", "10.77.0.2"
_CLUSTER, _STORE = f"{FIRST}:6379", f"http://{FIRST}:5000"
_NEEDED = ("ray", "s3fs", "moto", "flask", "flask_cors")
_HEALTH = {"initial_delay_ms": 1000, "period_ms": 1000, "timeout_ms": 1000, "failure_threshold": 3}
_PUT = re.compile(r'^(\S+) .*"PUT /bucket/([^/ ]+)/(part-\d+\.parquet)\S* HTTP/1.1" 200')
_RELEVOME = (sys.executable, "-c", "from relevome.cli import main; main()")
_MAKE_BUCKET = """
import sys, time
from urllib.request import Request, urlopen
for _ in range(300):
    try:
        urlopen(Request(f"{sys.argv[1]}/bucket", method="PUT")).close()
        break
    except OSError:
        time.sleep(0.1)
"""
_PREPARE = "import sys; from benchmarks.nodes import prepare; prepare(sys.argv[1])"
_GET = "import sys, fsspec; fsspec.filesystem('s3').get(sys.argv[1], sys.argv[2], recursive=True)"


@dataclass(frozen=True)
class Trial:
    """What came of one command.

    ``second`` is how many parts the second machine put, ``lost`` how many were there when it lost power, and
    ``wrong`` what is not as undisturbed.
    """

    seconds: float
    second: int
    lost: int | None = None
    wrong: tuple[str, ...] = ()


def measure(quick: bool = False, seed: int = 0) -> list[Row]:
    """Commands of every kind, and how many ended as undisturbed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Unavailable(f"needs {', '.join(missing)}")
    check_machines()
    trials = QUICK if quick else TRIALS
    place = Path(mkdtemp(prefix="relevome-nodes-"))
    draw, rows = random.Random(seed), []
    with two_machines(place) as cluster:
        for kind in KINDS:
            found = [cluster.trial(kind, draw.randint(2, PARTS - 6)) for _ in range(trials)]
            good = sum(not one.wrong for one in found)
            rows.append(Row(f"{kind}: as undisturbed", f"{good} of {trials}", "all"))
            rows += [Row(f"{kind}: {one}", "") for one in found if one.wrong]
            shares = ", ".join(str(one.second) for one in found)
            rows.append(Row(f"{kind}: parts of {PARTS} put by the second machine", shares))
            seconds = ", ".join(f"{one.seconds:.0f}" for one in found)
            rows.append(Row(f"{kind}: seconds", seconds))
    if all(row.value == f"{trials} of {trials}" for row in rows if row.target):
        shutil.rmtree(place)
    else:
        rows.append(Row("what they left", str(place)))
    return rows


@dataclass
class Cluster:
    """Two machines, and what they are given."""

    place: Path
    env: Mapping[str, str]
    first: Machine
    second: Machine | None = None
    runs: int = 0
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def given(self) -> Path:
        """The folder of the model and the sequences, which only the first machine sees."""
        return self.place / "given"

    def do(self, *command: object) -> str:
        """What a program on the first machine says. Raises RuntimeError where it fails."""
        self.runs += 1
        log = self.place / f"log-{self.runs}"
        code = self.first.begin(*command, log=log, env=self.env).wait()
        if code:
            raise RuntimeError(f"{command[:6]} ended with {code}: {log.read_text()[-2000:]}")
        return log.read_text()

    def join(self) -> None:
        """The second machine begins, and its node joins the cluster."""
        self.second = Machine(SECOND, self.first, self.given)
        self.ray(self.second, "--address", _CLUSTER)

    def ray(self, machine: Machine, *how: object) -> None:
        """A node of Ray with one core."""
        command = (
            Path(sys.executable).with_name("ray"), "start", *how, "--node-ip-address", machine.address,
            "--num-cpus", 1, "--object-store-memory", 80_000_000, "--block",
        )  # fmt: skip
        machine.begin(*command, log=self.place / f"ray-{machine.address}", env=self.env)

    def explain(self, out: object, *how: object) -> tuple[object, ...]:
        """What is typed."""
        asked = ("--model", self.given / "cnn", "--fasta", self.given / "sequences.fa", "--target", 1)
        return *_RELEVOME, "explain", *asked, "--method", "mutagenesis", "--batch-size", 64, "-o", out, *how

    def put(self, run: str) -> list[tuple[str, str]]:
        """Who has put which part of a run so far."""
        return who_put((self.place / "store").read_text(), run)

    def trial(self, kind: str, parts: int) -> Trial:
        """One command, in the course of which something happens when so many parts are there."""
        self.runs += 1
        run, log = f"run{self.runs}", self.place / f"log-{self.runs}"
        if self.second is None:
            self.join()
        how = ("--engine", "ray", "--address", _CLUSTER, "--workers", 2)
        begun, lost = time.monotonic(), None
        command = self.first.begin(*self.explain(f"s3://bucket/{run}", *how), log=log, env=self.env)
        while command.poll() is None and time.monotonic() - begun < LONGEST:
            time.sleep(0.2)
            there = len(self.put(run))
            if self.second is not None and kind != KINDS[0] and lost is None and there >= parts:
                self.second.lose_power()
                self.second, lost = None, there
                if kind == KINDS[1]:
                    self.join()
        if command.poll() is None:
            command.kill()
            return Trial(time.monotonic() - begun, 0, lost, ("it waits for ever",))
        seconds = time.monotonic() - begun
        second = sum(who == SECOND for who, _ in self.put(run))
        if command.returncode:
            return Trial(seconds, second, lost, (f"ended with {command.returncode}: {log.read_text()}",))
        return Trial(seconds, second, lost, tuple(self.wrong(run)))

    def wrong(self, run: str) -> Iterator[str]:
        """What is not as in the undisturbed run."""
        for name, times in Counter(name for _, name in self.put(run)).items():
            if times > 1:
                yield f"{name} was put {times} times"
        said = self.do(*_RELEVOME, "check", f"s3://bucket/{run}")
        if "complete: every sequence once" not in said:
            yield said
        out = self.place / run
        self.do(sys.executable, "-c", _GET, f"s3://bucket/{run}/", f"{out}/")
        for number in range(PARTS):
            name = f"part-{number:05d}.parquet"
            if (out / name).read_bytes() != (self.place / "whole" / name).read_bytes():
                yield f"{name} differs"
        shutil.rmtree(out)


def who_put(log: str, run: str) -> list[tuple[str, str]]:
    """The address of whoever put each part of a run, and its name, in order, by the log of the store."""
    found = [match for match in map(_PUT.match, log.splitlines()) if match and match[2] == run]
    return [(match[1], match[3]) for match in found]


@contextmanager
def two_machines(place: Path) -> Iterator[Cluster]:
    """A cluster of two, a store with a bucket, and the undisturbed run."""
    env = {
        "AWS_ENDPOINT_URL": _STORE, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "RAY_TMPDIR": "/dev/shm/ray",
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0",
        **{f"RAY_health_check_{name}": str(value) for name, value in _HEALTH.items()},
    }  # fmt: skip
    first = Machine(FIRST)
    cluster = Cluster(place, env, first)
    try:
        cluster.do(
            sys.executable, "-c", "from benchmarks.nodes import *; prepare(sys.argv[1])", cluster.given
        )
        cluster.do(*cluster.explain(place / "whole"))
        server = (sys.executable, "-m", "moto.server", "-H", FIRST, "-p", 5000)
        first.begin(*server, log=place / "store", env=env)
        cluster.do(sys.executable, "-c", _MAKE_BUCKET, _STORE)
        cluster.ray(first, "--head", "--port", 6379, "--include-dashboard", "false")
        cluster.join()
        yield cluster
    finally:
        for machine in (cluster.second, first):
            if machine is not None:
                machine.lose_power()


def prepare(folder: str, sequences: int = SEQUENCES) -> None:
    """A small CNN with random weights, and sequences of 40 to 60 letters."""
    import torch

    from relevome.data.sequences import DNA
    from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
    from relevome.models.own_tokenizers import letter_tokenizer

    torch.manual_seed(0)
    sizes = {"filters": (8, 8), "widths": (7, 5), "pools": (2, 2), "hidden_size": 8}
    model = Path(folder, "cnn")
    CnnForSequenceClassification(CnnConfig(**sizes)).save_pretrained(model)
    letter_tokenizer(DNA).save_pretrained(model)
    draw = random.Random(0)
    records = (f">s{i}\n{''.join(draw.choices('ACGT', k=draw.randint(40, 60)))}\n" for i in range(sequences))
    Path(folder, "sequences.fa").write_text("".join(records))
