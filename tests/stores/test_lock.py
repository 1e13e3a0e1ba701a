"""One process at a time has a folder of a store, and one that is dead does not keep it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.results.folder import is_marked, lock_folder, mark_of, unlock_folder
from relevome.results.parts.part import Counts
from relevome.results.run.writer import RunWriter
from relevome.stores import lock
from relevome.stores.lock import StoreLock
from relevome.stores.place import StorePath, named_place
from tests.stores import kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StorePath:
    monkeypatch.setattr(lock, "BEAT", 0.05)
    monkeypatch.setattr(lock, "SILENT", 1.0)
    found = named_place(f"{kept.Kept.protocol}:/{tmp_path}/run")
    assert isinstance(found, StorePath)
    return found


def dead(folder: StorePath, monkeypatch: pytest.MonkeyPatch) -> StoreLock:
    """A lock whose process says nothing any more."""
    with monkeypatch.context() as patch:
        patch.setattr(StoreLock, "_live", lambda self: None)
        return StoreLock(folder)


def test_a_lock_is_held_by_one_and_left_to_the_next(folder: StorePath) -> None:
    held = lock_folder(folder)
    mark = mark_of(folder)
    assert is_marked(folder, mark)
    with pytest.raises(InputError, match=r"^another process is writing kept://.*: wait until it has ended"):
        lock_folder(folder)
    unlock_folder(held)
    assert not is_marked(folder, mark)
    assert mark_of(folder) == ""
    unlock_folder(lock_folder(folder))
    assert [path.name for path in folder.iterdir()] == [".lock-00002"]


def test_a_lock_lives_as_long_as_it_is_held(folder: StorePath) -> None:
    held = StoreLock(folder)
    (file,) = folder.iterdir()
    first = file.read_text()
    time.sleep(0.5)
    assert file.read_text() != first
    held.release()
    time.sleep(0.2)
    assert file.read_text() == ""


def test_a_dead_process_is_followed_and_does_not_write_any_more(
    folder: StorePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dead(folder, monkeypatch)
    assert is_marked(folder, before.mark)
    begun = time.monotonic()
    held = StoreLock(folder)
    assert time.monotonic() - begun >= lock.SILENT
    assert not is_marked(folder, before.mark)
    before.release()  # it was not dead, but asleep
    assert is_marked(folder, held.mark)
    held.release()


def test_of_many_who_follow_a_dead_process_one_gets_the_lock(
    folder: StorePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead(folder, monkeypatch)

    def tried(_: int) -> StoreLock | None:
        try:
            return StoreLock(folder)
        except InputError:
            return None

    with ThreadPoolExecutor(6) as pool:
        locks = [one for one in pool.map(tried, range(6)) if one is not None]
    assert len(locks) == 1
    assert is_marked(folder, locks[0].mark)
    locks[0].release()


def test_who_looked_too_early_does_not_get_it(folder: StorePath, monkeypatch: pytest.MonkeyPatch) -> None:
    StoreLock(folder).release()
    held, listed = StoreLock(folder), lock._files  # whose number is 2, and number 1 is gone
    looked: list[StorePath] = []

    def early(where: StorePath) -> dict[int, StorePath]:
        looked.append(where)
        return listed(where) if len(looked) > 1 else {}

    monkeypatch.setattr(lock, "_files", early)
    with pytest.raises(InputError, match="another process is writing"):
        StoreLock(folder)
    assert is_marked(folder, held.mark)
    assert [path.name for path in folder.iterdir()] == [".lock-00002"]
    held.release()


def test_a_lock_whose_answer_was_lost_is_known_by_what_is_in_it(
    folder: StorePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = StorePath.write_new
    answers: list[bool] = []

    def lost(path: StorePath, content: bytes) -> bool:
        """The first time the library asks again, since it had no answer, and finds the file there."""
        answers.append(put(path, content))
        return put(path, content) if len(answers) == 1 else answers[-1]

    monkeypatch.setattr(StorePath, "write_new", lost)
    held = StoreLock(folder)
    assert is_marked(folder, held.mark)
    held.release()


def test_a_writer_that_lost_its_lock_writes_nothing_more(folder: StorePath) -> None:
    writer = RunWriter(folder, {"alphabet": "dna", "alphabet_letters": "ACGT"})
    (folder / ".lock-00001").write_bytes(b"1:another 0\n")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(InputError, match=r"has taken .* while this one stood still"), writer:
        writer.write_part(0, [], Counts())
    assert sorted(path.name for path in folder.iterdir()) == before
    assert b"failed" not in (folder / "run.json").read_bytes()


def test_a_store_without_conditions_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = named_place(f"{kept.Replacing.protocol}:/{tmp_path}/run")
    assert isinstance(folder, StorePath)
    with pytest.raises(InputError, match=r"replaces a file though it is asked not to \(If-None-Match\)"):
        StoreLock(folder)
    assert mark_of(folder) == ""
