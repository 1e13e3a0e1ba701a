"""Targets of a run in words: the output, and at which letter, counted from 1 as the page counts letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from relevome.results.run.reader import Run

_OWN = "each sequence's own prediction"
_PREDICTED = -1  # index of what is another output for every sequence
_STRETCH = re.compile(r"(\d+)(?:-(\d+))?")


def target_said(run: Run, label: str, quoted: bool = False) -> str:
    """A target of a run by its label, such as ``C at letter 22``.

    Args:
        run: The run.
        label: As its rows have it: ``C``, or of several letters ``C@21``, counted from 0.
        quoted: Whether the output is put in quotes. Default: no.
    """
    targets = run.manifest.get("targets", ())
    found = next((one for one in targets if one.get("label") == label), None)
    if found is None:  # of a row: what was predicted for its sequence
        found = next((one for one in targets if one.get("index") == _PREDICTED), {}) | {"label": label}
    bare, place = _apart(found, run.manifest.get("positions"))
    return (repr(bare) if quoted else bare) + place


def targets_said(run: Run, most: int, quoted: bool = False) -> str:
    """All targets of a run, of more than ``most`` the first, and how many others there are."""
    own = next((one for one in run.manifest.get("targets", ()) if one.get("index") == _PREDICTED), None)
    if own is not None:
        return _OWN + _apart(own, None)[1]
    labels = run.targets
    more = f" and {len(labels) - most:,} more" * (len(labels) > most)
    return ", ".join(target_said(run, label, quoted) for label in labels[:most]) + more


def _apart(target: Mapping[str, Any], positions: Mapping[str, Any] | None) -> tuple[str, str]:
    """What a target is without its letters, and where these are."""
    label, at = str(target["label"]), target.get("position")
    if at is not None:
        hidden = ", which the model does not see" * bool(target.get("mask"))
        return label.removesuffix(f"@{at}"), f" at letter {at + 1:,}{hidden}"
    if positions is None:
        return label, ""
    bare, _, over = label.rpartition("@")
    known = _STRETCH.fullmatch(over)
    if known is None:
        return bare, {"all": ", summed over all letters"}.get(over, ", summed over letters on known sites")
    first, last = int(known[1]) + 1, int(known[2] or int(known[1]) + 1)
    return bare, f" at letter {first:,}" if first == last else f", summed over letters {first:,} to {last:,}"
