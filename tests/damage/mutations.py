"""What can be wrong with a file: each way is one function of bytes, and every draw comes from a seed."""

from __future__ import annotations

import gzip
import re
from random import Random

from tests.damage.containers import change_array, change_arrays, change_table
from tests.damage.values import ODD_NUMBERS, ODD_TEXTS, Given, Mutation, change_json

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def _place(data: bytes, rng: Random) -> int:
    return rng.randrange(len(data) + 1)


def _span(data: bytes, rng: Random) -> tuple[int, int]:
    start = _place(data, rng)
    return start, min(len(data), start + rng.choice((1, 2, 5, 20, 100, 1000)))


def flip_bits(data: bytes, given: Given) -> bytes:
    changed = bytearray(data)
    for _ in range(given.rng.choice((1, 1, 2, 8))):
        if changed:
            changed[given.rng.randrange(len(changed))] ^= 1 << given.rng.randrange(8)
    return bytes(changed)


def replace_bytes(data: bytes, given: Given) -> bytes:
    start, end = _span(data, given.rng)
    return data[:start] + given.rng.randbytes(min(end - start, 20)) + data[end:]


def truncate(data: bytes, given: Given) -> bytes:
    return data[: _place(data, given.rng)]


def cut_out(data: bytes, given: Given) -> bytes:
    start, end = _span(data, given.rng)
    return data[:start] + data[end:]


def repeat(data: bytes, given: Given) -> bytes:
    start, end = _span(data, given.rng)
    return data[:end] + data[start:end] * given.rng.choice((1, 1, 3, 200)) + data[end:]


def put_in(data: bytes, given: Given) -> bytes:
    at = _place(data, given.rng)
    return data[:at] + given.rng.choice(ODD_TEXTS) + data[at:]


def put_word(data: bytes, given: Given) -> bytes:
    at = _place(data, given.rng)
    return data[:at] + given.rng.choice(given.words or ODD_TEXTS) + data[at:]


def change_number(data: bytes, given: Given) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return put_in(data, given)
    one = given.rng.choice(found)
    return data[: one.start()] + given.rng.choice(ODD_NUMBERS).encode() + data[one.end() :]


def change_lines(data: bytes, given: Given) -> bytes:
    """Lines twice, gone, in another order, joined, or of another file."""
    lines, rng = data.splitlines(keepends=True), given.rng
    if not lines:
        return given.other
    at, way = rng.randrange(len(lines)), rng.randrange(6)
    if way == 0:
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
    elif way == 1:
        del lines[at]
    elif way == 2:
        rng.shuffle(lines)
    elif way == 3:
        lines[at] = lines[at].rstrip(b"\r\n")
    elif way == 4:
        lines.insert(at, rng.choice(given.other.splitlines(keepends=True) or [b"\n"]))
    else:
        lines.insert(at, rng.choice((b"\n", b" \n", b"\t\n", b"#\n", b"# x\n", b"//\n", b"\r\n", b",\n")))
    return b"".join(lines)


def change_fields(data: bytes, given: Given) -> bytes:
    """Fields of one line twice, gone, exchanged, or something else."""
    lines, rng = data.splitlines(keepends=True), given.rng
    if not lines:
        return data
    at = rng.randrange(len(lines))
    body = lines[at].rstrip(b"\r\n")
    mark = max((b"\t", b",", b" ", b";", b"="), key=body.count)
    fields, way = body.split(mark), rng.randrange(5)
    place, other = rng.randrange(len(fields)), rng.randrange(len(fields))
    if way == 0:
        fields.insert(other, fields[place])
    elif way == 1:
        del fields[place]
    elif way == 2:
        fields[place], fields[other] = fields[other], fields[place]
    elif way == 3:
        fields[place] = rng.choice(ODD_TEXTS)
    else:
        fields[place] = rng.choice(ODD_NUMBERS).encode()
    lines[at] = mark.join(fields) + lines[at][len(body) :]
    return b"".join(lines)


