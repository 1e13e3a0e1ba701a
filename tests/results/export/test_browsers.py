"""What genome browsers are given, read as they read it: XML, JSON, stanzas, and the bigWig files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.results.export.igv import Igv
from relevome.results.export.ucsc_hub import UcscHub
from relevome.results.export.washu_hub import WashuHub
from relevome.results.relevance_tracks import served_at
from tests.names import NAMES

pyBigWig = pytest.importorskip("pyBigWig", reason="reads the files that pybigtools has written")
pytest.importorskip("pybigtools", reason="needs the extra `bigwig`")

URL = "https://example.org/a%20b"
HUB = UcscHub(genome="hg38", email="a.b+c@d-e.org")
CHROMS = {"chr1": 100, "chr2": 30}


@pytest.fixture
def rows(letters_only):
    """Windows of two targets, which overlap, on both strands of two chromosomes."""
    rng = np.random.default_rng(1)
    places = [("chr1", 3, "+"), ("chr1", 7, "-"), ("chr2", 0, "-"), ("chr1", 60, ".")]
    return [
        letters_only(
            f"w{i}", "ACGTACGTACGT", rng.normal(size=12), target=target, chrom=chrom, start=start,
            end=start + 12, strand=strand,
        )
        for target in ("b/c", "TSS & co")
        for i, (chrom, start, strand) in enumerate(places)
    ]  # fmt: skip


def means(rows: list[Any], target: str, chrom: str) -> np.ndarray:
    """The mean over windows of each base, written out."""
    found: list[list[float]] = [[] for _ in range(CHROMS[chrom])]
    for row in rows:
        if (row.target, row.chrom) == (target, chrom):
            for i, value in enumerate(row.relevance.tolist()):
                found[row.end - 1 - i if row.strand == "-" else row.start + i].append(value)
    return np.array([np.mean(some) if some else np.nan for some in found], dtype=np.float32)


def check_file(path: Path, rows: list[Any], target: str) -> None:
    with pyBigWig.open(str(path)) as track:
        assert track.chroms() == CHROMS
        for chrom, size in CHROMS.items():
            values = np.array(track.values(chrom, 0, size), dtype=np.float32)
            np.testing.assert_array_equal(values, means(rows, target, chrom))


def stanzas(path: Path) -> list[dict[str, str]]:
    """As the `ra` format of UCSC has them: settings in lines, a blank line between stanzas."""
    found: list[dict[str, str]] = [{}]
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.strip():
            found.append({})
            continue
        assert not line.startswith((" ", "#")), line
        assert not line.endswith("\\"), "it would go on in the next line"
        name, _, value = line.partition(" ")
        assert name not in found[-1]
        assert value.strip()
        found[-1][name] = value
    return [one for one in found if one]


@pytest.fixture
def sizes(write):
    return write("chrom.sizes", "".join(f"{chrom}\t{size}\n" for chrom, size in CHROMS.items()))


def test_igv_desktop_finds_every_track_and_draws_it_as_letters(make_run, rows, sizes, tmp_path):
    report = Igv(genome="hg38", chrom_sizes=sizes).export(make_run(rows, method="lrp"), tmp_path / "x.xml")
    assert [path.name for path in report.files] == ["x.b_c.bw", "x.TSS___co.bw", "x.xml", "x.json"]
    root = ElementTree.parse(tmp_path / "x.xml").getroot()
    assert root.tag == "Session"
    assert root.attrib == {"genome": "hg38", "locus": "chr1:4-15", "version": "8"}
    resources, tracks = root.findall("Resources/Resource"), root.findall("Panel/Track")
    # a track is the one whose id is the path of a resource
    assert [one.get("path") for one in resources] == [one.get("id") for one in tracks]
    assert [one.get("name") for one in tracks] == ["b/c (lrp)", "TSS & co (lrp)"]
    assert {(one.get("renderer"), one.get("autoScale")) for one in tracks} == {("DYNSEQ", "true")}
    for one, target in zip(resources, ("b/c", "TSS & co"), strict=True):
        assert one.get("type") == "bigwig"
        check_file(tmp_path / str(one.get("path")), rows, target)
    assert report.written == 2 * (16 + 12 + 12)


def test_igv_js_finds_every_track_and_draws_it_as_letters(make_run, rows, sizes, tmp_path):
    given = Igv(genome="hg38", chrom_sizes=sizes, url=f"{URL}/")
    given.export(make_run(rows), tmp_path / "x.json", target="b/c")
    said = json.loads((tmp_path / "x.json").read_text())
    assert said.keys() == {"genome", "locus", "tracks"}
    assert (said["genome"], said["locus"]) == ("hg38", "chr1:4-15")
    (track,) = said["tracks"]
    kind = (track["type"], track["format"], track["graphType"], track["autoscale"])
    assert kind == ("wig", "bigwig", "dynseq", True)
    assert track["url"] == f"{URL}/x.bw"
    check_file(tmp_path / "x.bw", rows, "b/c")


@pytest.mark.parametrize(
    ("genome", "said"),
    [
        ("eco.fna", {"id": "eco.fna", "fastaURL": "eco.fna", "indexURL": "eco.fna.fai"}),
        (
            "https://a.org/e.fa.gz",
            {
                "id": "e.fa.gz",
                "fastaURL": "https://a.org/e.fa.gz",
                "indexURL": "https://a.org/e.fa.gz.fai",
                "compressedIndexURL": "https://a.org/e.fa.gz.gzi",
            },
        ),
        ("g/hs1.2bit", {"id": "hs1.2bit", "twoBitURL": "g/hs1.2bit"}),
    ],
)
def test_a_genome_may_be_a_file(make_run, rows, tmp_path, genome, said):
    Igv(genome=genome).export(make_run(rows), tmp_path / "x")
    assert json.loads((tmp_path / "x.json").read_text())["reference"] == said
    assert ElementTree.parse(tmp_path / "x.xml").getroot().get("genome") == genome


def test_ucsc_follows_a_hub_to_its_tracks(make_run, rows, sizes, tmp_path):
    hub = UcscHub(genome="hg38", email="a@b.org", chrom_sizes=sizes)
    report = hub.export(make_run(rows, method="lrp"), tmp_path / "hub.txt")
    (first,) = stanzas(tmp_path / "hub.txt")
    assert first.keys() == {"hub", "shortLabel", "longLabel", "genomesFile", "email"}
    (genome,) = stanzas(tmp_path / first["genomesFile"])
    assert genome == {"genome": "hg38", "trackDb": "hub.trackDb.txt"}
    tracks = stanzas(tmp_path / genome["trackDb"])
    assert [one["shortLabel"] for one in tracks] == ["b/c (lrp)", "TSS & co (lrp)"]
    assert len({one["track"] for one in tracks}) == 2
    for one, target in zip(tracks, ("b/c", "TSS & co"), strict=True):
        assert one["track"].isidentifier()
        assert one["type"] == "bigWig"
        assert one["logo"] == "on"
        assert one["visibility"] == "full"
        check_file(tmp_path / one["bigDataUrl"], rows, target)
    assert len(report.files) == 5


def test_washu_is_told_where_tracks_are(make_run, rows, sizes, tmp_path):
    hub = WashuHub(url=URL, genome="hg38", chrom_sizes=sizes)
    hub.export(make_run(rows, method="lrp"), tmp_path / "hub.json")
    said = json.loads((tmp_path / "hub.json").read_text())
    assert [one["type"] for one in said] == ["dynseq", "dynseq"]
    assert [one["name"] for one in said] == ["b/c (lrp)", "TSS & co (lrp)"]
    assert said[0]["metadata"] == {"target": "b/c", "method": "lrp", "genome": "hg38"}
    for one, target in zip(said, ("b/c", "TSS & co"), strict=True):
        address, _, name = one["url"].rpartition("/")
        assert address == URL
        check_file(tmp_path / unquote(name), rows, target)


@pytest.mark.parametrize("name", [*NAMES, "a\ufffeb", "x\\", "\u2028y"])
def test_any_name_of_a_target_or_chromosome_is_text_and_nothing_else(make_run, letters_only, tmp_path, name):
    row = letters_only("s", "AC", [1, 2], target=name, chrom="c", start=0, end=2, strand="+")
    run = make_run([row], method="m")
    Igv(genome=name).export(run, tmp_path / "x")
    HUB.export(run, tmp_path / "y")
    WashuHub(url=URL).export(run, tmp_path / "z")
    session = ElementTree.parse(tmp_path / "x.xml").getroot()
    assert [one.tag for one in session.iter()] == ["Session", "Resources", "Resource", "Panel", "Track"]
    web = json.loads((tmp_path / "x.json").read_text())["tracks"]
    washu = json.loads((tmp_path / "z.json").read_text())
    (ucsc,) = stanzas(tmp_path / "y.trackDb.txt")
    assert len(stanzas(tmp_path / "y.txt")) == 1
    assert web[0]["name"] == washu[0]["name"] == ucsc["shortLabel"]
    assert ucsc["logo"] == "on"


def test_a_file_is_named_so_that_an_address_can_hold_it():
    assert served_at(None, Path("a/b #?%.bw")) == "b%20%23%3F%25.bw"
    assert served_at("https://a.org/x/", Path("é.bw")) == "https://a.org/x/%C3%A9.bw"


REFUSED: list[tuple[Any, Mapping[str, Any], str]] = [
    (Igv, {}, "igv needs the genome: give --option genome="),
    (UcscHub, {"genome": "hg38"}, "ucsc-hub needs the assembly and whom to ask"),
    (
        UcscHub,
        {"genome": "hg38\nx", "email": "a@b.org"},
        "genome 'hg38.nx': expected the name of an assembly",
    ),
    (UcscHub, {"genome": "hg38", "email": "a b"}, "email 'a b': expected an address"),
    (WashuHub, {}, "washu-hub needs the address where its files will be"),
    (WashuHub, {"url": "x/y"}, "url 'x/y': expected the address of the folder"),
    (Igv, {"genome": "hg38", "url": "https://a.org/b c"}, "expected the address of the folder"),
]


@pytest.mark.parametrize(("kind", "options", "said"), REFUSED)
def test_what_is_needed_is_asked_for(make_run, rows, tmp_path, kind, options, said):
    run = make_run(rows)
    with pytest.raises(InputError, match=said):
        kind(**options).export(run, tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
