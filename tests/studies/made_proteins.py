"""Made-up proteins in the files that study C reads: helices and signal peptides are stretches of leucine."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from relevome.studies.protein_tasks import ALPHA, GLOBULAR

PLAIN = list("ADEGKNQRST")


def protein(rng: np.random.Generator, label: str, length: int, start: int, end: int) -> tuple[str, str]:
    """Letters and labels, with a stretch that is labelled where start < end."""
    letters, labels = list(rng.choice(PLAIN, length)), ["1"] * length
    letters[start:end] = rng.choice(list("LLLVIF"), end - start)
    labels[start:end] = label * (end - start)
    return "".join(letters), "".join(labels)


def write_made_proteins(data: Path, each: int = 20, seed: int = 0) -> None:
    """``each`` membrane proteins for every part, and globular ones of all folds, half with a signal."""
    rng = np.random.default_rng(seed)
    alpha = []
    for number in range(5 * each):
        length, start = int(rng.integers(60, 90)), int(rng.integers(5, 30))
        alpha.append(
            (f"{number}abc_A|P{number:05d}|X", *protein(rng, "Hh"[number % 2], length, start, start + 21))
        )
    globular = []
    for number in range(8 * each):
        length, signal = int(rng.integers(60, 90)), 18 * (number % 2)
        header = f"Q{number:05d}|EUKARYA|{'SP' if signal else 'NO_SP'}|1|cv{number // 2 % 4}"
        globular.append((header, *protein(rng, "S", length, 0, signal)))
    for path, records in ((ALPHA, alpha), (GLOBULAR, globular)):
        write_threes(data / path, records)


def write_made_enzymes(
    folder: Path, each: int = 100, seed: int = 0, of: tuple[int, ...] = (1, 3)
) -> tuple[Path, Path]:
    """A table of ``each`` enzymes of EC 1 and 3, whose active sites are unlike stretches, and sites of some.

    Three in four of EC 1 have a binding site, too.
    """
    rng = np.random.default_rng(seed)
    table, sites = ["id,sequence,ec"], ["id\ttype\tstart\tend"]
    for number in range(2 * each):
        name, ec = f"E{number:04d}", 3 if number % 2 else 1
        start = int(rng.integers(10, 50))
        letters = list(rng.choice(PLAIN, 70))
        letters[start : start + 6] = "CWCHWC" if ec == 3 else "MYPMYP"
        table.append(f"{name},{''.join(letters)},{ec}.1.1.{number % 5 + 1}")
        if ec not in of:
            continue
        sites.append(f"{name}\tactive site\t{start + 1}\t{start + 6}")
        if ec == 1 and number % 8 < 6:
            sites.append(f"{name}\tBinding site\t{start + 3}\t{start + 3}")
        sites.append(f"{name}\thelix\t1\t5")
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "enzymes.csv", folder / "sites.tsv"
    for path, lines in zip(paths, (table, sites), strict=True):
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return paths


def write_threes(path: Path, records: Iterable[tuple[str, str, str]]) -> None:
    """Three lines for each record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f">{header}\n{letters}\n{labels}\n" for header, letters, labels in records)
