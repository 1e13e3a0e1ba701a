"""The ledger as a table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from relevome.cli.shared.terminal import echo
from relevome.ledger import Ledger
from relevome.words import counted

_SHOWN = 12


def print_account(ledger: Ledger, dtype: str) -> None:
    """What went where, by kind and by operation, and a loud warning where it does not add up."""
    console = Console(width=None if Console().is_terminal else 110)
    console.print(_by_kind(ledger))
    console.print(_by_operation(ledger))
    fault = ledger.fault(dtype)
    if fault is not None:
        echo(f"WARNING: {fault}", err=True)


def _by_kind(ledger: Ledger) -> Table:
    table = Table(title=f"Account of {counted(ledger.sequences, 'logit')}, summed", title_justify="left")
    table.add_column("where relevance went")
    for name in ("sum", "share of all"):
        table.add_column(name, justify="right")
    rows = {"input tokens": ledger.tokens}
    rows |= {f"absorbed by {kind}": amount for kind, amount in ledger.absorbed.items()}
    for name, amount in rows.items():
        table.add_row(name, f"{amount:.6g}", f"{amount / ledger.throughput:.1%}" if ledger.throughput else "")
    table.add_row("unaccounted for (sizes)", f"{ledger.unaccounted:.2g}", f"{ledger.unaccounted_share:.1e}")
    table.add_section()
    table.add_row("logits", f"{ledger.logit:.6g}", "")
    return table


def _by_operation(ledger: Ledger) -> Table:
    """The operations that absorbed or lost most."""
    table = Table(title="By operation", title_justify="left")
    table.add_column("operation")
    for name in ("calls", "came in", "went out", "absorbed", "unaccounted"):
        table.add_column(name, justify="right")
    order = sorted(ledger.entries, key=lambda e: -(sum(map(abs, e.absorbed.values())) + e.unaccounted))
    for entry in order[:_SHOWN]:
        absorbed = ", ".join(f"{kind} {amount:.3g}" for kind, amount in entry.absorbed.items() if amount)
        numbers = (f"{entry.calls:,}", f"{entry.came_in:.4g}", f"{entry.went_out:.4g}", absorbed or "0")
        name = entry.operation.removeprefix("torch.").removeprefix("nn.functional.")
        table.add_row(name, *numbers, f"{entry.unaccounted:.1e}")
    if len(order) > _SHOWN:
        table.caption = f"and {len(order) - _SHOWN} more, see run.json"
    return table
