"""Readers of what comes in: every registered format, and the files that are no format of sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.contigs import read_contigs, read_regions
from relevome.data.features import Feature, Listed
from relevome.data.formats import ReadAs, formats
from relevome.data.formats.alignment import read_alignment
from relevome.data.formats.clusters import read_clusters
from relevome.data.formats.meme import read_meme
from relevome.data.formats.obo import read_obo
from relevome.data.formats.prosite import read_patterns
from relevome.data.formats.table import LabelledSequence, read_classes, read_table
from relevome.data.formats.three_line import labelled_sequences
from relevome.data.genomes import open_genome, read_bed
from relevome.data.inputs import from_file
from relevome.data.known_sites import known_sites
from relevome.data.ontology import propagated
from relevome.data.positions import PositionChoice, read_positions
from relevome.data.problems import Problem
from relevome.data.protein_function import read_functions
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.sites import read_sites
from relevome.errors import InputError
from tests.damage import independent
from tests.damage.readers import Files, Reader, register
from tests.data.test_features import GFF, TABLE, TEXT, XML

USES: tuple[ReadAs, ...] = ("sequences", "sites")
FASTA = ">a first\nACGTNacgt\nACGT\n>b|c\nGGGTTRYK\n\n>d\nMKV*\n>sp|P00001|A_B\nMCDEFGHIKLCN\n"
CSV = 'id,sequence,label,class\na,ACGT,1,x\n"b,1",GGRT,0,y\n"c ""q""","AC\nGT",1,x\n,ACGT,2,\n'
TSV = "Entry\tSequence\tEC number\tGene Ontology IDs\nP1\tMKV\t1.1.1.1; 2.3.-.-\tGO:0000001\nP2\tMAA\t\t\n"
THREE = ">a x\nMCDEF\nHHhh.\n>b\nMKV\n111\n"
BED = "#c\ntrack name=x\nchr1\t3\t9\tbox\t0\t+\nchr1\t0\t4\t.\t5\t-\nchr2\t2\t8\tbox\nchr2\t1\t2\n"
UNIPROT_TABLE = (
    "Entry\tActive site\tSignal peptide\n"
    'P1\tACT_SITE 57; /note="Charge relay; system"; ACT_SITE 102\tSIGNAL 1..?17\nP2\t\tSIGNAL 1..24\n'
)
CLSTR = ">Cluster 0\n0\t141aa, >sp|P12345|A_B... *\n1\t99aa, >b... at 90.1%\n>Cluster 1\n0\t10aa, >c... *\n"
MEME = (
    "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
    "Background letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n\n"
    "MOTIF m1 first\nletter-probability matrix: alength= 4 w= 3 nsites= 20 E= 0\n"
    "0.1 0.2 0.3 0.4\n1 0 0 0\n 0.25 0.25  0.25 0.25\nURL http://x\n\n"
    "MOTIF m2\nletter-probability matrix: alength= 4 w= 2\n0.5 0.5 0 0\n0 0 0 1\n"
)
PROTEIN_MEME = "MEME version 5.1\nMOTIF p\nletter-probability matrix:\n" + " ".join(["0.05"] * 20) + "\n"
OBO = """format-version: 1.2
data-version: releases/2024-01-01

[Term]
id: GO:0000001
name: root
namespace: molecular_function

[Term]
id: GO:0000002
name: child ! of all
namespace: molecular_function
alt_id: GO:0000009
is_a: GO:0000001 {source="x"} ! root

[Term]
id: GO:0000003
name: part
namespace: molecular_function
is_a: GO:0000002
relationship: part_of GO:0000001 ! root

[Term]
id: GO:0000004
name: old
namespace: molecular_function
is_obsolete: true
replaced_by: GO:0000009

[Typedef]
id: part_of
name: part of
"""
PROSITE = """CC   a file
//
ID   ASN_GLYCOSYLATION; PATTERN.
AC   PS00001;
DT   01-APR-1990 CREATED; 01-APR-1990 DATA UPDATE; 01-APR-1990 INFO UPDATE.
DE   N-glycosylation site.
PA   N-{P}-[ST]-{P}.
CC   /SITE=1,carbohydrate;
PR   PRU00498;
DO   PDOC00001;
//
ID   X_SITE; PATTERN.
AC   PS00002;
DE   Another.
PA   <M-x(2,4)-[AC](2)-
PA   {ED}*-G>.
DO   PDOC00002;
//
"""
GENOME = ">chr1 x\nACGTACGTAC\nGTNNACGTAC\nACG\n>chr2\nGGGTTTACGT\n"
INDEX = "chr1\t23\t8\t10\t11\nchr2\t10\t40\t10\t11\n"
POSITIONS = "contig,position,strand,kind\nchr1,3,+,a\nchr2,4.0,reverse,b\n"
GENES = "chr1\tx\tCDS\t2\t9\t.\t-\t0\tID=a;Name=b%20c\nchr1\tx\tgene\t2\t9\t.\t+\t.\tID=a\n"
GTF = 'chr1\tx\tCDS\t2\t9\t.\t-\t0\tgene_id "g"; transcript_id "t";\n>chr1\nACGT\n'

