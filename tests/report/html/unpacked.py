"""What is in a page, read by other means than the page's own."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

KINDS = {"f2": "<f2", "f4": "<f4", "f8": "<f8", "i4": "<i4", "u2": "<u2", "u1": "|u1"}


class Unpacked:
    """The JSON of a page, and the arrays beside it."""

    def __init__(self, whole: bytes) -> None:
        (length,) = struct.unpack_from("<I", whole)
        self.content: dict[str, Any] = json.loads(whole[4 : 4 + length])
        self._arrays = whole[(4 + length + 7) // 8 * 8 :]

    def array(self, said: dict[str, Any]) -> np.ndarray:
        return np.frombuffer(self._arrays, KINDS[said["as"]], said["n"], said["at"])


def of_text(packed: str) -> Unpacked:
    """What is packed into a page."""
    return Unpacked(gzip.decompress(base64.b64decode(packed, validate=True)))


def unpacked(page: Path) -> Unpacked:
    found = re.search('<script type="application/octet-stream" id="data">([^<]*)</script>', page.read_text())
    assert found
    return of_text(found[1])
