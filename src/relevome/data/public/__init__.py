"""Public data sets, and where each is published: one file for each source, with a registration of its sets.

Nothing here opens a connection. Digests were computed of the very files, or of what our studies read; none
was taken from anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from relevome.registry import Registry


@dataclass(frozen=True)
class Download:
    """A file at its address.

    Attributes:
        url: Where it is, http or https.
        sha256: The digest of the file as it is there, hexadecimal. None: it is not known.
    """

    url: str
    sha256: str | None = None


@dataclass(frozen=True)
class DataFile:
    """A file of a data set, as the commands read it.

    Attributes:
        path: Where it is kept below the folder of the data, with ``/``; one that ends in .gz is gzip.
        sha256: The digest of what it holds, decompressed, hexadecimal.
        size: The bytes of that.
        sources: What it is, or is made of. Empty: it has no address that is known, and comes from a
            folder that has it.
        made: From the files of the ``sources``, which may be gzip, what it holds. None: it is the one source
            as it is there.
    """

    path: str
    sha256: str
    size: int
    sources: tuple[Download, ...] = ()
    made: Callable[[Sequence[Path]], bytes] | None = None


@dataclass(frozen=True)
class DataSet:
    """Data of one origin.

    Attributes:
        about: What it is, in a line.
        licence: Of the data, in words.
        page: Where its makers tell of it.
        files: What it consists of.
        queried: Whether it is what the answer to a query is, in place of ``files``.
    """

    about: str
    licence: str
    page: str
    files: tuple[DataFile, ...] = ()
    queried: bool = False


data_sets: Registry[DataSet] = Registry("data set", __name__, "datasets")