# By the names of formats: files of each, by the ends of their names.
EXAMPLES: dict[str, dict[str, str]] = {
    "fasta": {".fa": FASTA},
    "table": {".csv": CSV, ".tsv": TSV},
    "three-line": {".3line": THREE},
    "uniprot": {".xml": XML, ".txt": TEXT},
    "gff": {".gff": GFF + GENES, ".gtf": GTF},
    "bed": {".bed": BED},
    "uniprot-table": {".tsv": UNIPROT_TABLE},
    "feature-table": {".tsv": TABLE, ".csv": TABLE.replace("\t", ",")},
}
WORDS = (
    b">", b"@", b"//\n", b"ID   X\n", b"AC   P1;\n", b"SQ   SEQUENCE   3 AA;\n",
    b"FT   CHAIN           1..2\n",
    b"##FASTA\n", b"##gff-version 3\n", b"track x\n", b"<entry>", b"</entry>", b"<!DOCTYPE a>", b"<![CDATA[",
    b"&lt;", b"&x;", b'<?xml version="1.0" encoding="UTF-16"?>', b'encoding="x"', b"MOTIF x y\n",
    b"ALPHABET= ACGU\n",
    b"letter-probability matrix: w= 2\n", b"[Term]\n", b"id: GO:0000001\n", b"is_a: GO:0000003\n",
    b"PA   x.\n",
    b"replaced_by: GO:0000004\n", b"is_obsolete: true\n", b">Cluster 0\n", b'"', b"?", b"<1", b"?..9",
    b"1..>99",
    b"*", b"chr1\t1\t2\t+\n", b"-", b"+", b"status=\"unknown\"", b"position=\"0\"", b"sequence=\"P-2\"",
    b"\t",
)  # fmt: skip


def files(name: str, *contents: str) -> Callable[[], list[Files]]:
    return lambda: [{name: content.encode()} for content in contents]


def pairs(found: Iterable[Any]) -> list[tuple[str, str] | None]:
    """Ids and letters of what was read, None for problems."""
    return [(one.id, one.letters) if isinstance(one, Sequence) else None for one in found]


def same(ours: list[Any], theirs: Any, what: str) -> str:
    """Where two lists differ, of which ours has None where it says that something is wrong."""
    if theirs is None:
        return ""
    theirs = list(theirs)
    if len(ours) != len(theirs):
        return f"{len(ours)} {what}, not {len(theirs)}"
    differ = [
        (one, other) for one, other in zip(ours, theirs, strict=True) if one is not None and one != other
    ]
    return f"{what}: {differ[0][0]!r:.200}, not {differ[0][1]!r:.200}" if differ else ""


def in_order(ours: list[Any], theirs: list[Any], what: str) -> str:
    """As `same`, but rows of nothing are told from no rows by one of the two only."""
    left = iter(theirs)
    odd = [one for one in ours if one is not None and one not in left]
    return f"{what}: {odd[0]!r:.200} is not there in this order" if odd else ""


def upper(theirs: list[tuple[str, str]] | None) -> list[tuple[str, str]] | None:
    return None if theirs is None else [(id, letters.upper()) for id, letters in theirs]


def table_differs(path: Path, found: list[Any]) -> str:
    frame = independent.table(path)
    if frame is None:
        return ""
    header = [str(name).strip() for name in frame.iloc[0]]
    lower = [name.lower() for name in header]
    letters = [i for i, name in enumerate(lower) if name in ("sequence", "seq", "text")]
    ids = [lower.index(usual) for usual in ("id", "sequence_id", "entry", "accession") if usual in lower]
    if len(letters) != 1 or len(ids) < 1:
        return ""
    rows = frame.iloc[1:]
    theirs = list(zip(rows[ids[0]].str.strip(), rows[letters[0]].str.strip(" \t\n").str.upper(), strict=True))
    return in_order(pairs(found), theirs, "rows")


