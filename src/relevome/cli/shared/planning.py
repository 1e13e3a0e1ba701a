"""What a command will take, printed before it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relevome.cli.shared.progress import Gauge, clock
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.jobs.running.estimates import WorkEstimate

_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@dataclass(frozen=True)
class PlanOptions:
    """Whether a command only says what it would take."""

    plan: Annotated[
        bool,
        typer.Option("--plan", help="Only say what it will take (time, disk, memory), from a sample."),
    ] = False

    def told(self, seen: Gauge) -> Callable[[WorkEstimate], None] | None:
        """Prints the estimate of a job and ends the command; nothing where that is not asked for."""
        if not self.plan:
            return None
        seen.say("computing a sample")

        def tell(found: WorkEstimate) -> None:
            for line in words(found):
                seen.print(line)
            raise typer.Exit

        return tell


def words(found: WorkEstimate) -> list[str]:
    """An estimate in lines."""
    there = f", and {found.there:,} are there already" if found.there else ""
    mean, low, high = (clock(seconds) for seconds in found.seconds)
    one = counted(found.workers, "worker")
    each = "" if found.workers == 1 else " for each of them"
    return [
        f"work    {found.sequences:,} with {counted(found.letters, 'letter')}, in "
        f"{counted(found.shards, 'shard')}{there}",
        f"time    {mean} ({low} to {high}) by {one}",
        f"disk    {size(found.disk)}",
        f"memory  {size(found.memory)}{each}",
        f"from a sample of {found.sampled:,} in {found.sampling:.0f} s; nothing was written",
    ]


def size(count: int) -> str:
    """Bytes in a unit that suits them."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} bytes"


def print_took(record: Mapping[str, Any]) -> None:
    """What the work took, by the record of a result; nothing where nobody says."""
    took = record.get("took") or {}
    seconds, letters = took.get("seconds"), took.get("letters")
    if seconds and letters:
        echo(
            f"  {counted(letters, 'letter')} in {clock(seconds)}, {letters / seconds:,.3g} letters per second"
        )
