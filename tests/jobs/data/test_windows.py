"""Tables of windows, read back by themselves: what holds for every one of them."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.formats.table import LabelledSequence, read_table
from relevome.data.inputs import from_table
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.results.folder import lock_folder
from relevome.results.window_tables import WindowTables

Write = Callable[[str, str | bytes], Path]
Rows = dict[str, list[dict[str, str]]]

PAIRS = str.maketrans("ACGTN", "TGCAN")
WIDTH = 24


def turned(letters: str) -> str:
    return letters[::-1].translate(PAIRS)


def rows_of(tables: WindowTables) -> Rows:
    rows: Rows = {}
    for part in tables.parts:
        with tables.table(part).open() as file:
            rows[part] = list(csv.DictReader(file, delimiter="\t"))
    return rows


def every(rows: Rows) -> list[dict[str, str]]:
    return [row for some in rows.values() for row in some]


def places(row: dict[str, str]) -> range:
    return range(int(row["start"]), int(row["end"]))


class Made:
    """A genome of two contigs with sites where G and C are rare, repeats, and unknown letters."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(8)
        gc = np.where(np.sin(np.arange(30_000) / 400) > 0.3, 0.25, 0.6)
        strong, side = rng.random(30_000) < gc, rng.random(30_000) < 0.5
        letters = np.where(strong, np.where(side, "G", "C"), np.where(side, "A", "T"))
        letters[9_000:9_100] = "N"
        # the same letters at the beginning of the genome and, on the other strand, at the end
        copy = "".join(letters[3_000:3_200])
        letters[21_000:21_200] = list(turned(copy))
        self.contigs = {"one": "".join(letters[:22_000]), "two": "".join(letters[22_000:])}
        self.genome = folder / "g.fa"
        self.genome.write_text("".join(f">{name}\n{text.lower()}\n" for name, text in self.contigs.items()))
        poor = np.flatnonzero(gc < 0.4)
        self.places = sorted({int(at) for at in rng.choice(poor, 420)} | {3_050, 21_149, 9_050, 5})
        lines = []
        for number, at in enumerate(self.places):
            chrom, here = ("one", at) if at < 22_000 else ("two", at - 22_000)
            strand = "-" if at == 21_149 else "+" if at == 3_050 else "+-."[number % 3]
            lines.append(f"{chrom}\t{here}\t{here + 1}\tsite{number}\t0\t{strand}\n")
        self.sites = folder / "sites.bed"
        self.sites.write_text("".join(lines))
        self.folder = folder

    def windows(self, name: str, **options: Any) -> tuple[WindowTables, Rows]:
        given = {"on_bad": "skip", **options}
        made = relevome.windows(self.sites, self.genome, WIDTH, self.folder / name, **given)
        return made, rows_of(made)

    def site_windows(self) -> list[tuple[str, int]]:
        """Where the windows of all sites begin."""
        lines = [line.split("\t") for line in self.sites.read_text().splitlines()]
        return [
            (chrom, int(start) - WIDTH // 2 + (1 if strand == "-" else 0))
            for chrom, start, _, _, _, strand in lines
        ]

    def site_letters(self) -> set[tuple[str, int]]:
        """Every letter of the genome that a window of a site has."""
        return {(chrom, at) for chrom, first in self.site_windows() for at in range(first, first + WIDTH)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


KINDS = [
    {"negatives": "random"},
    {"negatives": "matched", "strand": "both", "by": "region"},
    {"negatives": "shuffled", "strand": "both", "ratio": 2.0},
    {"negatives": "random", "strand": "forward", "ratio": 1.5, "test": ["two"], "validation": ["one:1-4000"]},
    {"negatives": "matched", "by": "chromosome", "split": "0.7,0.3"},
    {"negatives": "shuffled", "max_unknown": 24},
]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def kind(request: pytest.FixtureRequest, made: Made) -> tuple[dict[str, Any], WindowTables, Rows]:
    return request.param, *made.windows(f"kind{KINDS.index(request.param)}", **request.param)


Kind = tuple[dict[str, Any], WindowTables, Rows]


def test_letters_are_those_of_the_genome_at_the_place_that_a_row_says(kind: Kind, made: Made) -> None:
    _, _, rows = kind
    for row in every(rows):
        assert len(row["sequence"]) == WIDTH
        if row["chrom"]:
            letters = made.contigs[row["chrom"]][int(row["start"]) : int(row["end"])]
            assert row["sequence"] == (turned(letters) if row["strand"] == "-" else letters)
            assert row["id"].endswith(f"{row['chrom']}:{row['start']}-{row['end']}({row['strand']})")
        else:
            assert row["id"].startswith("shuffle")


def test_no_letters_are_in_two_windows_on_either_strand(kind: Kind) -> None:
    options, _, rows = kind
    per_window = 2 if options.get("strand") == "both" else 1
    seen = Counter(min(row["sequence"], turned(row["sequence"])) for row in every(rows))
    assert {*seen.values()} == {per_window}
    parts = [
        {letters for row in some for letters in (row["sequence"], turned(row["sequence"]))}
        for some in rows.values()
    ]
    for number, one in enumerate(parts):
        assert all(one.isdisjoint(other) for other in parts[number + 1 :])


def test_windows_of_two_parts_share_no_letter_of_the_genome(kind: Kind) -> None:
    _, tables, rows = kind
    placed = {
        part: {
            (row["chrom"], at)
            for row in some
            if row["chrom"]
            for at in range(int(row["start"]), int(row["end"]))
        }
        for part, some in rows.items()
    }
    for part, one in placed.items():
        assert all(one.isdisjoint(other) for name, other in placed.items() if name != part)
        regions = tables.record["parts"][part]["regions"]
        assert all(any(c == r and first <= at < last for r, first, last in regions) for c, at in one)


def test_windows_without_a_site_overlap_none_with_one(kind: Kind, made: Made) -> None:
    _, _, rows = kind
    covered = made.site_letters()
    without = [row for row in every(rows) if row["label"] == "0" and row["chrom"]]
    for row in without:
        assert covered.isdisjoint((row["chrom"], at) for at in places(row))


def test_every_site_is_in_a_table_or_counted_with_a_reason(kind: Kind, made: Made) -> None:
    options, tables, rows = kind
    record = tables.record
    positives = sum(counts["positives"] for counts in tables.counts.values())
    left_out = {why: count for why, count in record["left_out"].items() if "shuffles" not in why}
    assert positives + sum(left_out.values()) + len(record["skipped"]) == len(made.places)
    assert record["sites_read"] == len(made.places)
    assert "off its chromosome" in record["skipped"][0]["reason"]
    if "max_unknown" not in options:
        assert left_out["with unknown letters"] >= 1
        assert not any("N" in row["sequence"] for row in every(rows))
    per_window = 2 if options.get("strand") == "both" else 1
    # a window of unknown letters only
    assert sum(record["left_out"].get(why, 0) for why in record["left_out"] if "shuffles" in why) == (
        "max_unknown" in options
    )
    for part, some in rows.items():
        labels = Counter(row["label"] for row in some)
        assert labels["1"] == per_window * tables.counts[part]["positives"]
        assert labels["0"] == per_window * tables.counts[part]["negatives"]
        assert tables.counts[part]["negatives"] == pytest.approx(
            options.get("ratio", 1) * labels["1"] / per_window, abs="max_unknown" in options or 0.5
        )
        assert len({row["id"] for row in some}) == len(some) == tables.counts[part]["rows"]
        assert f"{part}: {tables.counts[part]['positives']:,} positive" in repr(tables)


def test_both_strands_of_a_window_are_rows_of_one_table(kind: Kind) -> None:
    options, _, rows = kind
    for some in rows.values():
        strands = {(row["sequence"], row["label"]) for row in some}
        if options.get("strand") == "both":
            assert {(turned(letters), label) for letters, label in strands} == strands
            for one, other in zip(some[::2], some[1::2], strict=True):
                assert one["sequence"] == turned(other["sequence"])
                assert (one["chrom"], one["start"], one["label"]) == (
                    other["chrom"],
                    other["start"],
                    other["label"],
                )
        if options.get("strand") == "forward":
            assert {row["strand"] for row in some} == {"+"}


def test_shuffles_keep_pairs_and_stay_with_their_site(kind: Kind) -> None:
    options, _, rows = kind
    if options["negatives"] != "shuffled":
        return
    for some in rows.values():
        sites = {row["id"]: row["sequence"] for row in some if row["label"] == "1"}
        shuffles = [row for row in some if row["label"] == "0"]
        of = Counter(row["id"].partition("@")[2] for row in shuffles)
        assert {*of.values()} == {options.get("ratio", 1)}
        for row in shuffles:
            letters = sites[row["id"].partition("@")[2]]
            assert Counter(pairwise(letters)) == Counter(pairwise(row["sequence"]))
            assert row["sequence"] != letters


def gc(rows: list[dict[str, str]], label: str) -> float:
    return float(np.mean([c in "GC" for row in rows if row["label"] == label for c in row["sequence"]]))


def test_matched_windows_are_nearer_to_sites_than_random_ones(made: Made) -> None:
    tables, matched = made.windows("matched", negatives="matched")
    _, random = made.windows("random", negatives="random")
    for part in ("train", "validation", "test"):
        wanted = gc(matched[part], "1")
        assert abs(gc(matched[part], "0") - wanted) < 0.02 < abs(gc(random[part], "0") - wanted)
        said = tables.likeness[part]
        assert said["matched"]["gc"] == pytest.approx(gc(matched[part], "0"), abs=1e-6)
        assert said["matched"]["wanted_gc"] == pytest.approx(wanted, abs=1e-6)
        for name in ("gc_difference", "pair_distance", "mean_pair_distance"):
            assert said["matched"][name] < said["random"][name]

    def pairs(rows: list[dict[str, str]], label: str) -> Counter[Any]:
        return Counter(pair for row in rows if row["label"] == label for pair in pairwise(row["sequence"]))

    train, other = matched["train"], random["train"]
    of_sites = pairs(train, "1")
    apart = [
        sum(abs(of_sites[pair] / of_sites.total() - found[pair] / found.total()) for pair in of_sites | found)
        / 2
        for found in (pairs(train, "0"), pairs(other, "0"))
    ]
    assert apart[0] < 0.5 * apart[1]
    assert tables.likeness["train"]["matched"]["mean_pair_distance"] == pytest.approx(apart[0], abs=1e-6)


def test_a_sequence_that_the_genome_has_twice_is_in_the_test_table_alone(made: Made) -> None:
    tables, rows = made.windows("twice", test=["one:20001-22000"], validation=["one:1-3500"], split=None)
    copy = made.contigs["one"][3_038:3_062]
    having = {part for part, some in rows.items() for row in some if row["sequence"] in (copy, turned(copy))}
    assert having == {"test"}
    regions = [region for part in tables.parts for region in tables.record["parts"][part]["regions"]]
    letters = {
        min(text, turned(text))
        for chrom, first in made.site_windows()
        for text in [made.contigs[chrom][first : first + WIDTH]]
        if any(chrom == name and start <= first and first + WIDTH <= end for name, start, end in regions)
        and "N" not in text
    }
    assert sum(counts["positives"] for counts in tables.counts.values()) == len(letters)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".tsv"}


@pytest.mark.parametrize("negatives", ["random", "shuffled", "matched"])
def test_the_same_seed_gives_the_same_bytes(made: Made, negatives: str) -> None:
    one, *others = (
        files(made.windows(f"{negatives}-{number}", negatives=negatives, seed=seed)[0].path)
        for number, seed in enumerate((5, 5, 6))
    )
    assert one == others[0]
    assert all(one[name] != others[1][name] for name in one)


def test_tables_are_read_by_whoever_trains_and_explains(made: Made) -> None:
    tables, rows = made.windows("read", strand="both", negatives="shuffled")
    for part in tables.parts:
        path = tables.table(part)
        read = [one for one in read_table(path, DNA) if isinstance(one, LabelledSequence)]
        assert [one.label for one in read] == [row["label"] for row in rows[part]]
        given = [one for one in from_table(path, DNA).read() if isinstance(one, Sequence)]
        assert [(one.id, one.letters) for one in given] == [(r["id"], r["sequence"]) for r in rows[part]]
        frame = tables.to_pandas(part)
        assert frame["sequence"].tolist() == [row["sequence"] for row in rows[part]]
        assert frame["start"].isna().tolist() == [not row["start"] for row in rows[part]]
        assert frame["label"].tolist() == [int(row["label"]) for row in rows[part]]
    assert WindowTables(tables.path).record == tables.record
    assert tables.record["sites"]["path"] == str(made.sites)
    assert tables.record["command"] is None


def test_peaks_are_avoided_as_a_whole_and_starts_only_around_their_letter(made: Made, write: Write) -> None:
    bed = write("long.bed", "".join(f"one\t{at}\t{at + 150}\t.\t0\t+\n" for at in range(1_000, 8_000, 200)))
    for anchor, inside in (("centre", False), ("start", True)):
        out = bed.parent / anchor
        tables = relevome.windows(bed, made.genome, WIDTH, out, anchor=anchor, split="0.5,0.5")
        without = [row for row in every(rows_of(tables)) if row["label"] == "0" and row["chrom"] == "one"]
        starts = [at for row in without for at in [int(row["start"])] if 1_000 <= at < 7_900]
        assert starts
        assert any(at % 200 < 150 - WIDTH for at in starts) == inside


BAD = [
    ({"ratio": 0.0}, "ratio 0: expected a number of negatives per positive above 0"),
    ({"ratio": float("nan")}, "ratio nan: expected"),
    ({"ratio": 400.0}, r"room for [\d,]+ of [\d,]+ windows without a site .* expected a lower --ratio"),
    ({"width": 7_000, "test": ["two"]}, "train has room for 0 of"),
    ({"width": 0}, "width 0: expected 1 letter or more"),
    ({"width": 25_000}, r"no site of .*sites.bed has a window on .*g.fa: all \d+ were left out"),
    ({"split": "0.5,0.6"}, "--split is '0.5,0.6': expected shares"),
    ({"split": "1"}, "--split is '1': expected shares"),
    ({"by": "chromosome"}, "no site is left in test: expected some in no stretch of the genome"),
    ({"by": "gene"}, "--by gene: expected one of region, chromosome"),
    ({"strand": "up"}, "--strand up: expected one of site, both, forward"),
    ({"negatives": "none"}, "--negatives none: expected one of random, shuffled, matched"),
    ({"anchor": "summit"}, "has no summits: expected narrowPeak"),
    ({"anchor": "middle"}, "anchor 'middle': expected one of"),
    ({"test": ["two"], "split": "0.9,0.1"}, "--split shares the genome out, and parts are named, too"),
    ({"test": ["three"]}, "region 'three' is neither contig:first-last nor a BED file"),
    ({"test": ["one:1-30"]}, "no site is left in test: expected some in one:1-30, or another split"),
    ({"types": ["gene"]}, "no feature of type 'gene'"),
    ({"labels_where": ["a=b"]}, "is no table, so it has no columns for 'a=b': leave that out"),
    ({"seed": -1}, "seed -1: expected 0 or more"),
    ({"max_unknown": -1}, "at most -1 unknown letters: expected 0 or more"),
    ({"on_bad": "refuse"}, "line 1: the window of 24 letters around the centre of one:5-6.* --on-bad skip"),
    ({"sites": "nowhere.bed"}, "cannot read nowhere.bed"),
    ({"genome": "nowhere.fa"}, "cannot read nowhere.fa"),
]


@pytest.mark.parametrize(("options", "said"), BAD, ids=lambda one: str(one)[:30])
def test_what_cannot_be_made_is_refused_in_one_line_and_leaves_nothing(
    made: Made, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    given = {"sites": made.sites, "genome": made.genome, "width": WIDTH, "on_bad": "skip", **options}
    with pytest.raises(InputError, match=said) as caught:
        relevome.windows(out=tmp_path / "out", **given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_refused_and_one_of_tables_is_replaced_when_asked(
    made: Made, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").touch()
    with pytest.raises(InputError, match="is there and not empty"):
        made.windows(str(out))
    (out / "mine.txt").unlink()
    made.windows(str(out))
    with pytest.raises(InputError, match="is there and not empty: choose another -o, or replace it"):
        made.windows(str(out), seed=1)
    before = files(out)
    with pytest.raises(InputError, match="no feature of type"):
        made.windows(str(out), types=["gene"], overwrite=True)
    assert files(out) == before
    made.windows(str(out), seed=1, split="0.5,0.5", overwrite=True)
    assert {*files(out)} == {"train.tsv", "validation.tsv"}


def test_one_process_at_a_time_writes_a_folder_and_one_that_was_killed_is_made_again(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lock = lock_folder(out)
    with pytest.raises(InputError, match="another process is writing"):
        made.windows(str(out))
    os.close(lock)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("relevome.results.window_tables.write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            made.windows(str(out))
    with pytest.raises(InputError, match=r"has no windows.json: expected a folder of `relevome data windows"):
        WindowTables(out)
    (out / ".test.tsv.tmp").touch()
    whole, _ = made.windows(str(out))
    assert {one.name for one in out.iterdir() if one.name != ".lock"} == {
        "train.tsv", "validation.tsv", "test.tsv", "windows.json",
    }  # fmt: skip
    assert files(out) == files(made.windows(str(tmp_path / "other"))[0].path)
    assert whole.parts == ("train", "validation", "test")


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema_version": 1}', '{"schema_version": 1, "parts": 3}'])
def test_a_damaged_record_is_one_line(tmp_path: Path, damage: str) -> None:
    (tmp_path / "windows.json").write_text(damage)
    with pytest.raises(InputError, match=r"windows.json is damaged") as caught:
        WindowTables(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_part_that_is_not_there_is_one_line(made: Made) -> None:
    tables, _ = made.windows("parts", split="0.5,0.5")
    with pytest.raises(InputError, match="has no part 'test': expected train, validation"):
        tables.table("test")


def test_start_sites_of_escherichia_coli_are_where_their_boxes_say(shared: Path, tmp_path: Path) -> None:
    """An end of a TATAAT six to eight letters before the start site, as in no matched window."""
    folder = shared / "data/ecoli"
    tables = relevome.windows(
        folder / "tss_thomason_wanner_regulondb.tsv", folder / "NC_000913.3.fna.gz", 100, tmp_path / "out",
        labels_where=["source_info=storz_regulondb"], negatives="matched", on_bad="skip",
    )  # fmt: skip
    frame = tables.to_pandas("train")
    boxes = frame["sequence"].str.slice(36, 46).str.contains("TA[ACGT]{3}T")
    assert boxes[frame["label"] == 1].mean() > 2 * boxes[frame["label"] == 0].mean() > 0.1
    likeness = json.loads((tmp_path / "out" / "windows.json").read_text())["parts"]["test"]["likeness"]
    assert likeness["matched"]["gc_difference"] < 0.01 < likeness["random"]["gc_difference"]
