"""Published weights from the package index, checked by their digest."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.models.published import published
from relevome.models.published.wheels import Wheel
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.record import provenance, write_record

RECORD = "fetched.json"


def fetch_weights(name: str, out: Path, *, wheel: Path | None, overwrite: bool) -> dict[str, Any]:
    """Weights that others published, from the wheel of their package on the package index, into a folder.

    The package is downloaded by pip, from where it is told to look, and is neither installed nor run: its
    file must have the digest that is known of it, and weights and their licence are taken out of it.

    Args:
        name: The family, one of `relevome list published`.
        out: The folder, which must be new, empty or unfinished.
        wheel: The file of the package, if it is here already. None: it is downloaded.
        overwrite: Whether weights that are there are replaced.

    Returns:
        The record, which is ``fetched.json`` in the folder: package, version, licence, and their digests.

    Raises:
        InputError: For a name that there is not, a package that cannot be downloaded, and a file with another
            digest.
    """
    known = published[name].wheel
    if known is None:
        raise InputError(f"{name} is in no package: get its files from its authors")
    found = _downloaded(known) if wheel is None else nullcontext(wheel)
    folder = ResultFolder((RECORD,), tuple(pattern.rpartition("/")[2] for pattern in known.members))
    with folder.held(out, overwrite), found as file:
        known.check(file)
        folder.clear(out)
        files: dict[str, str] = {}
        for kept, content in known.files(file):
            with whole_file(out / kept) as temporary:
                temporary.write_bytes(content)
            files[kept] = sha256(content).hexdigest()
        record: dict[str, Any] = {
            "schema_version": 1,
            "family": name,
            "package": known.project,
            "version": known.version,
            "sha256": known.sha256,
            "licence": known.licence,
            "files": files,
            "fetched": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            **provenance(),
        }
        write_record(out / RECORD, record)
    return record


@contextmanager
def _downloaded(wheel: Wheel) -> Iterator[Path]:
    """The file of a package while in the block. Raises InputError where pip does not get it."""
    with tempfile.TemporaryDirectory() as place:
        asked = f"{wheel.project}=={wheel.version}"
        options = ("--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", place, asked],
            capture_output=True,
            text=True,
            check=False,
        )
        files = [*Path(place).glob("*.whl")]
        if done.returncode or len(files) != 1:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            said = (lines or done.stderr.splitlines() or ["it gives no reason"])[-1].removeprefix("ERROR: ")
            raise InputError(
                f"pip cannot download {asked} ({said}): expected a package index that answers; or get the "
                "wheel elsewhere, and give it with --wheel"
            )
        yield files[0]
