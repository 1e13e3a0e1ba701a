from __future__ import annotations

import random
from pathlib import Path

import pytest

from relevome.data.formats.table import LabelledSequence, read_table
from relevome.data.sequences import PROTEIN, Sequence
from relevome.data.shares import read_shares
from relevome.errors import InputError
from relevome.training.splits import SavedParts, Split


def proteins(count: int, seed: int = 0) -> list[LabelledSequence]:
    draw = random.Random(seed)
    return [
        LabelledSequence(Sequence(f"p{i}", "".join(draw.choices(PROTEIN.letters, k=12)), PROTEIN), "x")
        for i in range(count)
    ]


def cluster_file(path: Path, rows: list[LabelledSequence], sizes: tuple[int, ...]) -> Path:
    """Clusters of these sizes, one after another over and over."""
    lines, at = [], 0
    while at < len(rows):
        members = rows[at : at + sizes[at % len(sizes)]]
        lines += [f"{members[0].sequence.id}\t{row.sequence.id}\n" for row in members]
        at += len(members)
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("seed", [0, 7])
def test_no_cluster_lies_in_two_parts_and_shares_are_kept(tmp_path: Path, seed: int) -> None:
    rows = proteins(400)
    path = cluster_file(tmp_path / "c.tsv", rows, (1, 5, 2, 11))
    cluster_of = {m: r for r, m in (line.split("\t") for line in path.read_text().splitlines())}
    parts = Split((0.7, 0.2, 0.1), path, seed).cut(rows)
    where = {row.sequence.id: name for name, members in parts.items() for row in members}
    assert sorted(where) == sorted(row.sequence.id for row in rows)
    for name, share in zip(("train", "validation", "test"), (0.7, 0.2, 0.1), strict=True):
        assert abs(len(parts[name]) - share * 400) <= 11  # no further off than the largest cluster
    assert all(where[member] == where[representative] for member, representative in cluster_of.items())


def test_the_seed_decides_and_the_order_of_rows_is_kept(tmp_path: Path) -> None:
    rows = proteins(90)
    path = cluster_file(tmp_path / "c.tsv", rows, (3, 1))
    one, again, other = (Split((0.8, 0.2), path, seed).cut(rows) for seed in (3, 3, 4))
    assert one == again != other
    assert one["train"] == [row for row in rows if row in one["train"]]


def test_without_clusters_identical_sequences_stay_together() -> None:
    rows = proteins(60)
    twins = [
        LabelledSequence(Sequence(f"t{i}", row.sequence.letters, PROTEIN), "x") for i, row in enumerate(rows)
    ]
    split = Split((0.5, 0.3, 0.2), None, 1)
    parts = split.cut([*rows, *twins])
    letters = {name: {row.sequence.letters for row in members} for name, members in parts.items()}
    assert sum(map(len, letters.values())) == 60
    assert split.describe([*rows, *twins])["clusters"] == 60


def test_a_cluster_that_fits_nowhere_goes_where_most_is_left(tmp_path: Path) -> None:
    rows = proteins(29)
    path = tmp_path / "c.tsv"
    big, single = rows[:17], rows[17:]
    path.write_text("".join(f"p0\t{r.sequence.id}\n" for r in big))
    with path.open("a") as file:
        file.writelines(f"{r.sequence.id}\t{r.sequence.id}\n" for r in single)
    parts = Split((0.4, 0.3, 0.3), path, 2).cut(rows)
    home = next(name for name, members in parts.items() if rows[0] in members)
    assert all(row in parts[home] for row in big)


def test_members_of_clusters_that_are_not_read_are_counted(tmp_path: Path) -> None:
    rows = proteins(30)
    path = cluster_file(tmp_path / "c.tsv", proteins(37), (2,))
    assert Split((0.5, 0.5), path).describe(rows)["members_not_used"] == 7


def test_sequences_without_a_cluster_are_refused(tmp_path: Path) -> None:
    path = cluster_file(tmp_path / "c.tsv", proteins(27), (2,))
    with pytest.raises(
        InputError, match=r"no cluster for 3 of 30 sequences, such as 'p27' .*called 'p0', 'p1'"
    ):
        Split((0.5, 0.5), path).cut(proteins(30))


def test_a_part_without_sequences_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.tsv"
    path.write_text("".join(f"p0\tp{i}\n" for i in range(9)))
    with pytest.raises(InputError, match="9 sequences are in 1 cluster, the largest of 9; expected more"):
        Split((0.8, 0.2), path).cut(proteins(9))


@pytest.mark.parametrize(
    ("text", "shares"),
    [("0.8,0.1,0.1", (0.8, 0.1, 0.1)), ("90,10", (0.9, 0.1)), ("70%,20%,10%", (0.7, 0.2, 0.1))],
)
def test_shares_are_parts_of_one_or_of_a_hundred(text: str, shares: tuple[float, ...]) -> None:
    assert read_shares(text, 3) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["0.8", "20%", "0.8,0.3", "1,0", "a,b", "0.4,0.3,0.2,0.1", "1.2,-0.2"])
def test_shares_that_do_not_add_up_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--split is .*expected shares of train, validation, test"):
        read_shares(text, 3)


def test_saved_parts_are_read_back_whatever_their_ids(tmp_path: Path) -> None:
    named = [("=a", "-1"), ("\"b' c", "=1"), ("'=a", "x")]
    rows = [LabelledSequence(Sequence(id, "MKL", PROTEIN), label) for id, label in named]
    SavedParts({"test": rows}).save_pretrained(tmp_path)
    assert list(read_table(tmp_path / "test.tsv", PROTEIN)) == rows


def test_parts_are_saved_as_tables(tmp_path: Path) -> None:
    SavedParts({"test": [LabelledSequence(Sequence("a", "MKL", PROTEIN), "1;2")]}).save_pretrained(tmp_path)
    assert (tmp_path / "test.tsv").read_text() == "id\tsequence\tlabel\na\tMKL\t1;2\n"
