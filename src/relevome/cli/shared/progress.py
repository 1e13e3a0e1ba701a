"""What is seen while a command computes: a bar on a terminal, in a log a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple

from relevome.cli.shared.terminal import echo

EVERY = 30.0  # seconds between two lines of a log
_REMEMBERED = 300.0  # seconds that a rate is a mean over


class _Moment(NamedTuple):
    """What is known at a time; ``samples`` are times and how much was done then, a second or more apart."""

    what: str = ""
    done: int = 0
    total: int | None = None
    samples: tuple[tuple[float, int], ...] = ()


class Gauge:
    """Where a command is: what it does, and how much is done of how much, with the rate and the time left.

    ``unit`` is what is counted, such as "sequences". Where they are not ``alike``, such as commands of which
    one takes seconds and another an hour, those that are done say nothing of the time that is left. What is
    known is put into words when somebody looks, perhaps another thread: so it is replaced as a whole.
    """

    def __init__(self, unit: str, alike: bool = True) -> None:
        self._unit = unit
        self._alike = alike
        self._now = _Moment()
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        """Something new begins, of which nothing is counted yet."""
        self._now = _Moment(what)

    def tell(self, count: int, total: int) -> None:
        """So much was just done, and of so much in all."""
        self.at(self._now.what, self._now.done + count, total)

    def at(self, what: str, done: int, total: int) -> None:
        """So much is done, of so much in all."""
        now, samples = time.monotonic(), self._now.samples
        if samples and now - samples[0][0] < 1:
            samples = ()  # what was done before costs no time, and says nothing of the rest
        elif len(samples) > 1 and samples[-1][0] - samples[-2][0] < 1:
            samples = samples[:-1]
        while len(samples) > 1 and now - samples[1][0] > _REMEMBERED:
            samples = samples[1:]
        self._now = _Moment(what, done, total, (*samples, (now, done)))

    def note(self, line: str) -> None:
        """A line that stays, beside what the command finds."""
        echo(line, err=True)

    def print(self, line: str) -> None:
        """A line of what the command finds, on standard output."""
        echo(line)

    @property
    def share(self) -> float | None:
        """How much is done, None where that is not known."""
        now = self._now
        return now.done / now.total if now.total else None

    def words(self) -> str:
        """All of it in one line."""
        what, done, total, samples = self._now
        counted = f"{done:,} of {total:,} {self._unit}" if total else ""
        rate = _rate(samples) if self._alike else None
        if total and rate:
            counted += f", {_speed(rate)}, {clock((total - done) / rate)} left"
        return ": ".join(part for part in (what, counted) if part) or "reading"

    def line(self) -> str:
        """The same with the time that has passed, for a log."""
        return f"{clock(time.monotonic() - self._began)}  {self.words()}"


class _OnTerminal(Gauge):
    """A bar, which makes room for lines that stay."""

    def __init__(self, unit: str, alike: bool, progress: Any) -> None:
        super().__init__(unit, alike)
        self._progress = progress
        self._bar = progress.add_task(self.words(), total=None)

    def say(self, what: str) -> None:
        super().say(what)
        self._draw()

    def at(self, what: str, done: int, total: int) -> None:
        super().at(what, done, total)
        self._draw()

    def note(self, line: str) -> None:
        with self._out_of_the_way():
            super().note(line)

    def print(self, line: str) -> None:
        with self._out_of_the_way():
            super().print(line)

    @contextmanager
    def _out_of_the_way(self) -> Iterator[None]:
        self._progress.stop()
        yield
        self._progress.start()

    def _draw(self) -> None:
        share = self.share
        known = {"total": None} if share is None else {"total": 1.0, "completed": share}
        self._progress.update(self._bar, description=self.words(), **known)


@contextmanager
def shown(unit: str, alike: bool = True) -> Iterator[Gauge]:
    """Shows on standard error what a command does in the block; on a terminal nothing of it stays."""
    from rich.console import Console

    console = Console(stderr=True)
    with _bar(console, unit, alike) if console.is_terminal else _lines(unit, alike) as one:
        yield one


@contextmanager
def _bar(console: Any, unit: str, alike: bool) -> Iterator[Gauge]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        yield _OnTerminal(unit, alike, progress)


@contextmanager
def _lines(unit: str, alike: bool) -> Iterator[Gauge]:
    """A line every so often, from a thread of its own: some work tells nothing for long."""
    one, over = Gauge(unit, alike), Event()

    def beat() -> None:
        while not over.wait(EVERY):
            one.note(one.line())

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        over.set()
        thread.join()


def _rate(samples: tuple[tuple[float, int], ...]) -> float | None:
    """How much is done in a second, as far as that can be told."""
    if not samples:
        return None
    (first, before), (last, now) = samples[0], samples[-1]
    return (now - before) / (last - first) if last > first and now > before else None


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def _speed(rate: float) -> str:
    """Per second, or where that is little per minute or hour."""
    for unit, seconds in (("second", 1), ("minute", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:,.3g} per {unit}" if rate * seconds < 1000 else f"{rate:,.0f} per second"
    return f"{rate * 3600:,.3g} per hour"
