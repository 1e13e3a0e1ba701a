"""Motifs as files: every number back, as other programs read them, and refused where damaged."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.data.formats.meme import read_meme
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.results.attention_heads.heads import Match
from relevome.results.motifs.causes import (
    MotifCauses,
    MotifDistance,
    MotifPair,
    MotifPutIn,
    MotifTakenOut,
)
from relevome.results.motifs.folder import read_relevant_motifs, write_relevant_motifs
from relevome.results.motifs.motifs import (
    COLUMNS,
    MotifForm,
    MotifHit,
    MotifOnSites,
    MotifPlaces,
    MotifSeqlet,
    RelevantMotif,
    RelevantMotifs,
)
from relevome.results.motifs.settings import MotifSearch
from tests.names import NAMES
from tests.results.same import assert_same

COUNTS = np.array([[9.0, 1, 0, 0], [0, 0, 0, 10], [3, 2, 3, 2]])
PLACES = MotifPlaces(np.arange(10) % 3, np.arange(-1, 9), np.arange(10) % 2 == 1)
KNOWN = Motif("box", "K1", np.array([[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]]), DNA)

CAUSES = MotifCauses(
    (
        MotifTakenOut(
            "positive_1", 2, 2, 2, 0, 0.5, 0.0, *(2.0, 1.5, 2.5), *(0.1, 0.0, 1 / 3), *(1.9, 1.0, 2.0), 1e-9
        ),
    ),
    (MotifPutIn("positive_1", 0, 50, 1.0, 0.5, 1.5), MotifPutIn("negative_1", 7, 1, -1.0, np.nan, np.nan)),
    (MotifPair("positive_1", "negative_1", "behind", 3, 50, *(0.5 * one for one in range(12))),),
    (MotifDistance("positive_1", "negative_1", "behind", 3, 2, 4, 0.75, 1.25, 1 / 3),),
)


def made(**fields: Any) -> RelevantMotifs:
    """Two motifs, the first of which has a name and places."""
    first = RelevantMotif(
        "positive_1", 1, 1, COUNTS, COUNTS / 3 - 1, 10, "aligned seqlets", 1, 1, 1.0,
        (Match(KNOWN, 1e-9, 1 / 3, "-"),), PLACES, (MotifForm("AT.", 7), MotifForm("T.C", 3)),
    )  # fmt: skip
    second = RelevantMotif(
        "negative_1", 1, -1, COUNTS[:2], -COUNTS[:2], 10, "aligned seqlets", 2, 1, 1.0, (), PLACES
    )
    hits = (
        MotifHit("positive_1", "s 1", 4, 7, "+", "chr 1", 93, 96, "-", 2.0, 1e-3, 0.01, "ATA"),
        MotifHit("positive_1", "s2", 0, 3, "-", None, None, None, None, 1 / 3, 0.5, 1.0, "CTG"),
    )
    seqlets = (
        MotifSeqlet(1, "s 1", 3, 8, 1, 5.5, 1e-4, 0.01, "positive_1", "CATAC"),
        MotifSeqlet(1, "=s3", 0, 2, -1, 0.1, 0.2, 0.05, None, "GG"),
    )
    on_sites = (MotifOnSites("positive_1", "LexA", 2, 1, 0.25, "position", 0.01, 0.02, 7, 1),)
    told: dict[str, Any] = {"about": {"runs": ["r"], "nulls": ["shuffled sequences"]}, "reasons": ("none",)}
    told |= {"settings": MotifSearch(fdr=0.1), "alphabet": DNA, "motifs": (first, second), "hits": hits}
    told |= {"seqlets": seqlets, "on_sites": on_sites, "counts": ({"sequences": 3},), "notes": ("a", "b")}
    return RelevantMotifs(**(told | fields))


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    found = read_relevant_motifs(tmp_path)
    assert_same(found, made())
    assert repr(found) == repr(made())
    assert "2 motifs at 2 places, from 2 seqlets of a run, false discovery rate 0.1" in repr(found)
    assert list(found.to_pandas().columns) == list(COLUMNS)


def test_the_causal_check_comes_back_and_speaks_of_motifs_that_are_there(tmp_path: Path) -> None:
    write_relevant_motifs(made(causes=CAUSES), tmp_path)
    found = read_relevant_motifs(tmp_path)
    assert_same(found, made(causes=CAUSES))
    for name in ("taken_out.tsv", "put_in.tsv", "pairs.tsv", "distances.tsv"):
        path = tmp_path / name
        whole = path.read_text()
        path.write_text(whole.replace("positive_1", "other"))
        with pytest.raises(InputError, match="other: no such motif"):
            read_relevant_motifs(tmp_path)
        path.write_text(whole)


def test_nothing_found_comes_back_too(tmp_path: Path) -> None:
    nothing = made(motifs=(), hits=(), seqlets=(), on_sites=())
    write_relevant_motifs(nothing, tmp_path)
    assert_same(read_relevant_motifs(tmp_path), nothing)
    assert {path.name for path in tmp_path.iterdir()} == {
        "motifs.json", "motifs.npz", "motifs.tsv", "hits.tsv", "hits.bed", "seqlets.tsv", "matches.tsv",
        "known_sites.tsv",
    }  # fmt: skip


def test_where_seqlets_of_motifs_lie_need_not_be_said_but_of_all(tmp_path: Path) -> None:
    """A folder of an earlier relevome has no such arrays."""
    first, second = made().motifs
    earlier = made(motifs=(replace(first, places=None), replace(second, places=None)))
    write_relevant_motifs(earlier, tmp_path)
    assert_same(read_relevant_motifs(tmp_path), earlier)
    for motifs in (
        (first, replace(second, seqlets=9)),
        (replace(first, places=PLACES._replace(sequence=np.arange(10) - 1)), second),
    ):
        write_relevant_motifs(made(motifs=motifs), tmp_path)
        with pytest.raises(InputError, match=r"places of seqlets of motifs are not those of (19|20) seqlets"):
            read_relevant_motifs(tmp_path)


def test_the_table_of_motifs_is_read_by_others(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    with (tmp_path / "motifs.tsv").open() as file:
        first, second = csv.DictReader(file, delimiter="\t")
    assert (first["consensus"], first["hits"], first["sequences"], first["match"]) == ("AT.", "2", "2", "box")
    assert (first["forms"], second["forms"]) == ("AT.:7 T.C:3", "")
    assert (second["consensus"], second["hits"], second["match"], second["sign"]) == ("AT", "0", "", "-1")
    # by the formula: half a letter is shared by four, and two bits less the entropy of each place
    shares = (COUNTS + 0.125) / 10.5
    bits = (2 + (shares * np.log2(shares)).sum(1)).sum()
    assert float(first["bits"]) == pytest.approx(bits)


def test_a_result_from_before_there_were_forms_is_read(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    record = json.loads((tmp_path / "motifs.json").read_text())
    for one in record["motifs"]:
        del one["forms"]
    (tmp_path / "motifs.json").write_text(json.dumps(record))
    assert [one.forms for one in read_relevant_motifs(tmp_path).motifs] == [(), ()]


def test_places_are_bed_of_the_genome_or_else_of_the_sequence(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "hits.bed").read_text().splitlines()]
    assert rows == [
        ["chr%201", "93", "96", "positive_1", "1000", "-"],
        ["s2", "0", "3", "positive_1", "167", "-"],
    ]


def test_matrices_are_meme(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    first, second = read_meme(tmp_path / "motifs.meme")
    assert (first.id, second.id) == ("positive_1", "negative_1")
    np.testing.assert_allclose(first.probabilities, (COUNTS + 0.125) / 10.5, atol=1e-5)


def test_odd_names_come_back(tmp_path: Path) -> None:
    (hit, _), (seqlet, _) = made().hits, made().seqlets
    hits = tuple(hit._replace(sequence_id=name, chrom=name) for name in NAMES)
    seqlets = tuple(seqlet._replace(sequence_id=name) for name in NAMES)
    sites = tuple(made().on_sites[0]._replace(sites=name) for name in NAMES)
    odd = made(hits=hits, seqlets=seqlets, on_sites=sites)
    write_relevant_motifs(odd, tmp_path)
    assert_same(read_relevant_motifs(tmp_path), odd)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("hits.tsv", "positive_1\ts 1", "other\ts 1"),
        ("hits.tsv", "\t4\t7\t", "\t4\t8\t"),
        ("hits.tsv", "\t0.01\tATA", "\t0.0\tATA"),
        ("hits.tsv", "\t2.0\t", "\tinf\t"),
        ("hits.tsv", "\t+\t", "\t.\t"),
        ("known_sites.tsv", "0.25", "nan"),
        ("seqlets.tsv", "positive_1", "other"),
        ("known_sites.tsv", "positive_1", "other"),
        ("matches.tsv", "K1", "K2"),
        ("motifs.json", "negative_1", "positive_1"),
    ],
)
def test_what_cannot_be_is_damage(tmp_path: Path, name: str, before: str, after: str) -> None:
    write_relevant_motifs(made(), tmp_path)
    text = (tmp_path / name).read_text()
    assert before in text
    (tmp_path / name).write_text(text.replace(before, after, 1))
    with pytest.raises(InputError, match=r"motifs\.json is damaged"):
        read_relevant_motifs(tmp_path)


def test_rows_that_are_gone_and_later_versions_are_refused(tmp_path: Path) -> None:
    write_relevant_motifs(made(), tmp_path)
    lines = (tmp_path / "hits.tsv").read_text().splitlines()
    (tmp_path / "hits.tsv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(InputError, match=r"1 row in hits\.tsv, not 2"):
        read_relevant_motifs(tmp_path)
    said = json.loads((tmp_path / "motifs.json").read_text())
    (tmp_path / "motifs.json").write_text(json.dumps(said | {"schema_version": 99}))
    with pytest.raises(InputError, match="written by a later relevome"):
        read_relevant_motifs(tmp_path)
    (tmp_path / "motifs.json").unlink()
    with pytest.raises(InputError, match="expected a folder of `relevome motifs -o`"):
        read_relevant_motifs(tmp_path)
