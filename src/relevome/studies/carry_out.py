"""Runs a study: several commands at once, each when those it waits for are done, none a second time."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from filelock import FileLock, Timeout

from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.results.folder import temporary_name, whole_file
from relevome.results.record import reading
from relevome.studies.recipe import Command, Study
from relevome.words import counted

# Runs one command in the folder given and writes all that it prints to the log given; gives None, or what
# went wrong. A process of its own calls it, so it must be found by its name.
Runner = Callable[[tuple[str, ...], Path, Path], str | None]

_ABOUT, _SCRIPT, _DONE, _LOGS, _LOCK = "study.json", "commands.sh", "done", "logs", ".lock"

_HEAD = """\
# All commands of the study, to be run in this folder. To change them, or the data that they read, copy the
# folder without done, logs, and what the commands make: the study itself writes this file anew.
set -e
"""


def carry_out(
    study: Study, folder: Path, run: Runner, jobs: int, say: Say, progress: Progress = nobody
) -> None:
    """Prepare, run and conclude a study in ``folder``, or go on with it where it was stopped.

    ``commands.sh`` has all command lines, ``logs`` what each of them printed, ``done`` a mark for each that
    is done. A command without its mark or its result is run again, and so are all that read its result.
    ``say`` is told in words what was done, ``progress`` how many commands, and of how many. Raises InputError
    where the folder belongs to something else or another process is at it, and, once what runs has ended,
    where a command fails.
    """
    if jobs < 1:
        raise InputError(f"--jobs {jobs}: expected a number of commands at once, from 1 on")
    folder = folder.resolve()
    _claim(study, folder)
    with _alone(folder):
        study.prepare(folder, say)
        commands = study.commands()
        with whole_file(folder / _SCRIPT) as temporary:
            lines = [f"{one.line}\n" for one in commands]
            temporary.write_text(_HEAD + "".join(lines), encoding="utf-8")
        for name in (_DONE, _LOGS):
            (folder / name).mkdir(exist_ok=True)
        with _workers(jobs) as pool:
            _Course(commands, folder, say, progress).run(pool, run, jobs)
        for line in study.conclude(folder):
            say(line)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process runs this folder's study in the block; the end of this one, even killed, frees it."""
    try:
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout as error:
        raise InputError(
            f"another process is running the study in {folder}: wait for it, or choose another -o"
        ) from error


def _claim(study: Study, folder: Path) -> None:
    """The folder is this study's from now on."""
    about = json.loads(json.dumps({"study": study.name, **study.about()}))
    known = folder / _ABOUT
    if known.is_file():
        _check_same(about, _read(known), folder)
        return
    # what a process leaves that was killed before it had claimed the folder
    begun = {temporary_name(known.name), _LOCK}
    if folder.is_file() or (folder.is_dir() and {path.name for path in folder.iterdir()} - begun):
        raise InputError(f"{folder} is there and not empty: choose another -o, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(known) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _read(known: Path) -> dict[str, Any]:
    with reading(known, "choose another -o, or remove the folder"):
        return dict(json.loads(known.read_text(encoding="utf-8")))


def _check_same(about: dict[str, Any], earlier: dict[str, Any], folder: Path) -> None:
    for name in about:
        if earlier.get(name) != about[name]:
            raise InputError(
                f"{folder} holds a study with {name} {earlier.get(name)}, not {about[name]}: choose another "
                "-o, or remove it"
            )


class _Course:
    """What of a study is done, what runs, and what waits."""

    def __init__(self, commands: Sequence[Command], folder: Path, say: Say, progress: Progress) -> None:
        self._folder = folder
        self._say = say
        self._progress = progress
        self._done = _done_before(commands, folder)
        self._waiting = [one for one in commands if one.name not in self._done]
        self._running: dict[Future[str | None], Command] = {}
        self._problems: list[str] = []
        self._count = len(commands)
        progress(len(self._done), len(commands))
        if self._done:
            say(f"{len(self._done)} of {counted(len(commands), 'command was', 'commands were')} done before")

    def run(self, pool: Executor, run: Runner, jobs: int) -> None:
        """Everything, ``jobs`` at once; after a problem nothing more is begun."""
        try:
            while self._begin(pool, run, jobs):
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    problem = future.result()
                    self._end(self._running.pop(future), problem)
        except BrokenProcessPool as error:
            lines = "; ".join(one.line for one in self._running.values())
            raise InputError(
                f"a process was killed, perhaps for want of memory ({lines}); the same command goes on from "
                "there, and takes less with --jobs 1"
            ) from error
        if self._problems:
            raise InputError(
                "; ".join(self._problems) + "; mend that, and the same command goes on from there"
            )

    def _begin(self, pool: Executor, run: Runner, jobs: int) -> bool:
        """Commands for all that have none to do; whether any runs."""
        ready = [one for one in self._waiting if self._done.issuperset(one.after)]
        for one in [] if self._problems else ready[: jobs - len(self._running)]:
            self._waiting.remove(one)
            self._running[pool.submit(run, one.arguments, self._folder, self._log(one))] = one
        return bool(self._running)

    def _end(self, one: Command, problem: str | None) -> None:
        if problem is not None:
            self._problems.append(f"{one.line}: {problem} (all it said: {self._log(one)})")
            return
        with whole_file(_mark(self._folder, one)) as temporary:
            temporary.write_text(one.line, encoding="utf-8")
        self._done.add(one.name)
        self._progress(1, self._count)
        self._say(f"[{len(self._done)}/{self._count}] {one.line}")

    def _log(self, one: Command) -> Path:
        return self._folder / _LOGS / f"{one.name}.log"


def _done_before(commands: Sequence[Command], folder: Path) -> set[str]:
    """Names of the commands that need not be run again.

    Of the others nothing is kept but what they themselves left unfinished and go on with: never what was
    made from a result that is no longer there.
    """
    done: set[str] = set()
    for one in commands:
        mark, output = _mark(folder, one), folder / one.output
        marked = mark.is_file()
        same = marked and mark.read_text(encoding="utf-8", errors="replace") == one.line
        if same and output.exists() and done.issuperset(one.after):
            done.add(one.name)
            continue
        if marked or not one.resumes or not done.issuperset(one.after):
            shutil.rmtree(output, ignore_errors=True)
        mark.unlink(missing_ok=True)
    return done


def _mark(folder: Path, one: Command) -> Path:
    return folder / _DONE / one.name


@contextmanager
def _workers(count: int) -> Iterator[Executor]:
    """So many processes; an error in the block, or the end of this process, even killed, ends them at once.

    They hold one end of a pipe and this process alone the other, which the system closes for one that is
    killed.
    """
    context = get_context("spawn")
    theirs, own = context.Pipe(duplex=False)
    with theirs, own, ProcessPoolExecutor(count, context, _obey, (theirs,)) as pool:
        try:
            yield pool
        except BaseException:
            own.close()
            raise


def _obey(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    Thread(target=_end_after, args=(line,), daemon=True).start()


def _end_after(line: Connection) -> None:
    line.poll(None)
    os._exit(1)
