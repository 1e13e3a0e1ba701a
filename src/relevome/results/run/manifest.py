"""``run.json``: what it says of a run."""

from __future__ import annotations

from relevome.results.parts.manifest import MAYBE, Folder
from relevome.results.run.columns import ROWS, SCHEMA_VERSION

NAME = "run.json"

RUN = Folder(
    manifest=NAME,
    what="run",
    command="explain",
    done="explained",
    rows=ROWS,
    schema_version=SCHEMA_VERSION,
    kinds={
        "method": str, "parameters": dict, "targets": list, "alphabet_letters": str, "lift": str,
        "average_strands": bool, "tokenisations": int, "tokenisation_dropout": float, "offsets": int,
        "seed": int,
    },
    kinds_within={
        "targets": {
            "index": int, "label": str, "position": (int, MAYBE), "contrast": (int, MAYBE), "mask": bool,
        }
    },
)  # fmt: skip
