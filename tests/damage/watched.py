"""Many inputs in a process of its own that is watched: one that hangs, dies or wants too much is known."""

from __future__ import annotations

import os
import resource
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from tests.damage.campaign import Verdict, drawn, empty, judge
from tests.damage.readers import Reader, readers

LONGEST = 10.0  # seconds of a processor for one input
MOST = 2 << 30  # bytes that a process may add to what it has when all is imported
_START = 120.0  # seconds until a process has read what is whole


class Said(NamedTuple):
    """What a process says after every input."""

    verdict: Verdict
    seconds: float
    memory: float  # MiB at the peak so far, beyond what it had at the start


@dataclass
class Tally:
    """What came of the inputs of one reader, and the numbers of those at which it failed."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[int, Verdict] = field(default_factory=dict)
    slowest: float = 0.0
    memory: float = 0.0

    def add(self, number: int, said: Said) -> None:
        """One more."""
        self.counts[said.verdict.said] += 1
        if said.verdict.fault:
            self.faults[number] = said.verdict
        self.slowest = max(self.slowest, said.seconds)
        self.memory = max(self.memory, said.memory)

    def add_all(self, other: Tally) -> None:
        """All that another one has."""
        self.counts.update(other.counts)
        self.faults |= other.faults
        self.slowest, self.memory = max(self.slowest, other.slowest), max(self.memory, other.memory)


def watch(name: str, seed: int, numbers: range) -> Tally:
    """The inputs of a reader by their numbers, in processes that are killed where one takes too long."""
    # with all imported already, which takes longer than thousands of inputs
    tally, context = Tally(), get_context("fork")
    _ = readers()[name].examples
    while numbers:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(name, seed, numbers, theirs), daemon=True)
        process.start()
        theirs.close()
        with ours:
            done = _follow(ours, process.pid or 0, numbers, tally)
        process.kill()
        process.join()
        numbers = numbers[done:]
    return tally


def _answers(line: Connection, pid: int) -> bool:
    """Whether a process says something before it has worked for `LONGEST`, or waited for much longer."""
    begun, since = _worked(pid), time.monotonic()
    while not line.poll(1.0):
        if _worked(pid) - begun > LONGEST or time.monotonic() - since > 6 * LONGEST:
            return False
    return True


def _worked(pid: int) -> float:
    """Seconds of a processor that a process has had: others may be at work on this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _follow(line: Connection, pid: int, numbers: range, tally: Tally) -> int:
    """Takes in what a process says of one input after the other; gives how many there were."""
    if not line.poll(_START):
        raise TimeoutError("a process did not begin")
    line.recv()
    for done, number in enumerate(numbers):
        if not _answers(line, pid):
            tally.add(number, Said(Verdict("hang", f"more than {LONGEST:.0f} s"), LONGEST, 0))
            return done + 1
        try:
            tally.add(number, line.recv())
        except EOFError:
            tally.add(number, Said(Verdict("died", "the process ended"), 0, 0))
            return done + 1
    return len(numbers)


def _work(name: str, seed: int, numbers: range, line: Connection) -> None:
    warnings.simplefilter("ignore")
    reader = readers()[name]
    with tempfile.TemporaryDirectory(prefix="damaged-") as made:
        folder = Path(made)
        for files in reader.examples:
            judge(reader, files, folder)
            empty(folder)
        held, size = _status("VmRSS"), _status("VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (size + MOST, size + MOST))
        line.send("ready")
        for number in numbers:
            line.send(_one(reader, seed, number, folder, held))


def _one(reader: Reader, seed: int, number: int, folder: Path, held: int) -> Said:
    files = drawn(reader, seed, number)
    begun = time.process_time()
    verdict = judge(reader, files, folder, compared=number >= 0)
    seconds = time.process_time() - begun
    empty(folder)
    memory = (_status("VmHWM") - held) / 2**20 if number < 0 or number % 100 == 0 or seconds > 0.1 else 0.0
    return Said(verdict, seconds, memory)


def _status(name: str) -> int:
    """Bytes of this process, as Linux has them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(kilobytes) * 1024


def keep_faults(reader: Reader, seed: int, faults: Mapping[int, Verdict], folder: Path) -> None:
    """Leave the files of every input at which a reader failed, and what came of it."""
    for number, verdict in faults.items():
        place = folder / reader.name.replace(" ", "-") / str(number)
        for name, content in drawn(reader, seed, number).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        said = f"{verdict.said}\n{verdict.fault}\n"
        (place / "VERDICT.txt").write_text(said, encoding="utf-8", errors="replace")
