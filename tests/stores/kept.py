"""A store of objects on this disk, for tests: names come to be as a whole, or only where there is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.local import LocalFileSystem


class Kept(LocalFileSystem):
    """``kept://tmp/x`` is ``/tmp/x``. What `refused` says of a name, the store refuses to put."""

    protocol = "kept"
    cachable = False
    refused: ClassVar[dict[str, Exception]] = {}
    puts: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("kept://").strip("/")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        """As S3 does it: what is there is replaced, or the request fails."""
        place = Path(path)
        if place.name in self.refused:
            raise self.refused[place.name]
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f"new-{os.getpid()}-{id(value)}")
        new.write_bytes(value)
        try:
            if mode == "create":
                os.link(new, place)
            else:
                new.replace(place)
        finally:
            new.unlink(missing_ok=True)
        self.puts.append(place.name)


class Replacing(Kept):
    """One that knows no conditions."""

    protocol = "replacing"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("replacing://").strip("/")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        """Whatever is asked for."""
        super().pipe_file(path, value)


fsspec.register_implementation("kept", Kept, clobber=True)
fsspec.register_implementation("replacing", Replacing, clobber=True)
