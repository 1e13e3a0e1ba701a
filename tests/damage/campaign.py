"""Inputs by their numbers: each is drawn from a seed, its reader and its number, read, and judged."""

from __future__ import annotations

import re
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
LARGE = 10_000_000  # bytes


@dataclass(frozen=True)
class Verdict:
    """What came of one input: `ACCEPTED`, `REFUSED`, or a fault, with all that there is to say of it."""

    said: str
    fault: str = ""


def drawn(reader: Reader, seed: int, number: int) -> Files:
    """The files of an input, always the same; those of numbers below 0 are large."""
    if number < 0:
        return _large(reader, -1 - number)
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


def _large(reader: Reader, number: int) -> Files:
    """Valid files, of which one has 10 MB of something."""
    files = dict(reader.examples[number // len(_LARGE) % len(reader.examples)])
    names = [name for name in files if not reader.only or name in reader.only]
    name = names[number // len(_LARGE) // len(reader.examples) % len(names)]
    files[name] = _LARGE[number % len(_LARGE)](files[name])
    return files


def large_inputs(reader: Reader) -> range:
    """The numbers of all large inputs of a reader, every file of every example once in each way."""
    most = max(len(files) if not reader.only else len(reader.only) for files in reader.examples)
    return range(-min(len(_LARGE) * len(reader.examples) * most, 60), 0)


def _repeated(piece: bytes) -> bytes:
    return piece * (LARGE // max(len(piece), 1))


def _last_line(content: bytes) -> bytes:
    line = (content.splitlines(keepends=True) or [b"x"])[-1]
    return content + _repeated(line)


def _word(content: bytes) -> bytes:
    """A word in the middle is very long."""
    words = list(re.finditer(rb"\w+", content))
    one = words[len(words) // 2] if words else None
    return content if one is None else content[: one.end()] + _repeated(one[0]) + content[one.end() :]


def _many_letters(content: bytes) -> bytes:
    """All letters that there are, in one line at the end."""
    every = "".join(map(chr, range(0x100, 0xD000))).encode()
    line = every * (LARGE // 2 // len(every)) + b"\n"
    return content + b">z\n" + line + line


_LARGE = (
    _repeated, _last_line, _word, _many_letters,
    lambda content: _repeated(b"[") , lambda content: _repeated(b'{"a":'), lambda content: _repeated(b"<a>"),
    lambda content: _repeated(b"\0"), lambda content: content + _repeated(b"\n"),
    lambda content: content + _repeated(b"\t"), lambda content: b"[" + b"[]," * (LARGE // 3) + b"[]]",
)  # fmt: skip


def judge(reader: Reader, files: Files, folder: Path, compared: bool = True) -> Verdict:
    """Write files into an empty folder, have them read, perhaps compared, and say what came of it."""
    put(files, folder)
    try:
        found = reader.read(folder)
        differs = reader.differs(folder, found) if compared else ""
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
