"""Clusters of sequences by identity, as MMseqs2 and CD-HIT write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from relevome.data.lines import PathLike, numbered_lines
from relevome.errors import InputError
from relevome.words import counted

# UniProt's FASTA headers; MMseqs2 keeps the accession of them, CD-HIT all, and cuts what is long.
_UNIPROT = re.compile(r"(?:sp|tr)\|([^|]+)\|")
_CDHIT = re.compile(r"\d+\s+\d+(?:aa|nt), >(.+?)\.\.\.\s")


@dataclass(frozen=True)
class Clusters:
    """The number of the cluster of every member."""

    of: Mapping[str, int] = field(repr=False)

    def find(self, id: str) -> int | None:
        """The cluster of a sequence, by its id or the accession in it; None if it is in none."""
        return self.of.get(id, self.of.get(accession(id)))


def accession(id: str) -> str:
    """The accession in an id such as ``sp|P12345|NAME``; any other id as it is."""
    found = _UNIPROT.match(id)
    return found[1] if found else id


def read_clusters(path: PathLike) -> Clusters:
    """Clusters from lines ``representative<TAB>member`` (MMseqs2), or a ``.clstr`` file of CD-HIT.

    Raises ``InputError`` for a line that is neither, and for a member of two clusters.
    """
    names: dict[str, int] = {}
    clusters: dict[str, int] = {}
    for where, name, member in _members(path):
        cluster = names.setdefault(name, len(names))
        if clusters.setdefault(accession(member), cluster) != cluster:
            raise InputError(f"{where}: {member!r} is in two clusters: expected every sequence in one")
    if not clusters:
        raise InputError(f"{path} has no clusters: expected lines 'representative<TAB>member', or CD-HIT's")
    return Clusters(clusters)


def _members(path: PathLike) -> Iterator[tuple[str, str, str]]:
    """Where, the name of the cluster, and the member."""
    cluster: str | None = None
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        if line.startswith(">Cluster"):
            cluster = line
        elif line.strip():
            yield where, *_member(where, line, cluster)


def _member(where: str, line: str, cluster: str | None) -> tuple[str, str]:
    if cluster is not None:
        found = _CDHIT.match(line + " ")
        if found is None:
            raise InputError(f"{where} is no line of CD-HIT: expected '0  141aa, >name... *'")
        return cluster, found[1]
    fields = line.split("\t")
    if len(fields) != 2 or not all(field.strip() for field in fields):
        raise InputError(f"{where} has {counted(len(fields), 'column')}: expected representative<TAB>member")
    return fields[0].strip(), fields[1].strip()
