"""What UniProt answers to a query, with all that is known of where it came from."""

from __future__ import annotations

import time
from hashlib import file_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from relevome.data.lines import open_bytes
from relevome.data.public import DataSet
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.jobs.data.downloads import ResumingDownloader, in_one_line, need_pooch
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.record import provenance, write_record

# https://www.uniprot.org/help/api_queries: all entries at once.
ADDRESS = "https://rest.uniprot.org/uniprotkb/stream"
FILE, RECORD = "proteins.xml.gz", "fetched.json"
_PART = f".{FILE}.part"
_FOLDER = ResultFolder((RECORD,), (FILE, f"{_PART}*"))
_PIECE = 1 << 20


def fetch_uniprot(data: DataSet, query: str, out: Path, *, overwrite: bool, say: Say) -> dict[str, Any]:
    """Entries of UniProtKB as XML, gzip, in a folder of their own, with the record ``fetched.json``.

    Args:
        data: What UniProt is.
        query: In UniProt's language, such as ``reviewed:true AND organism_id:83333``.
        out: The folder, which must be new, empty or unfinished.
        overwrite: Whether what is there is replaced.
        say: Told what is going on.

    Returns:
        The record: query, address, date, release and its date, entries, and the digest of the file.

    Raises:
        InputError: Where UniProt does not answer, does not understand the query, breaks off, or has no such
            protein.
    """
    need_pooch()
    asked = urlencode({"query": query, "format": "xml", "compressed": "true"})
    url = f"{ADDRESS}?{asked}"
    loader = ResumingDownloader(out / _PART, pinned=False)
    with _FOLDER.held(out, overwrite):
        say(f"downloading {url}")
        try:
            with whole_file(out / FILE) as temporary:
                with in_one_line(url, out / FILE, None):
                    loader(url, temporary)
                entries = _entries(temporary, query)
                with temporary.open("rb") as content:
                    digest = file_digest(content, "sha256").hexdigest()
                (out / RECORD).unlink(missing_ok=True)  # only now is there something in its place
        finally:
            loader.forget()
        told = {name.lower(): value for name, value in loader.headers.items()}
        record: dict[str, Any] = {
            "schema_version": 1,
            "data_set": "uniprot",
            "licence": data.licence,
            "query": query,
            "url": url,
            "release": told.get("x-uniprot-release"),
            "release_date": told.get("x-uniprot-release-date"),
            "entries": entries,
            "files": {FILE: digest},
            "fetched": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            **provenance(),
        }
        write_record(out / RECORD, record)
    return record


def _entries(path: Path, query: str) -> int:
    """How many entries a file has. Raises InputError for none, and for XML that does not come to its end."""
    count, tail = 0, b""
    with open_bytes(path) as content:
        while piece := content.read(_PIECE):
            count += (tail[-6:] + piece).count(b"<entry ")  # a tag may be cut in two
            tail = (tail + piece)[-64:]
    if not count:
        raise InputError(f"UniProt has no protein for the query {query!r}: ask for others with --query")
    if not tail.rstrip().endswith(b"</uniprot>"):
        raise InputError("UniProt broke off in the middle of its answer: run the same command again later")
    return count