def sequences_differ(name: str, path: Path, found: list[Any]) -> str:
    ours = pairs(found)
    if name == "fasta":
        return same(ours, upper(independent.fasta(path)), "records")
    if name == "table":
        return table_differs(path, found)
    if name == "uniprot":
        kind = "uniprot-xml" if path.suffix == ".xml" else "swiss"
        return same(ours, upper(independent.swiss(path, kind)), "entries")
    if name == "three-line":
        text = independent.text_of(path) or ""
        lines = [line.strip(" \t") for line in text.split("\n") if line.strip()]
        theirs = [
            ((h[1:].split() or [""])[0], x.upper()) for h, x in zip(lines[::3], lines[1::3], strict=False)
        ]
        return same(ours, theirs, "records")
    return ""


def sites_differ(name: str, path: Path, found: list[Any]) -> str:
    features = [one for one in found if isinstance(one, Feature)]
    if name == "bed":
        return same([(one.id, one.start, one.end) for one in features], independent.bed(path), "intervals")
    if name == "gff":
        theirs = independent.gff(path)
        ours = [(one.id, one.kind, one.start + 1, one.end) for one in features]
        return "" if len(features) < len(found) else same(ours, theirs, "features")
    if name == "uniprot" and path.suffix == ".xml":
        theirs = independent.uniprot_xml(path)
        return "" if theirs is None else _missing(features, set(theirs))
    if name == "feature-table":
        return feature_rows_differ(path, found)
    if name == "three-line":
        return _tiles(path, found)
    return ""


def _missing(features: list[Feature], theirs: set[tuple[str, str, int, int]]) -> str:
    ours = {(one.id, one.kind, one.start + 1, one.end) for one in features}
    return f"feature {min(ours - theirs)} is not there" if ours - theirs else ""


def feature_rows_differ(path: Path, found: list[Any]) -> str:
    frame = independent.table(path)
    if frame is None:
        return ""
    lower = [str(name).strip().lower() for name in frame.iloc[0]]
    at = [lower.index(name) for name in ("type", "start", "end") if lower.count(name) == 1]
    if len(at) != 3:
        return ""
    theirs = [tuple(str(row[place]).strip() for place in at) for _, row in frame.iloc[1:].iterrows()]
    ours = [(f.kind, f.start + 1, f.end) if isinstance(f, Feature) else None for f in found]
    numbers = [
        (kind, *(int(end) if independent.is_number(end) else end for end in ends)) for kind, *ends in theirs
    ]
    return in_order([one if one and one[1] > 1 else None for one in ours], numbers, "features")


def _tiles(path: Path, found: list[Any]) -> str:
    """Stretches of labels cover every letter once."""
    by_id: dict[str, list[tuple[int, int]]] = {one.id: [] for one in found if isinstance(one, Listed)}
    for one in found:
        if isinstance(one, Feature):
            by_id[one.id].append((one.start, one.end))
    for id, spans in by_id.items():
        spans.sort()
        if spans[0][0] != 0 or any(a[1] != b[0] for a, b in pairwise(spans)):
            return f"labels of {id!r} leave gaps"
    return ""


def _differs(name: str, use: ReadAs, called: str, folder: Path, found: list[Any]) -> str:
    compare = sequences_differ if use == "sequences" else sites_differ
    return compare(name, folder / called, found)


def _of_format(name: str, use: ReadAs) -> None:
    one = formats[name]
    for ending, content in EXAMPLES.get(name, {}).items():
        called = f"a{ending}"

        def read(folder: Path, called: str = called) -> list[Any]:
            path = folder / called
            alphabet = PROTEIN if name in ("uniprot", "three-line") or called.endswith(".tsv") else DNA
            items = one.read_sites(path) if use == "sites" else one.read_sequences(path, alphabet)
            found: list[Any] = list(items)
            kinds = (Sequence, Problem) if use == "sequences" else (Feature, Listed, Problem)
            assert all(isinstance(item, kinds) for item in found)
            return found

        register(
            Reader(
                f"{name}{ending} as {use}",
                files(called, content),
                read,
                (f"format {name} {use}",),
                partial(_differs, name, use, called),
                WORDS,
            )
        )


for _name, _one in formats.items():
    for _use in USES:
        if getattr(_one, _use) is not None:
            _of_format(_name, _use)


