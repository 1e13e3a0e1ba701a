from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from relevome.errors import InputError
from relevome.results import folder as files
from relevome.results.parts.manifest import VOLATILE
from relevome.results.parts.part import Counts, Refusal
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter

MANIFEST = {
    "model": {"path": "m", "sha256": "0a"},
    "method": "attnlrp",
    "target": "1",
    "batch_size": 4,
}


@pytest.fixture
def shards(explain):
    """Parts with counts: rows, no rows at all, refusals."""
    return [
        (
            [explain("a"), explain("b", "ACG", 1)],
            Counts(3, 2, (Refusal("c", "too long"),), {"unknown_tokens": 2}),
        ),
        ([], Counts(1, 0, (Refusal("d", "empty"),))),
        ([explain("e", "TTTTTTT", 2)], Counts(1, 1, (), {"unknown_tokens": 1, "retokenised": 5})),
        ([explain("f", "G", 3)], Counts(1, 1)),
    ]


def write(folder, shards, manifest=MANIFEST, **options):
    with RunWriter(folder, manifest, **options) as writer:
        for index, (explanations, counts) in enumerate(shards):
            if index not in writer.done:
                writer.write_part(index, explanations, counts)


def content(folder: Path) -> dict[str, bytes]:
    """All files of a run byte for byte, run.json without what may differ."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(found["run.json"])
    lasting = {key: value for key, value in manifest.items() if key not in VOLATILE | {"ended"}}
    return found | {"run.json": json.dumps(lasting).encode()}


def run_json(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def test_run_json_has_the_question_and_the_outcome(tmp_path, shards):
    write(tmp_path / "run", shards)
    outcome = run_json(tmp_path / "run")
    assert MANIFEST.items() <= outcome.items()
    assert outcome["schema_version"] == 1
    assert outcome["status"] == "finished"
    assert outcome["parts"] == 4
    assert outcome["head_shape"] == {"layers": 2, "heads": 3}
    assert outcome["counts"] == {
        "read": 6,
        "explained": 4,
        "refused": 2,
        "retokenised": 5,
        "unknown_tokens": 3,
    }
    assert outcome["refused"] == [
        {"sequence_id": "c", "reason": "too long"},
        {"sequence_id": "d", "reason": "empty"},
    ]


def test_parts_are_read_by_others_as_plain_parquet(tmp_path, shards):
    write(tmp_path / "run", shards)
    table = pq.read_table(tmp_path / "run" / "part-00002.parquet")
    assert table["sequence_id"].to_pylist() == ["e"]
    assert table.schema.field("relevance").metadata[b"unit"] == b"logit"


def test_is_readable_at_any_moment(tmp_path, shards):
    seen = []
    with RunWriter(tmp_path / "run", MANIFEST) as writer:
        for index, (explanations, counts) in enumerate(shards):
            seen.append([e.sequence_id for e in Run(tmp_path / "run")])
            writer.write_part(index, explanations, counts)
        assert Run(tmp_path / "run").status == "running"
        assert Run(tmp_path / "run").counts.read == 6
    assert seen == [[], ["a", "b"], ["a", "b"], ["a", "b", "e"]]


def test_same_content_gives_the_same_bytes(tmp_path, shards):
    write(tmp_path / "one", shards)
    write(tmp_path / "two", shards)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def interrupted(shards):
    yield from shards
    raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [0, 1, 3, 4])
def test_a_run_that_failed_goes_on_to_the_same_bytes(tmp_path, shards, stop):
    write(tmp_path / "whole", shards)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "run", interrupted(shards[:stop]))
    assert run_json(tmp_path / "run")["status"] == "failed"
    write(tmp_path / "run", shards, MANIFEST | {"batch_size": 32, "started": "later"})
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def test_parts_may_come_in_any_order(tmp_path, shards):
    write(tmp_path / "whole", shards)
    with RunWriter(tmp_path / "run", MANIFEST) as writer:
        for index in (2, 0, 3, 1):
            writer.write_part(index, *shards[index])
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def test_knows_the_parts_that_are_done(tmp_path, shards):
    with RunWriter(tmp_path / "run", MANIFEST) as writer:
        writer.write_part(2, *shards[2])
        assert writer.done == {2}
    with RunWriter(tmp_path / "run", MANIFEST) as writer:
        assert writer.done == {2}
        with pytest.raises(ValueError, match=r"part 2 of .* is already written"):
            writer.write_part(2, *shards[2])


CHILD = """
import os, signal, sys, pathlib
import numpy as np
from relevome.results.run.columns import Explanation
from relevome.results.parts.part import Counts
from relevome.results.run.writer import RunWriter

