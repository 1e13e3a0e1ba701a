"""Inputs by their numbers: each is drawn from a seed, its reader and its number, read, and judged."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from traceback import format_exc

from relevome.errors import InputError
from tests.damage.mutations import damage
from tests.damage.readers import Files, Reader
from tests.damage.values import Given

ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class Verdict:
    """What came of one input: `ACCEPTED`, `REFUSED`, or a fault, with all that there is to say of it."""

    said: str
    fault: str = ""


def drawn(reader: Reader, seed: int, number: int) -> Files:
    """The files of an input, always the same."""
    rng = Random(f"{seed}/{reader.name}/{number}")
    examples = reader.examples
    files = dict(rng.choice(examples))
    names = [name for name in files if not reader.only or name in reader.only]
    for _ in range(rng.choice((1, 1, 1, 2)) if len(names) > 1 else 1):
        name = rng.choice(names)
        if len(names) > 1 and rng.random() < 0.03:
            files.pop(name, None)
        elif name in files:
            other = rng.choice([one for example in examples for one in example.values()])
            files[name] = damage(name, files[name], Given(rng, reader.words, other))
    return files


def judge(reader: Reader, files: Files, folder: Path) -> Verdict:
    """Write files into an empty folder, have them read, and say what came of it."""
    put(files, folder)
    try:
        found = reader.read(folder)
        differs = reader.differs(folder, found)
    except InputError as error:
        lines = str(error).splitlines()
        return Verdict(REFUSED) if len(lines) == 1 else Verdict("lines", f"{len(lines)} lines: {error}")
    except Exception:  # noqa: BLE001 - that is the question
        return Verdict("traceback", format_exc())
    return Verdict("differs", differs) if differs else Verdict(ACCEPTED)


def put(files: Files, folder: Path) -> None:
    """Have a folder hold these files and nothing else."""
    for name, content in files.items():
        path = folder / name
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True)
            path.write_bytes(content)


def empty(folder: Path) -> None:
    """Take everything out of a folder."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
