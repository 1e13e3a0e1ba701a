"""Downloads that go on where they were stopped, kept in a cache, each checked by its digest."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from relevome.data.public import Download
from relevome.errors import InputError
from relevome.jobs import Say

if TYPE_CHECKING:
    from requests import RequestException, Response

CACHE = "RELEVOME_CACHE"
# How often a download is tried that breaks off, and the seconds in between.
ATTEMPTS, PAUSE = 3, 2.0
_TIMEOUT = (10, 60)  # seconds until there is a connection, and until something comes
_PIECE = 1 << 12  # bytes that are lost at most where a connection breaks


def need_pooch() -> None:
    """Raises InputError where the library that downloads is not there."""
    if find_spec("pooch") is None:
        raise InputError("data sets are downloaded by the library pooch: pip install relevome[data]")


def cache_folder() -> Path:
    """Where downloads are kept: what RELEVOME_CACHE names, else the user's cache folder of the system."""
    if named := os.environ.get(CACHE):
        return Path(named).expanduser()
    need_pooch()
    import pooch

    return Path(pooch.os_cache("relevome"))


def cached_at(one: Download) -> Path:
    """Where a download is in the cache once it is there: what has this name came as a whole."""
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(urlsplit(one.url).path).name) or "file"
    return cache_folder() / f"{sha256(one.url.encode()).hexdigest()[:16]}-{name}"


def is_cached(one: Download) -> bool:
    """Whether a download is in the cache. Its digest is not looked at."""
    if find_spec("pooch") is None and CACHE not in os.environ:
        return False
    return cached_at(one).is_file()


