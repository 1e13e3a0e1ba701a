"""One set of sequences cut into parts to train, validate and test on, no cluster in two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from relevome.data.formats.clusters import Clusters, read_clusters
from relevome.data.formats.table import LabelledSequence
from relevome.data.inputs import sha256_of
from relevome.data.sequences import Sequence
from relevome.data.shares import PARTS, read_shares
from relevome.errors import InputError
from relevome.results.tables import write_tsv
from relevome.training.settings import TrainingSettings
from relevome.words import counted


@runtime_checkable
class HasSequence(Protocol):
    """Anything with a sequence."""

    @property
    def sequence(self) -> Sequence:
        """Its sequence."""
        ...


T = TypeVar("T", bound=HasSequence)


@dataclass(frozen=True)
class Split:
    """How a set is cut: the share of each part, and a file of clusters; else identical sequences are one.

    Clusters are drawn one after another, each into a part that has room for it, with a probability as the
    room that is left there; one that fits nowhere goes where most is left. One seed always gives the same.
    """

    shares: tuple[float, ...]
    path: Path | None = None
    seed: int = 0

    def cut(self, rows: List[T]) -> dict[str, list[T]]:
        """Rows of every part, in their order. Raises ``InputError`` if a part has none."""
        clusters = self._clusters(rows)
        sizes = Counter(clusters)
        part_of: dict[Any, int] = {}
        rng = np.random.default_rng(self.seed)
        room = np.array(self.shares) * len(rows)
        for cluster in rng.permutation(np.array(list(sizes), dtype=object)):
            part_of[cluster] = part = _draw(room, sizes[cluster], rng)
            room[part] -= sizes[cluster]
        parts: dict[str, list[T]] = {name: [] for name in PARTS[: len(self.shares)]}
        for row, cluster in zip(rows, clusters, strict=True):
            parts[PARTS[part_of[cluster]]].append(row)
        for name, members in parts.items():
            if not members:
                raise InputError(
                    f"--split leaves no sequence to {name}: {counted(len(rows), 'sequence')} are in "
                    f"{counted(len(sizes), 'cluster')}, the largest of "
                    f"{max(sizes.values(), default=0)}; expected more clusters, or other shares"
                )
        return parts

    def describe(self, rows: List[T]) -> dict[str, Any]:
        """For the record: by what, how many clusters, and members of the file that are no rows."""
        clusters = self._clusters(rows)
        described: dict[str, Any] = {
            "by": "identical sequences" if self.path is None else "clusters",
            "shares": list(self.shares),
            "clusters": len(set(clusters)),
            "largest_cluster": max(Counter(clusters).values()),
        }
        if self.path is not None:
            unused = len(read_clusters(self.path).of) - len(rows)
            described |= {"path": str(self.path), "sha256": sha256_of(self.path), "members_not_used": unused}
        return described

    def _clusters(self, rows: List[T]) -> list[Any]:
        if self.path is None:
            return [row.sequence.letters for row in rows]
        clusters = read_clusters(self.path)
        found = [clusters.find(row.sequence.id) for row in rows]
        _check_all_found(self.path, clusters, rows, found)
        return found


def split_of(settings: TrainingSettings) -> Split | None:
    """How the only table is cut; None where there are several."""
    if settings.validation is not None:
        return None
    most = 3 if settings.test is None else 2
    usual = "0.8,0.1,0.1" if most == 3 else "0.9,0.1"
    return Split(read_shares(settings.split or usual, most), settings.clusters, settings.seed)


def _draw(room: np.ndarray, size: int, rng: np.random.Generator) -> int:
    fits = np.where(room >= size, room, 0.0)
    if not fits.any():
        return int(room.argmax())
    return int(rng.choice(len(room), p=fits / fits.sum()))


def _check_all_found(
    path: Path, clusters: Clusters, rows: List[HasSequence], found: list[int | None]
) -> None:
    missing = [row.sequence.id for row, cluster in zip(rows, found, strict=True) if cluster is None]
    if missing:
        raise InputError(
            f"{path} has no cluster for {len(missing)} of {counted(len(rows), 'sequence')}, such as "
            f"{missing[0]!r} (its members are called {', '.join(map(repr, list(clusters.of)[:2]))}, ...): "
            "cluster the same sequences under the same ids (CD-HIT cuts ids unless told -d 0)"
        )


@dataclass(frozen=True)
class SavedParts:
    """Tables ``train.tsv`` and so on beside a model, so that the proteins it never saw can be explained."""

    rows: Mapping[str, List[LabelledSequence]]

    def save_pretrained(self, folder: Path) -> None:
        """Writes them; the name is that of all that is saved with a model."""
        for name, rows in self.rows.items():
            lines = ((row.sequence.id, row.sequence.letters, row.label or "") for row in rows)
            write_tsv(folder / f"{name}.tsv", ("id", "sequence", "label"), lines)