folder, moment = sys.argv[1:]
replace = pathlib.Path.replace

def die(path, target):
    # Killed when the part is written but has not got its name.
    if target.name == "part-00001.parquet":
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)

def explanation(index):
    values = np.arange(index + 3, dtype=np.float32)
    return Explanation(sequence_id=f"s{index}", sequence="A" * len(values), target="t", target_index=0,
                       score=1.0, relevance=values)

if moment == "kill":
    pathlib.Path.replace = die
with RunWriter(folder, {"method": "m"}) as writer:
    if moment == "wait":
        print("open", flush=True)
        sys.stdin.read()
    for index in range(3):
        if index not in writer.done:
            writer.write_part(index, [explanation(index)], Counts(1, 1))
"""


def child(folder: Path, moment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(folder), moment]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path):
    killed = child(tmp_path / "run", "kill")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "run" / ".part-00001.parquet.tmp").exists()
    assert [e.sequence_id for e in Run(tmp_path / "run")] == ["s0"]
    assert run_json(tmp_path / "run")["status"] == "running"
    for folder in ("run", "whole"):
        ended = child(tmp_path / folder, "go")
        assert ended.communicate()[1] == ""
        assert ended.returncode == 0
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def test_two_processes_do_not_write_one_run_and_a_kill_frees_it(tmp_path):
    other = child(tmp_path / "run", "wait")
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    with pytest.raises(InputError, match=r"another process is writing .*run: wait until it has ended"):
        RunWriter(tmp_path / "run", {"method": "m"})
    other.kill()
    other.communicate()
    with RunWriter(tmp_path / "run", {"method": "m"}) as writer:
        assert not writer.done


def test_a_writer_that_could_not_open_frees_the_run(tmp_path, shards):
    write(tmp_path / "run", shards)
    with pytest.raises(InputError, match="holds another run"):
        RunWriter(tmp_path / "run", MANIFEST | {"method": "saliency"})
    write(tmp_path / "run", shards)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "saliency"}, 'method ("attnlrp" there, "saliency" now)'),
        ({"model": {"path": "m", "sha256": "0b"}}, 'model.sha256 ("0a" there, "0b" now)'),
        ({"seed": 7}, "seed (none there, 7 now)"),
        ({"target": None}, 'target ("1" there, null now)'),
    ],
)
def test_says_in_what_a_run_differs_and_what_to_do(tmp_path, shards, change, said):
    write(tmp_path / "run", shards)
    before = content(tmp_path / "run")
    with pytest.raises(InputError) as error:
        RunWriter(tmp_path / "run", MANIFEST | change)
    assert f"differs in {said}: choose another -o, or replace that run with --overwrite" in str(error.value)
    assert content(tmp_path / "run") == before


def test_a_model_that_moved_is_known_by_its_weights(tmp_path, shards):
    write(tmp_path / "run", shards)
    moved = {"path": "elsewhere/m", "sha256": "0a"}
    write(tmp_path / "run", shards, MANIFEST | {"model": moved})
    assert run_json(tmp_path / "run")["model"] == moved


def test_without_a_digest_a_model_is_known_by_its_path(tmp_path, shards):
    write(tmp_path / "run", shards, MANIFEST | {"model": {"path": "m", "sha256": None}})
    with pytest.raises(InputError, match=r'differs in model.path \("m" there, "n" now\): choose'):
        RunWriter(tmp_path / "run", MANIFEST | {"model": {"path": "n", "sha256": None}})


def test_a_parameter_that_is_gone_is_a_difference(tmp_path, shards):
    write(tmp_path / "run", shards, MANIFEST | {"steps": 50})
    with pytest.raises(InputError, match=r"steps \(50 there, none now\)"):
        RunWriter(tmp_path / "run", MANIFEST)


def test_overwrite_replaces_a_run_and_nothing_else(tmp_path, shards):
    write(tmp_path / "run", shards, MANIFEST | {"method": "saliency"})
    (tmp_path / "run" / "logo.png").touch()
    write(tmp_path / "run", shards[:1], overwrite=True)
    write(tmp_path / "whole", shards[:1])
    (tmp_path / "whole" / "logo.png").touch()
    assert content(tmp_path / "run") == content(tmp_path / "whole")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "part-00000.parquet"])
def test_leaves_a_folder_alone_that_is_no_run(tmp_path, name, overwrite):
    (tmp_path / name).write_text("dear")
    with pytest.raises(
        InputError, match=f"holds files that are no run, such as {name}: choose an empty or new"
    ):
        RunWriter(tmp_path, MANIFEST, overwrite)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "dear"


def test_takes_an_empty_folder(tmp_path, shards):
    write(tmp_path, shards)
    assert len(Run(tmp_path)) == 4


def test_refuses_a_file_as_folder(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(InputError, match=r"cannot write a run to .*run: File exists; choose another -o"):
        RunWriter(tmp_path / "run", MANIFEST)


def test_refuses_to_go_on_with_a_damaged_part(tmp_path, shards):
    write(tmp_path / "run", shards)
    part = tmp_path / "run" / "part-00002.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(
        InputError, match=r"part-00002.parquet is damaged or gone .*: delete that file and run"
    ):
        RunWriter(tmp_path / "run", MANIFEST)
    part.unlink()
    write(tmp_path / "whole", shards)
    write(tmp_path / "run", shards)
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def test_names_in_run_json_are_not_taken_over(tmp_path):
    with pytest.raises(ValueError, match=r"these names in a manifest belong to the writer: counts, status"):
        RunWriter(tmp_path / "run", {"status": "good", "counts": {}})


def test_heads_of_one_run_have_one_size(tmp_path, explain):
    three = explain("b", head_relevance=explain().head_relevance[:1])
    with pytest.raises(ValueError, match="several sizes"):
        write(tmp_path / "run", [([explain("a")], Counts(1, 1)), ([three], Counts(1, 1))])


def fail_on_part(index: int, number: int):
    """Stands for os.fsync on a disk that fails while part ``index`` is written."""

    def sync(path: Path) -> None:
        if path.name == f".part-{index:05d}.parquet.tmp":
            raise OSError(number, os.strerror(number))

    return sync


def test_a_full_disk_is_one_clear_line_and_loses_nothing(tmp_path, shards, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(files, "_sync", fail_on_part(2, errno.ENOSPC))
        with pytest.raises(InputError) as error:
            write(tmp_path / "run", shards)
    assert "\n" not in str(error.value)
    assert "no space left on the disk of" in str(error.value)
    assert "run the same command again" in str(error.value)
    assert sorted(path.name for path in (tmp_path / "run").glob("*part*")) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert [e.sequence_id for e in Run(tmp_path / "run")] == ["a", "b"]
    assert run_json(tmp_path / "run")["status"] == "failed"
    write(tmp_path / "run", shards)
    write(tmp_path / "whole", shards)
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def with_full_disk(folder, shards):
    """A shard, and a second one for whose file the kernel has no space."""
    yield shards[0]
    (folder / ".part-00001.parquet.tmp").symlink_to("/dev/full")
    yield shards[1]


def test_the_kernel_saying_that_the_disk_is_full_is_understood(tmp_path, shards):
    with pytest.raises(InputError, match="no space left on the disk"):
        write(tmp_path / "run", with_full_disk(tmp_path / "run", shards))
    assert len(Run(tmp_path / "run")) == 2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where this user may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("needs the right to mount a small file system; the two tests above need no right")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_really_is_full_keeps_the_parts_before(small_disk, explain):
    shards = [([explain(f"s{i}", "ACGTTCA" * 50, seed=i)], Counts(1, 1)) for i in range(9)]
    with pytest.raises(InputError, match="no space left on the disk"):
        write(small_disk, shards)
    read = [e.sequence_id for e in Run(small_disk)]
    assert 0 < len(read) < 9
    assert read == [f"s{i}" for i in range(len(read))]
    assert not list(small_disk.glob(".*.tmp"))


def test_a_disk_without_rights_is_one_clear_line(tmp_path, shards, monkeypatch):
    monkeypatch.setattr(files, "_sync", fail_on_part(0, errno.EACCES))
    with pytest.raises(
        InputError, match=r"cannot write .*part-00000.parquet: Permission denied; choose a path"
    ):
        write(tmp_path / "run", shards)
