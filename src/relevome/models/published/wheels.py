"""Where published weights are: in the wheel of their authors' package, of which only they are taken."""

from __future__ import annotations

import fnmatch
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath

from relevome.errors import InputError


@dataclass(frozen=True)
class Wheel:
    """A release on the package index.

    Attributes:
        project: Its name there.
        version: Its version.
        sha256: The digest of the whole file, hexadecimal.
        members: Patterns of the names in it that are weights, and what belongs to them.
        licence: That of the weights, in words.
    """

    project: str
    version: str
    sha256: str
    members: tuple[str, ...]
    licence: str

    def check(self, file: Path) -> None:
        """Raises InputError for another file than this very release."""
        try:
            with file.open("rb") as opened:
                found = file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"cannot read {file} ({error.strerror}): expected a wheel") from error
        if found != self.sha256:
            raise InputError(
                f"{file.name} has sha256 {found[:12]}...: expected {self.sha256[:12]}..., that of "
                f"{self.project} {self.version}; nothing of it was used, download it again"
            )

    def files(self, file: Path) -> Iterator[tuple[str, bytes]]:
        """Names, without folders, and content of the members that are taken. Checked before, see `check`."""
        with zipfile.ZipFile(file) as opened:
            for member in opened.namelist():
                if any(fnmatch.fnmatchcase(member, pattern) for pattern in self.members):
                    yield PurePosixPath(member).name, opened.read(member)