def _by_any_name(folder: Path) -> Any:
    """As the command line reads: the format is told by the name and the content."""
    (path,) = folder.iterdir()
    left: list[Problem] = []
    kinds: list[str] = []
    try:
        sequences = list(from_file(path, PROTEIN).read())
    except InputError:
        sequences = []
    return sequences, read_sites(path, kinds, left)


def _any_files() -> list[Files]:
    return [
        {f"a{e}": c.encode()} for name in EXAMPLES if formats[name].sites for e, c in EXAMPLES[name].items()
    ]


register(
    Reader(
        "any format by its name",
        _any_files,
        _by_any_name,
        (
            "relevome.data.inputs:from_file",
            "relevome.data.sites:read_sites",
            "relevome.data.known_sites:known_sites",
        ),
        words=WORDS,
    )
)


def _labelled(folder: Path) -> list[Any]:
    return list(read_table(folder / "a.csv", DNA))


def _labels_differ(folder: Path, found: list[Any]) -> str:
    rows = [one.sequence if isinstance(one, LabelledSequence) else one for one in found]
    frame = independent.table(folder / "a.csv")
    labels = (
        [
            i
            for i, n in enumerate(frame.iloc[0])
            if str(n).strip().lower() in ("label", "labels", "target", "y")
        ]
        if frame is not None
        else []
    )
    if frame is None or len(labels) != 1:
        return table_differs(folder / "a.csv", rows)
    ours = [one.label if isinstance(one, LabelledSequence) else None for one in found]
    theirs = list(frame.iloc[1:][labels[0]].str.strip())
    return table_differs(folder / "a.csv", rows) or in_order(ours, theirs, "labels")


register(
    Reader(
        "labelled table",
        files("a.csv", CSV),
        _labelled,
        ("relevome.data.formats.table:read_table",),
        _labels_differ,
        WORDS,
    )
)


def _classes_differ(folder: Path, found: dict[str, str]) -> str:
    frame = independent.table(folder / "a.csv")
    if frame is None:
        return ""
    lower = [str(name).strip().lower() for name in frame.iloc[0]]
    if lower.count("id") != 1 or lower.count("class") != 1:
        return ""
    rows = frame.iloc[1:]
    pairs = zip(rows[lower.index("id")].str.strip(), rows[lower.index("class")].str.strip(), strict=True)
    theirs = {id: name for id, name in pairs if name}
    return "" if theirs == found else f"classes {found}, not {theirs}"


register(
    Reader(
        "classes",
        files("a.csv", CSV),
        lambda folder: read_classes(folder / "a.csv"),
        ("relevome.data.formats.table:read_classes",),
        _classes_differ,
        WORDS,
    )
)


def _functions(kind: Any, folder: Path) -> list[Any]:
    (path,) = folder.iterdir()
    return list(read_functions(path, kind))


for _kind in ("ec", "go"):
    register(
        Reader(
            f"{_kind} terms",
            lambda: [{"a.tsv": TSV.encode()}, {"a.xml": XML.encode()}, {"a.dat": TEXT.encode()}],
            partial(_functions, _kind),
            ("relevome.data.protein_function:read_functions",),
            words=WORDS,
        )
    )

register(
    Reader(
        "labelled letters",
        files("a.3line", THREE),
        lambda folder: list(labelled_sequences(folder / "a.3line")),
        ("relevome.data.formats.three_line:labelled_sequences",),
        words=WORDS,
    )
)
register(
    Reader(
        "alignment",
        files("a.fa", ">a x\nMK-V\n.LL\n>b\nmkAV---\n"),
        lambda folder: read_alignment(folder / "a.fa"),
        ("relevome.data.formats.alignment:read_alignment",),
        lambda folder, found: same([*found.items()], upper(independent.fasta(folder / "a.fa")), "rows"),
        words=WORDS,
    )
)
register(
    Reader(
        "clusters",
        files("a.tsv", "r\ta\nr\tb\ns\tc\n", CLSTR),
        lambda folder: read_clusters(folder / "a.tsv").of,
        ("relevome.data.formats.clusters:read_clusters",),
        words=WORDS,
    )
)