def change_encoding(data: bytes, given: Given) -> bytes:
    text, rng = data.decode("utf-8", "replace"), given.rng
    names = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7", "cp037")
    if rng.random() < 0.3:
        text = text.replace(rng.choice(text or "x"), rng.choice("éßµΩıİ"), 1)
    return text.encode(rng.choice(names), "replace")


def change_line_ends(data: bytes, given: Given) -> bytes:
    ends = (b"\r", b"\r\n", b"\n\r", b"\n\n", b"\r\r\n", b"\x0b\n", b" \n", b"\t\n", b"\x0c", b"")
    end = given.rng.choice(ends)
    count = given.rng.choice((-1, 1, 3))
    return data.replace(b"\n", end, count)


def lengthen(data: bytes, given: Given) -> bytes:
    """One line, or one run of letters, gets very long."""
    found = list(re.finditer(rb"\w+", data))
    if not found:
        return b"A" * 50_000
    one = given.rng.choice(found)
    return data[: one.end()] + one[0] * (20_000 // len(one[0])) + data[one.end() :]


def nest(data: bytes, given: Given) -> bytes:
    """Brackets or tags within each other, many times."""
    depth = given.rng.choice((10, 1000, 100_000))
    opened, closed = given.rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"(", b")")))
    at = _place(data, given.rng)
    return data[:at] + opened * depth + b"1" + closed * given.rng.choice((0, depth)) + data[at:]


def compress(data: bytes, given: Given) -> bytes:
    """Good and bad gzip."""
    packed, rng = gzip.compress(data, 1), given.rng
    way = rng.randrange(6)
    if way == 0:
        return packed[: _place(packed, rng)]
    if way == 1:
        return packed + rng.choice((b"\0" * 40, b"junk", data, b"\x1f\x8b"))
    if way == 2:
        return gzip.compress(packed, 1)
    if way == 3:
        return packed + gzip.compress(given.other, 1)
    return flip_bits(packed, given) if way == 4 else packed


def start_over(data: bytes, given: Given) -> bytes:
    """Nothing, blank lines, or junk."""
    odd = (
        b"",
        b"\n",
        b" \n\t\n",
        b"\0" * 99,
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"{",
        b"[]",
    )
    return given.rng.choice((*odd, given.rng.randbytes(given.rng.choice((1, 20, 400)))))


def splice(data: bytes, given: Given) -> bytes:
    """The beginning of one file and the end of another."""
    other = given.other
    return data[: _place(data, given.rng)] + other[_place(other, given.rng) :]


def change_case(data: bytes, given: Given) -> bytes:
    start, end = _span(data, given.rng)
    return data[:start] + data[start:end].swapcase() + data[end:]


ANY: tuple[Mutation, ...] = (
    flip_bits, replace_bytes, truncate, cut_out, repeat, put_in, put_word, change_number, change_lines,
    change_fields, change_encoding, change_line_ends, lengthen, nest, compress, start_over, splice,
    change_case,
)  # fmt: skip
# Most of what is random ends in the first line: what knows the format comes further.
OF_TEXT = (
    change_lines,
    change_fields,
    change_fields,
    change_number,
    change_number,
    put_in,
    put_word,
    put_word,
)
BY_ENDING: dict[str, tuple[Mutation, ...]] = {
    ".json": (change_json,) * 20,
    ".npz": (change_arrays,) * 12,
    ".npy": (change_array,) * 12,
    ".parquet": (change_table,) * 12,
}
BINARY = (flip_bits, replace_bytes, truncate, cut_out, repeat, put_in, start_over, splice)


def damage(name: str, data: bytes, given: Given) -> bytes:
    """A file by this name with one to three things wrong with it."""
    ending = name[name.rfind(".") :]
    known = BY_ENDING.get(ending, OF_TEXT)
    others = (
        BINARY if ending in (".npz", ".npy", ".parquet", ".safetensors", ".pt", ".pth", ".model") else ANY
    )
    for _ in range(given.rng.choice((1, 1, 1, 2, 3))):
        data = given.rng.choice((*known, *others))(data, given)
    return data
