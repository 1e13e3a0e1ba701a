"""Where the input is cut."""

from relevome.jobs.running.cuts import cut


def test_stretches_have_so_many_items_and_letters_and_one_item_in_any_case() -> None:
    given = ["aa", "b", "ccccccc", "d", "e", "f", "g", ""]
    found = list(cut(given, len, 3, 4))
    assert found == [(0, ["aa", "b"]), (1, ["ccccccc"]), (2, ["d", "e", "f"]), (3, ["g", ""])]
    assert list(cut([], len, 3, 4)) == []