def _motifs_differ(folder: Path, found: list[Any]) -> str:
    theirs = independent.meme(folder / "a.meme")
    for motif in found:
        other = None if theirs is None or motif.alphabet != DNA else theirs.get(motif.id)
        if other is not None and other.shape == motif.probabilities.T.shape:
            given = other.T / other.T.sum(axis=1, keepdims=True)
            if not np.allclose(given, motif.probabilities, atol=1e-6):
                return f"motif {motif.id!r}: {motif.probabilities.tolist()}, not {given.tolist()}"
    return ""


register(
    Reader(
        "meme",
        files("a.meme", MEME, PROTEIN_MEME),
        lambda folder: read_meme(folder / "a.meme"),
        ("relevome.data.formats.meme:read_meme",),
        _motifs_differ,
        WORDS,
    )
)


def _ontology(folder: Path) -> Any:
    found = read_obo(folder / "a.obo")
    _ = propagated(found, list(found.terms)[:5])
    return found


def _terms_differ(folder: Path, found: Any) -> str:
    theirs = independent.obo(folder / "a.obo")
    if theirs is None or found.terms.keys() != theirs.keys():
        return "" if theirs is None else f"terms {sorted(found.terms)}, not {sorted(theirs)}"
    for id, term in found.terms.items():
        name, parents = theirs[id]
        own = {parent for parent in parents if found.terms[parent].namespace == term.namespace}
        if term.name != name or not own.issubset(term.parents):
            return f"{term}, not {theirs[id]}"
    return ""


register(
    Reader(
        "obo", files("a.obo", OBO), _ontology, ("relevome.data.formats.obo:read_obo",), _terms_differ, WORDS
    )
)


def _patterns(folder: Path) -> Any:
    source = f"prosite:{folder / 'a.dat'}"
    sequences = [Sequence("a", "MACCNGTNASG", PROTEIN), Sequence("b", "X", PROTEIN)]
    return list(read_patterns(folder / "a.dat")), known_sites(source, sequences)


register(
    Reader(
        "prosite",
        files("a.dat", PROSITE),
        _patterns,
        ("relevome.data.formats.prosite:read_patterns", "relevome.data.known_sites:known_sites"),
        words=WORDS,
    )
)


def _cut(folder: Path) -> Any:
    return list(read_bed(folder / "r.bed", folder / "g.fa"))


def _cuts_differ(folder: Path, found: list[Any]) -> str:
    from Bio.Seq import reverse_complement

    records = independent.fasta(folder / "g.fa")
    if records is None or len({id for id, _ in records}) < len(records):
        return ""
    genome = dict(records)
    for one in found:
        if isinstance(one, Sequence) and one.interval is not None and one.interval.chrom in genome:
            place = one.interval
            letters = genome[place.chrom][place.start : place.end].upper()
            letters = reverse_complement(letters) if place.strand == "-" else letters
            if letters != one.letters:
                return f"{one.id!r} has {one.letters!r}, not {letters!r}"
    return ""


def _genomes() -> list[Files]:
    bed = BED.replace(".\t5", "y\t5").encode()
    plain = {"g.fa": GENOME.encode(), "r.bed": bed}
    return [plain, {**plain, "g.fa.fai": INDEX.encode()}]


register(
    Reader(
        "genome with BED",
        _genomes,
        _cut,
        ("relevome.data.genomes:read_bed", "relevome.data.formats.bed:bed_lines"),
        _cuts_differ,
        WORDS,
        share=0.5,
    )
)


def _contigs(folder: Path) -> Any:
    with open_genome(folder / "g.fa") as chromosomes:
        contigs = read_contigs(chromosomes, folder / "g.fa", DNA)
        return contigs, read_regions([str(folder / "r.bed")], contigs)


register(
    Reader(
        "contigs and regions",
        _genomes,
        _contigs,
        (
            "relevome.data.contigs:read_contigs",
            "relevome.data.contigs:read_regions",
            "relevome.data.genomes:open_genome",
        ),
        words=WORDS,
        share=0.5,
    )
)


def _positions(folder: Path) -> list[Any]:
    (path,) = folder.iterdir()
    choice = PositionChoice(features=("CDS",) if path.suffix == ".gff" else ())
    return list(read_positions(path, {"chr1": 23, "chr2": 10}, choice))


def _position_files() -> list[Files]:
    named = {"a.csv": POSITIONS, "a.gff": GENES, "a.bed": BED}
    return [{name: content.encode()} for name, content in named.items()]


register(
    Reader(
        "positions",
        _position_files,
        _positions,
        ("relevome.data.positions:read_positions", "relevome.data.formats.gff:gff_lines"),
        words=WORDS,
    )
)
