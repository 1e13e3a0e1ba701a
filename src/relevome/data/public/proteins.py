"""Proteins with a label for every residue, from the repository of TMbed; and UniProt, by a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from relevome.data.lines import numbered_lines
from relevome.data.public import DataFile, DataSet, Download, data_sets
from relevome.errors import InputError

_FOLDER = "https://raw.githubusercontent.com/BernhoferM/TMbed/e87e5dd49738766ad3952fe043c25996827c056d/data"
_FOLDS = (
    "27e8f7dba85322846b028a2a8b14fa99a0dbb125e6b3b8cfac69f4deef10f0a2",
    "4fc4b990475bce3abdd231c14c3870eb5dd167a9cfc71dc898366840ae18c6cd",
    "803fe04facdeb5e953ed402cec0787aa5d561b12d05653933cb136b1a55d70ad",
    "5424fe727cb93cbfae3e7916df21442592d0a4cb733ae4a552f1e1a7ed1b5815",
)


def globular_proteins(paths: Sequence[Path]) -> bytes:
    """Proteins of TMbed's folds with a note on a signal peptide, which are the globular ones, in one file.

    Args:
        paths: The folds from 0 on, three lines a protein: header, residues, labels.

    Returns:
        The same lines, in the same order, with ``|cvN`` at the end of every header.

    Raises:
        InputError: For a file that is not in threes, or has no such protein.
    """
    lines = [line for fold, path in enumerate(paths) for line in _globular(fold, path)]
    return ("\n".join(lines) + "\n").encode()


def _globular(fold: int, path: Path) -> Iterator[str]:
    lines = [line for _, line in numbered_lines(path)]
    headers = lines[::3]
    if len(lines) % 3 or not all(header.startswith(">") for header in headers):
        raise InputError(f"{path} is not in threes: expected header, residues and labels of every protein")
    found = False
    for header, residues, labels in zip(headers, lines[1::3], lines[2::3], strict=True):
        if header.split("|")[2:3] in (["SP"], ["NO_SP"]):
            found = True
            yield from (f"{header}|cv{fold}", residues, labels)
    if not found:
        raise InputError(f"{path} has no globular proteins: expected headers with |SP or |NO_SP")


def _as_text(paths: Sequence[Path]) -> bytes:
    (path,) = paths
    return path.read_bytes()


data_sets.register("tmbed")(
    DataSet(
        about="TMbed: 593 membrane and 4,638 globular proteins with a label for every residue",
        licence="Apache-2.0",
        page="https://github.com/BernhoferM/TMbed",
        files=(
            DataFile(
                "protein/tmbed_alpha.3line.fasta.gz",
                "bdffc6ffddc84fb637e8613488f22eed4e9a34e7a9a92724bac09d012ca7c9ad",
                570_667,
                (
                    Download(
                        f"{_FOLDER}/datasets/alpha.fasta",
                        "bdffc6ffddc84fb637e8613488f22eed4e9a34e7a9a92724bac09d012ca7c9ad",
                    ),
                ),
                _as_text,
            ),
            DataFile(
                "protein/tmbed_globular_cv0-3.3line.fasta.gz",
                "d293685839b1a27ddf6e92525a1880bd0b4b960f8d8c4c71fa3ca1a9e191c168",
                5_723_977,
                tuple(
                    Download(f"{_FOLDER}/cv/cv_{fold:02}_a.fasta", digest)
                    for fold, digest in enumerate(_FOLDS)
                ),
                globular_proteins,
            ),
        ),
    )
)

data_sets.register("uniprot")(
    DataSet(
        about="UniProtKB entries that answer --query, as XML; not pinned: release and digest are recorded",
        licence="CC BY 4.0",
        page="https://www.uniprot.org/help/query-fields",
        queried=True,
    )
)
