"""How often a folder in a store is listed does not depend on how many parts it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.jobs import explain as explaining
from relevome.jobs.check import check
from relevome.jobs.running import shards
from relevome.results.parts.part import part_paths
from relevome.results.run.reader import Run
from tests.stores.kept import Kept

SEQUENCES = {f"s{i}": "ACGTTGCAATACGTTGCAAT"[i % 5 :] for i in range(14)}


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is listed from now on."""
    found: list[str] = []
    ls: Any = Kept.ls

    def counted(self: Kept, path: str, **how: Any) -> Any:
        found.append(path)
        return ls(self, path, **how)

    monkeypatch.setattr(Kept, "ls", counted)
    return found


def test_a_folder_is_not_listed_for_every_part(
    listed: list[str], saved: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (shards, explaining):
        monkeypatch.setattr(one, "SHARD_SEQUENCES", 2)
    model = relevome.load_model(saved("cnn"), device="cpu")
    counts = []
    for parts in (2, 7):
        given = dict([*SEQUENCES.items()][: 2 * parts])
        listed.clear()
        run = relevome.explain(model, given, "saliency", 1, out=f"kept:/{tmp_path}/{parts}", batch_size=2)
        writing = len(listed)
        assert [len(row.relevance) for row in Run(run.path)] == [len(letters) for letters in given.values()]
        reading = len(listed) - writing
        assert check(run.path, given).complete
        counts.append((writing, reading, len(listed) - writing - reading))
        assert len(part_paths(run.path)) == parts
    assert counts[0] == counts[1]
    assert counts[0][1] == 1  # a run is opened by one list of its folder
