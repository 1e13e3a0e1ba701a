"""What a user should know of a training and its data, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from relevome.words import counted


def notes_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """From training.json: an early end, the split, what was left out, and codes."""
    data = record["data"]
    function = data.get("function", {})
    lines = [*_early(record.get("finished_early"))]
    lines += [*_split(data.get("split") or function.get("split")), *_function(function)]
    if data.get("stops_stripped"):
        lines.append(f"stripped {data['stops_stripped']:,} '*' from the ends of proteins")
    return (*lines, *_made(data.get("made", {})), *_known(data), *_skipped(data), *_codes(data))


def _early(after: str | None) -> Iterator[str]:
    if after:
        yield f"finished early, {after}: more epochs may have been better"


def _made(made: Mapping[str, Any]) -> Iterator[str]:
    """What is read in place of the sequences of the tables, or beside them."""
    if fewer := made.get("letters_fewer"):
        yield (
            f"{fewer:,} letters fewer are read of every sequence, of those to validate and test on from "
            f"letter {made['from_letter']:,} on (0-based): cut those to explain likewise, as beside the model"
        )
    if count := made.get("shuffles"):
        yield f"{counted(count, 'shuffle is the negative', 'shuffles are the negatives')}"
    if count := made.get("shuffles_as_before"):
        yield f"{count:,} of them happen to be the very letters of their positive"


def _known(data: Mapping[str, Any]) -> Iterator[str]:
    """How many sequences that scores are of were learnt from too."""
    for part, table in data.items():
        known = table.get("also_in_training", 0) if isinstance(table, Mapping) and part != "train" else 0
        if known:
            yield (
                f"{known:,} of {table['sequences']:,} sequences of {part} are in train too: scores of {part} "
                "say too much of sequences that are new"
            )


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
            has = "has" if count == 1 else "have"
            yield f"{counted(count, 'protein')} of {part} {has} none of the labels"
    for part in next(iter(function.get("proteins", {}).values()), {}):
        missing = [name for name, counts in function["proteins"].items() if not counts[part]]
        if missing:
            yield (
                f"{counted(len(missing), 'label has', 'labels have')} no protein in {part}, such as "
                f"{missing[0]}"
            )


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
