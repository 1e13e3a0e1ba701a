from __future__ import annotations

from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.results.outputs import check_free, target_paths, wanted_targets


def test_one_target_gets_the_file_that_was_asked_for():
    assert target_paths(Path("a/x.bw"), ("promoter",)) == {"promoter": Path("a/x.bw")}


def test_several_targets_stand_before_the_suffix():
    paths = target_paths(Path("a/x.bw"), ("promoter", "not"))
    assert paths == {"promoter": Path("a/x.promoter.bw"), "not": Path("a/x.not.bw")}


def test_targets_with_odd_characters_get_file_names_that_differ():
    paths = target_paths(Path("x.bw"), ("a/b", "a b", "../c", "café"))
    assert [path.name for path in paths.values()] == ["x.a_b_0.bw", "x.a_b_1.bw", "x..._c.bw", "x.café.bw"]
    assert {path.parent for path in paths.values()} == {Path()}


def test_wants_all_targets_or_the_one_named(make_run, explain):
    run = make_run([explain(target="B"), explain(target="A")])
    assert wanted_targets(run, None) == ("B", "A")
    assert wanted_targets(run, "A") == ("A",)
    with pytest.raises(InputError, match="has no target 'C': expected one of B, A"):
        wanted_targets(run, "C")


def test_refuses_a_run_without_rows(make_run):
    with pytest.raises(InputError, match="holds no explanations: there is nothing to export"):
        wanted_targets(make_run([]), None)


def test_a_file_that_exists_is_replaced_only_if_asked(tmp_path):
    (tmp_path / "x").touch()
    check_free([tmp_path / "x", tmp_path / "new"], overwrite=True)
    with pytest.raises(InputError, match="x exists: choose another -o, or replace it with --overwrite"):
        check_free([tmp_path / "new", tmp_path / "x"], overwrite=False)


def test_refuses_a_folder_and_a_file_in_no_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder: expected the name of a file for -o"):
        check_free([tmp_path], overwrite=True)
    with pytest.raises(InputError, match=r"no folder .*nowhere for x: make it, or choose another -o"):
        check_free([tmp_path / "nowhere" / "x"], overwrite=False)
