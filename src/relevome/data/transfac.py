"""Motifs in TRANSFAC's format, written anew in MEME's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relevome.data.lines import PathLike, numbered_lines
from relevome.errors import InputError


def meme_of_transfac(path: PathLike, background: Sequence[float]) -> str:
    """MEME 4 text of the count matrices of a TRANSFAC file, plain or gzip, in its order.

    Args:
        path: The file: for each motif ``AC``, ``ID``, rows that begin with a number, and ``//`` at the end.
        background: Frequencies of A, C, G and T that are written at the top; matrices do not depend on them.

    Returns:
        Text of motifs with names ``AC`` and ``ID``, probabilities of 6 decimals, and as ``nsites`` the
        largest sum of a row.

    Raises:
        InputError: For a file without motifs, and for rows that are not four counts with a sum above 0.
    """
    letters = " ".join(
        f"{letter} {frequency:g}" for letter, frequency in zip("ACGT", background, strict=True)
    )
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    lines += ["Background letter frequencies", letters, ""]
    head = len(lines)
    for name, alternative, rows in _matrices(path):
        most = max(map(sum, rows))
        lines.append(f"MOTIF {name} {alternative}")
        lines.append(f"letter-probability matrix: alength= 4 w= {len(rows)} nsites= {most:g} E= 0")
        lines += ["  ".join(f"{count / sum(row):.6f}" for count in row) for row in rows]
        lines.append("")
    if len(lines) == head:
        raise InputError(f"{path} has no motifs: expected count matrices in TRANSFAC's format")
    return "\n".join(lines) + "\n"


def _matrices(path: PathLike) -> Iterator[tuple[str, str, list[list[float]]]]:
    """``AC``, ``ID`` and counts of every motif that has some."""
    named: dict[str, str] = {}
    rows: list[list[float]] = []
    for number, line in numbered_lines(path):
        key, _, rest = line.strip().partition(" ")
        if line.startswith("//"):
            if rows:
                yield named.get("AC", ""), named.get("ID", ""), rows
            named, rows = {}, []
        elif key in ("AC", "ID"):
            named[key] = rest.strip()
        elif line[:1].isdigit():
            rows.append(_counts(line, f"{path}, line {number}"))
    if rows:
        raise InputError(f"{path}: the last motif has no end '//': copy or download it again")


def _counts(line: str, where: str) -> list[float]:
    try:
        counts = [float(word) for word in line.split()[1:5]]
    except ValueError:
        counts = []
    if len(counts) != 4 or not 0 < sum(counts) < float("inf") or min(counts) < 0:
        raise InputError(f"{where}: expected four counts, of A, C, G and T, with a sum above 0")
    return counts
