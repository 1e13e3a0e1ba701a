"""Writing a run: explanations, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relevome.results.parts.writer import PartsWriter
from relevome.results.run.manifest import RUN
from relevome.stores.place import Place


class RunWriter(PartsWriter):
    """A run that is being written; see `PartsWriter`."""

    def __init__(self, folder: str | Place, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        super().__init__(folder, RUN, manifest, overwrite)