def downloaded(one: Download, say: Say) -> Path:
    """The file of a download: of the cache, if it is there with the right digest, else from its address.

    Another process that downloads the same is waited for. What came before a connection broke is kept, and
    the next call goes on from there.

    Args:
        one: What is wanted.
        say: Told what is going on.

    Raises:
        InputError: Where pooch is missing, nothing answers, what answers is no file or has another digest, or
            the cache cannot be written.
    """
    need_pooch()
    import pooch
    from filelock import FileLock, Timeout

    pooch.get_logger().setLevel("WARNING")
    place = cached_at(one)
    part = place.with_name(f".{place.name}.part")
    expected = None if one.sha256 is None else f"sha256:{one.sha256}"
    with in_one_line(one.url, place, part):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.with_name(f".{place.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"waiting for another process that downloads {one.url}")
            lock.acquire()
        try:
            say(f"downloading {one.url}" if not place.is_file() else f"checking {place.name}")
            loader: Any = ResumingDownloader(part, one.sha256 is not None)
            pooch.retrieve(one.url, expected, place.name, place.parent, downloader=loader)
        finally:
            lock.release()
    return place


class ResumingDownloader:
    """A downloader for pooch that keeps what came before a connection broke, and asks for the rest.

    It does so by ranges of bytes (RFC 9110). Pooch checks the digest of the whole and drops a file that has
    another one.

    Attributes:
        headers: Of the last answer.
    """

    def __init__(self, part: Path, pinned: bool) -> None:
        """What came is in ``part``, and beside it which version that is.

        Without a digest (``pinned``) the rest is asked for only where the server tells versions apart.
        """
        self._part, self._pinned = part, pinned
        self._noted = part.with_name(f"{part.name}.version")
        self.headers: dict[str, str] = {}

    def __call__(self, url: str, output_file: Any, pooch: Any = None, check_only: bool = False) -> None:
        """Download ``url`` to the path ``output_file``. Raises RequestException, and OSError."""
        from requests import HTTPError, RequestException

        for attempt in range(ATTEMPTS):
            try:
                self._get(url)
                break
            except RequestException as error:
                answer = error.response if isinstance(error, HTTPError) else None
                refused = answer is not None and answer.status_code < 500
                if refused or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(PAUSE)
        self._part.replace(output_file)
        self.forget()

    def forget(self) -> None:
        """Begin anew next time."""
        self._part.unlink(missing_ok=True)
        self._noted.unlink(missing_ok=True)

    def _get(self, url: str) -> None:
        """Ask for all, or for the rest, and append it."""
        import requests

        asked = {"Accept-Encoding": "identity"}  # else a server may send other bytes than are in the file
        have, version = self._kept()
        if have:
            asked["Range"] = f"bytes={have}-"
            if version:
                asked["If-Range"] = version
        with requests.get(url, headers=asked, stream=True, timeout=_TIMEOUT) as answer:
            self.headers = dict(answer.headers)
            where = answer.headers.get("Content-Range", "")
            if answer.status_code == 416 and where == f"bytes */{have}":
                return  # all of it is here
            other = answer.status_code == 206 and not where.startswith(f"bytes {have}-")
            if other or answer.status_code == 416:
                self.forget()
                raise requests.ConnectionError(f"what is there does not go on at byte {have:,} ({where})")
            if not answer.ok:
                _ = answer.content  # what it says of it, which is not to be had later
                answer.raise_for_status()
            if answer.status_code != 206:
                self._begin(answer)
                have = 0
            self._append(answer, have)

    def _kept(self) -> tuple[int, str]:
        """How many bytes are here of which version; none where they are of no use."""
        version = self._noted.read_text() if self._noted.is_file() else ""
        have = self._part.stat().st_size if self._part.is_file() else 0
        return (have, version) if version or self._pinned else (0, "")

    def _begin(self, answer: Response) -> None:
        tag = answer.headers.get("ETag", "")
        version = answer.headers.get("Last-Modified", "") if tag.startswith("W/") or not tag else tag
        self.forget()
        self._noted.write_text(version)

    def _append(self, answer: Response, have: int) -> None:
        import requests

        encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
        try:
            with self._part.open("ab") as file:
                for piece in answer.iter_content(_PIECE):
                    file.write(piece)
        except BaseException:
            if encoded:  # what is here is decoded, and the server counts what is not
                self.forget()
            raise
        came = self._part.stat().st_size - have
        length = answer.headers.get("Content-Length")
        if length is not None and not encoded and came != int(length):
            raise requests.ConnectionError(f"{came:,} of {int(length):,} bytes came")


@contextmanager
def in_one_line(url: str, place: Path, part: Path | None) -> Iterator[None]:
    """Raises InputError for what goes wrong with a download in this block.

    ``place`` is where it goes, ``part`` what is kept of it where it breaks off.
    """
    from requests import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        raise InputError(f"{url} {_answer(error.response)}") from error
    except RequestException as error:
        kept = part.stat().st_size if part is not None and part.is_file() else 0
        on = f"; {kept:,} bytes are kept, and the same command goes on from there" if kept else ""
        raise InputError(
            f"cannot download {url} ({_reason(error)}){on}: expected a network, or a folder or address with "
            "the data in RELEVOME_DATA"
        ) from error
    except ValueError as error:  # of pooch, for a digest
        raise InputError(
            f"{url} has another sha256 than is known of it, and was not kept: it was damaged on its way, or "
            "changed by its makers; try again, or have the data in a folder that RELEVOME_DATA names"
        ) from error
    except OSError as error:
        raise InputError(_unwritten(place, error)) from error


def _answer(response: Response | None) -> str:
    """What a server says that gives no file."""
    if response is None:
        return "gives no file"
    try:
        said = "; ".join(map(str, response.json()["messages"]))
    except (ValueError, LookupError, TypeError):
        said = "the address may have changed"
    return f"answers {response.status_code} {response.reason}: {said}"


def _reason(error: RequestException) -> str:
    """The innermost reason, without what Python calls its objects."""
    inner: Any = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    said = re.sub(r"^(<.*?>|\w+\(host=.*?\)): ", "", str(inner))
    return said or type(error).__name__


def _unwritten(place: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space left on the disk of {place.parent}: what came is kept; free some space and run the "
            f"same command again, or name another folder with {CACHE}"
        )
    return f"cannot write {place} ({error.strerror or error}): name another folder with {CACHE}"
