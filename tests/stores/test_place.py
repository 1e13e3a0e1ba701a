"""A path in a store does what a path of this machine does, as far as results need it."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.results.folder import ResultFolder, claim_folder, whole_file
from relevome.stores.place import StorePath, each, local, named_place
from tests.stores import kept


@pytest.fixture(params=["memory", "kept", "disk"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | StorePath:
    """An empty folder, which has an odd name."""
    name = "an odd name [1] ä#%&+?=*"
    addresses = {
        "memory": f"memory://{tmp_path.name}/{name}",
        "kept": f"kept:/{tmp_path}/{name}",
        "disk": str(tmp_path / name),
    }
    found = named_place(addresses[request.param])
    assert isinstance(found, Path) == (request.param == "disk")
    if isinstance(found, Path):
        found.mkdir()
    return found


@pytest.fixture(autouse=True)
def nothing_refused() -> Iterator[None]:
    yield
    kept.Kept.refused.clear()


def test_files_are_put_found_read_and_removed(folder: Path | StorePath) -> None:
    file = folder / "part-1.b[c]"
    assert (file.name, file.stem, file.suffix, str(file.parent)) == (
        "part-1.b[c]",
        "part-1",
        ".b[c]",
        str(folder),
    )
    assert not file.is_file()
    assert not file.exists()
    assert list(folder.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        file.read_bytes()
    with pytest.raises(FileNotFoundError):
        file.unlink()
    file.unlink(missing_ok=True)
    file.write_bytes(b"0123456789")
    (folder / "another").write_bytes("ä".encode())
    assert sorted(path.name for path in folder.iterdir()) == ["another", "part-1.b[c]"]
    assert [path.name for path in folder.glob("part-*")] == ["part-1.b[c]"]
    assert (file.is_file(), folder.is_file(), folder.is_dir(), file.is_dir()) == (True, False, True, False)
    assert (folder / "another").read_text(encoding="utf-8") == "ä"
    with file.open("rb") as opened:
        assert opened.read() == b"0123456789"
    file.unlink()
    assert [path.name for path in folder.iterdir()] == ["another"]


def test_a_file_is_put_once(folder: Path | StorePath) -> None:
    if isinstance(folder, StorePath):
        assert (folder / "x").write_new(b"one")
        assert not (folder / "x").write_new(b"two")
        assert (folder / "x").read_bytes() == b"one"


def test_a_file_is_there_as_a_whole_or_not_at_all(folder: Path | StorePath) -> None:
    with suppress(KeyError), whole_file(folder / "x") as temporary:
        temporary.write_text("half")
        raise KeyError
    assert list(folder.iterdir()) == []
    with whole_file(folder / "x") as temporary:
        temporary.write_text("whole")
        assert list(folder.glob("x")) == []
    assert (folder / "x").read_text() == "whole"


def test_only_what_is_asked_for_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = named_place(f"kept:/{tmp_path}/x")
    assert isinstance(place, StorePath)
    content = bytes(range(256)) * 4
    place.write_bytes(content)
    asked: list[tuple[int, int]] = []
    between = StorePath.between
    monkeypatch.setattr(StorePath, "between", lambda self, *ends: asked.append(ends) or between(self, *ends))
    with place.stretches() as file:
        file.seek(-8, 2)
        assert (file.tell(), file.read(100)) == (1016, content[-8:])
        assert file.read(1) == b""
        file.seek(300)
        file.seek(5, 1)
        assert file.read(3) == content[305:308]
    assert asked == [(1016, 1024), (305, 308)]


def test_only_its_address_is_sent_to_others() -> None:
    place = named_place("s3://bucket/run")
    sent = pickle.dumps(place)
    assert pickle.loads(sent) == place  # noqa: S301 (written just now)
    assert len(sent) < 120
    assert sorted([place / "b", place / "a"]) == [place / "a", place / "b"]
    assert place.parts == ("s3://", "bucket", "run")
    assert place.resolve() == place


@pytest.mark.parametrize("given", ["run", "/tmp/a b", "C:/x", "pattern:C-x-C", Path("x")])
def test_other_names_are_of_this_machine(given: str | Path) -> None:
    assert named_place(given) == Path(given)
    assert local(Path(given)) == Path(given)


def test_addresses_are_read_as_people_write_them() -> None:
    assert named_place("file:///tmp/x") == Path("/tmp/x")
    assert named_place("s3://bucket/run/") == StorePath("s3://bucket/run")
    for bare in ("s3://", "s3:///run"):
        with pytest.raises(InputError, match=r"expected a bucket and a folder, such as s3://bucket/run"):
            named_place(bare)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match=r"with a password in it") as refused:
        named_place("s3://AKIA12:verysecret@bucket/run")
    assert "verysecret" not in str(refused.value)
    assert "AKIA12" not in str(refused.value)
    assert named_place("abfs://container@account.dfs.core.windows.net/run")  # which is no password


def test_what_cannot_be_in_a_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = r"^s3://bucket/run is in a store, where this cannot be: .* only explain and predict write"
    for place in (StorePath("s3://bucket/run"), Path("s3://bucket/run")):
        with pytest.raises(InputError, match=said):
            local(place)
    with pytest.raises(InputError, match=said):
        claim_folder(Path("s3://bucket/run"), "run.json", "a run")
    with pytest.raises(InputError, match=said):
        ResultFolder(("x",), ()).check(Path("s3://bucket/run"), overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_nobody_knows_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^foo:// is no store that fsspec knows: expected s3://BUCKET"):
        named_place("foo://bucket/run").is_file()


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.filesystem", missing)
    with pytest.raises(InputError, match=r"^s3a:// needs a library .*: pip install 'relevome\[s3\]'$"):
        named_place("s3a://bucket/run").is_file()


@pytest.mark.parametrize(
    "error",
    [PermissionError("Access Denied"), OSError(errno.EIO, "minimum free drive threshold"), TimeoutError()],
)
def test_whatever_a_store_refuses_is_one_line(tmp_path: Path, error: Exception) -> None:
    kept.Kept.refused["x"] = error
    with pytest.raises(InputError, match=r"^cannot write kept://.*/x \(.+\): what was finished is kept"):
        (named_place(f"kept:/{tmp_path}") / "x").write_bytes(b"")


def test_answers_of_a_store_come_in_order() -> None:
    places = [StorePath(f"memory://order/{number}") for number in range(40)]
    assert each(lambda place: place.name, places) == [str(number) for number in range(40)]
    assert each(str, [Path("a"), Path("b")]) == ["a", "b"]
    with pytest.raises(FileNotFoundError):
        each(StorePath.read_bytes, places)
