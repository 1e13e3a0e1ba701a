"""Writing a run: explanations, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relevome.results.parts.part import Counts, common_head_shape
from relevome.results.parts.writer import PartsWriter
from relevome.results.run.columns import Explanation, to_table
from relevome.results.run.manifest import RUN


class RunWriter(PartsWriter):
    """A run that is being written; see `PartsWriter`."""

    def __init__(self, folder: str | Path, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        super().__init__(folder, RUN, manifest, overwrite)

    def write_part(self, index: int, explanations: Sequence[Explanation], counts: Counts) -> None:
        """Write part ``index``; see `PartsWriter.write_table`."""
        heads = [e.head_relevance for e in explanations if e.head_relevance is not None]
        shape = common_head_shape((h.shape[0], h.shape[1]) for h in heads)
        self.write_table(index, to_table(explanations), counts, shape)
