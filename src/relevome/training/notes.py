"""What a user should know of the data of a training, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Lines from what training.json says of the data: the split, what was left out, and codes."""
    function = data.get("function", {})
    lines = [*_split(data.get("split") or function.get("split")), *_function(function)]
    if data.get("stops_stripped"):
        lines.append(f"stripped {data['stops_stripped']:,} '*' from the ends of proteins")
    return (*lines, *_skipped(data), *_codes(data))


def _split(split: Mapping[str, Any] | None) -> Iterator[str]:
    if not split:
        return
    if split["by"] == "clusters":
        yield f"split by {split['clusters']:,} clusters of a file"
    else:
        yield "split without --clusters: identical sequences stay together, relatives may not"
    if split.get("members_not_used"):
        yield f"  {split['members_not_used']:,} members of clusters are no sequences to learn from"


def _function(function: Mapping[str, Any]) -> Iterator[str]:
    for reason, count in function.get("left_out", {}).items():
        yield f"left out {count:,} of {function['proteins_read']:,} proteins {reason}"
    for what, count in function.get("terms", {}).items():
        yield f"{count:,} {what}"
    for part, count in function.get("without_any_label", {}).items():
        if count:
            yield f"{count:,} proteins of {part} have none of the labels"
    for part in next(iter(function.get("proteins", {}).values()), {}):
        missing = [name for name, counts in function["proteins"].items() if not counts[part]]
        if missing:
            yield f"{len(missing):,} labels have no protein in {part}, such as {missing[0]}"


def _skipped(data: Mapping[str, Any]) -> Iterator[str]:
    """How many rows or positions were left out because they could not be read (``--on-bad skip``)."""
    tables = [data, *(table for table in data.values() if isinstance(table, Mapping))]
    skipped = [problem for table in tables for problem in table.get("skipped", ())]
    if skipped:
        example = skipped[0]["id"]
        yield f"left out {len(skipped):,} that could not be read, such as {example}: see training.json"


def _codes(data: Mapping[str, Any]) -> Iterator[str]:
    """Letters that a model reads as another, or does not know."""
    for part, table in data.items():
        codes = table.get("codes", {}) if isinstance(table, Mapping) else {}
        for code, said in codes.items():
            if said["read_as"].strip("\u2581") != code:
                yield f"{said['count']:,} letters {code} of {part} are read as {said['read_as']}"
