"""Runs as an earlier relevome left them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq


def as_before_parts_knew_their_run(folder: Path) -> None:
    """Takes out of every part's foot what it knows of its run, its place and its rows."""
    for part in folder.glob("part-*.parquet"):
        table = pq.read_table(part)
        said = json.loads(table.schema.metadata[b"relevome"])
        kept = {name: said[name] for name in ("schema_version", "counts", "head_shape")}
        pq.write_table(table.replace_schema_metadata({b"relevome": json.dumps(kept)}), part)
