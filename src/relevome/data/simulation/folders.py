"""The folder of a simulation: new, and finished when its last file is there."""

from __future__ import annotations

from pathlib import Path

from relevome.data.lines import PathLike
from relevome.errors import InputError


def new_folder(path: PathLike) -> Path:
    """A folder that is made, or holds nothing but a lock. Raises InputError for any other."""
    folder = Path(path)
    if folder.is_file() or (folder.is_dir() and any(one.name != ".lock" for one in folder.iterdir())):
        raise InputError(f"{folder} is there and not empty: give a new folder, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_last(path: Path, text: str) -> None:
    """The file that says that all is there, as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(path)
