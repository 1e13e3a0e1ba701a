"""Features of UniProt, tables and GFF3: one spelling of types, counted from 1 once."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.features import Feature, from_one, is_unsure, same_type
from relevome.data.formats.uniprot import entries, xml_features
from relevome.data.problems import Problem
from relevome.data.sequences import PROTEIN, Interval, Sequence
from relevome.data.sites import Site, listed_as, mask, read_sites, unplaced_sites
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

LETTERS = "MCDEFGHIKLCN"

XML = f"""<?xml version="1.0"?>
<uniprot xmlns="http://uniprot.org/uniprot">
<entry><accession>P00001</accession><accession>Q99999</accession><name>A_B</name>
<feature type="active site" description="Proton acceptor"><location><position position="3"/></location></feature>
<feature type="short sequence motif" description="Box"><location><begin position="4"/><end position="6"/></location></feature>
<feature type="disulfide bond"><location><begin position="2"/><end position="11"/></location></feature>
<feature type="disulfide bond" description="Interchain"><location><position position="2"/></location></feature>
<feature type="active site"><location><position status="unknown"/></location></feature>
<feature type="active site"><location sequence="P00001-2"><position position="5"/></location></feature>
<feature type="active site"><location><position position="13"/></location></feature>
<feature type="active site"><location><begin position="9"/><end position="8"/></location></feature>
<feature type="signal peptide"><location><begin position="1" status="less than"/><end position="4"/></location></feature>
<feature type="propeptide"><location><begin position="1"/><end position="7" status="uncertain"/></location></feature>
<feature type="chain"><location><begin position="5"/><end position="12" status="greater than"/></location></feature>
<sequence length="12">{LETTERS}</sequence></entry>
<entry><accession>P00002</accession><name>C_D</name><sequence length="3">MAA</sequence></entry>
</uniprot>
"""  # noqa: E501

TEXT = """ID   A_B                     Reviewed;          12 AA.
AC   P00001; Q99999;
DT   01-JAN-2000, integrated into UniProtKB/Swiss-Prot.
DT   01-JAN-2000, sequence version 1.
DT   01-JAN-2001, entry version 3.
DE   RecName: Full=Something;
OS   Homo sapiens (Human).
OC   Eukaryota.
OX   NCBI_TaxID=9606;
PE   1: Evidence at protein level;
FT   ACT_SITE        3
FT                   /note="Proton acceptor"
FT   MOTIF           4..6
FT                   /note="Box"
FT   DISULFID        2..11
FT   DISULFID        2
FT                   /note="Interchain"
FT   ACT_SITE        ?
FT   ACT_SITE        P00001-2:5
FT   ACT_SITE        13
FT   SIGNAL          <1..4
FT   PROPEP          1..?7
FT   CHAIN           5..>12
SQ   SEQUENCE   12 AA;  1414 MW;  0123456789ABCDEF CRC64;
     MCDEFGHIKL CN
//
ID   C_D                     Reviewed;           3 AA.
AC   P00002;
DT   01-JAN-2000, integrated into UniProtKB/Swiss-Prot.
DT   01-JAN-2000, sequence version 1.
DT   01-JAN-2001, entry version 3.
DE   RecName: Full=Something;
OS   Homo sapiens (Human).
OC   Eukaryota.
OX   NCBI_TaxID=9606;
PE   1: Evidence at protein level;
SQ   SEQUENCE   3 AA;  300 MW;  0123456789ABCDEF CRC64;
     MAA
//
"""

GFF = """##gff-version 3
##sequence-region P00001 1 12
P00001\tUniProtKB\tActive site\t3\t3\t.\t.\t.\tNote=Proton acceptor;evidence=ECO:0000255
P00001\tUniProtKB\tMotif\t4\t6\t.\t.\t.\tNote=Box
P00001\tUniProtKB\tDisulfide bond\t2\t11\t.\t.\t.\t.
P00001\tUniProtKB\tDisulfide bond\t2\t2\t.\t.\t.\tNote=Interchain
P00001\tUniProtKB\tActive site\t?\t?\t.\t.\t.\tNote=lost
P00001\tUniProtKB\tSignal peptide\t<1\t4\t.\t.\t.\t.
P00001\tUniProtKB\tPropeptide\t1\t?7\t.\t.\t.\t.
"""

TABLE = """Accession\ttype\tStart\tend\tname\tscore
P00001\tactive site\t3\t3\tProton acceptor\t1
P00001\tmotif\t4\t6\tBox\t2
P00001\tdisulfide_bond\t2\t11\t\t3
P00001\tdisulfide_bond\t2\t2\tInterchain\t3
P00001\tactive site\t?\t?\tlost\t4
P00001\tsignal\t<1\t4\t\t5
P00001\tpropep\t1\t?7\t\t5
"""

# As the website gives it: a note in quotes may hold semicolons and quotes, and Length is a usual column.
ENTRIES = """Entry\tEntry Name\tLength\tActive site\tMotif\tDisulfide bond\tSignal peptide\tPropeptide\tChain
P00001\tA_B\t12\tACT_SITE 3; /note="Proton acceptor"; /evidence="ECO:0000255|PROSITE-ProRule:PRU10"; ACT_SITE ?; ACT_SITE P00001-2:5; ACT_SITE 13\tMOTIF 4..6; /note="Box"\tDISULFID 2..11; /evidence="ECO:1; ECO:2"; DISULFID 2; /note="Interchain"\tSIGNAL <1..4; /evidence="ECO:0000255"\tPROPEP 1..?7\tCHAIN 5..>12; /note="Its ""own"" chain"; /id="PRO_1"
P00002\tC_D\t3\t\t\t\t\t\t
"""  # noqa: E501

FORMATS = {"a.xml": XML, "a.dat": TEXT, "a.gff": GFF, "a.tsv": TABLE, "entries.tsv": ENTRIES}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:Bio")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("zipped", [False, True])
def test_all_formats_give_the_same_sites(write: Write, name: str, zipped: bool) -> None:
    content = FORMATS[name].encode()
    path = write(name + ".gz" * zipped, gzip.compress(content) if zipped else content)
    left: list[Problem] = []
    assert read_sites(path, ["active_site"], left)["P00001"] == [Site(2, 3, "Proton acceptor")]
    assert read_sites(path, ["MOTIF"], left)["P00001"] == [Site(3, 6, "Box")]
    bond, other, single = read_sites(path, ["Disulfide-Bond"], left)["P00001"]
    assert [(one.start, one.end) for one in (bond, other, single)] == [(1, 2), (10, 11), (1, 2)]
    assert LETTERS[1] == LETTERS[10] == "C"
    assert single.name == "Interchain"


@pytest.mark.parametrize(("name", "reasons"), [
    ("a.xml", 4), ("a.dat", 3), ("a.gff", 1), ("a.tsv", 1), ("entries.tsv", 3),
])  # fmt: skip
def test_what_has_no_place_is_left_out_with_its_reason(write: Write, name: str, reasons: int) -> None:
    path = write(name, FORMATS[name])
    left: list[Problem] = []
    read_sites(path, ["active site"], left)
    assert len(left) == reasons
    said = " ".join(problem.reason for problem in left)
    assert "at ? to ?, an end that is not known" in said
    assert ("on another isoform, P00001-2" in said) == (reasons > 1)
    assert ("at 13 to 13, past the end of 12 letters" in said) == (reasons > 1)
    assert ("end 8 is before start 9" in said) == (name == "a.xml")
    left.clear()
    sites = read_sites(path, ["signal"], left)
    assert [(one.start, one.end) for one in sites["P00001"]] == [(0, 4)], "a fragment has what it has of it"
    assert not left
    read_sites(path, ["propeptide"], left)
    assert len(left) == 1
    assert "an end that is not known" in left[0].reason
    with pytest.raises(InputError, match="an end that is not known: expected a list of what to leave out"):
        read_sites(path, ["propeptide"])


@pytest.mark.parametrize("name", ["a.xml", "a.dat", "entries.tsv"])
def test_an_entry_without_sites_is_listed_without_any(write: Write, name: str) -> None:
    sites = read_sites(write(name, FORMATS[name]), ["motif"], [])
    assert sites == {"P00001": [Site(3, 6, "Box")], "P00002": []}
    sequence = Sequence("P00002", "MAA", PROTEIN)
    assert not mask(sequence, sites).any()
    assert unplaced_sites(sites, [Sequence("P00001", LETTERS, PROTEIN)], "a") == []


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ACT_SITE", "Active site"), ("act-site", "active site"), ("TRANSMEM", "transmembrane region"),
        ("Transmembrane", "TRANSMEM"), ("signal", "Signal peptide"), ("SIGNAL", "signal_peptide"),
        ("motif", "short sequence motif"), ("DISULFID", "Disulfide bond"), ("coiled_coil", "COILED"),
        ("lipid moiety-binding region", "Lipidation"), ("Natural variant", "VARIANT"), ("CDS", "cds"),
        ("Beta strand", "STRAND"),
    ],
)  # fmt: skip
def test_types_are_the_same_however_they_are_written(written: str, same: str) -> None:
    assert same_type(written) == same_type(same)


def test_types_that_differ_stay_different() -> None:
    names = ["site", "active site", "binding site", "region", "transmembrane", "intramembrane", "signal"]
    assert len({same_type(name) for name in names}) == len(names)


def test_letters_are_counted_from_1_with_the_end_included() -> None:
    assert from_one("1", "1") == (0, 1)
    assert from_one("3", "08") == (2, 8)
    for first, last, said in [
        ("0", "3", "'0' is no letter"),
        ("x", "3", "'x'"),
        ("5", "4", "end 4 is before"),
    ]:
        with pytest.raises(ValueError, match=said):
            from_one(first, last)
    assert [is_unsure(*ends) for ends in [("<2", "3"), ("1", "?"), ("1", ">9"), ("?4", "9"), ("1", "2")]] == [
        True, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.xml", "a.dat", "entries.tsv"])
def test_a_feature_that_goes_on_behind_a_fragment_has_all_up_to_its_end(write: Write, name: str) -> None:
    (chain,) = read_sites(write(name, FORMATS[name]), ["chain"])["P00001"]
    assert (chain.start, chain.end) == (4, 12)


def test_a_place_of_very_many_digits_is_one_line(write: Write) -> None:
    for name in ("a.gff", "a.tsv"):
        path = write(name, FORMATS[name].replace("\t11\t", f"\t{'9' * 5000}\t"))
        with pytest.raises(InputError, match=r"'9999.*expected a whole number from 1 on") as error:
            read_sites(path)
        assert len(str(error.value)) < 300


def test_gtf_is_read_as_such_and_gff_as_programs_write_it(write: Write) -> None:
    gtf = 'chr1\tme\texon\t3\t9\t.\t-\t.\tgene_id "G1"; transcript_id "T1"; exon_number 1; tag "a; b";\n'
    assert read_sites(write("a.gtf", gtf)) == {"chr1": [Site(2, 9, "T1", "-")]}
    named = gtf.replace("gene_id", 'gene_name "abc"; gene_id')
    assert read_sites(write("b.gtf", named))["chr1"][0].name == "abc"
    tabs = GFF.replace("\n", "\t\n").replace("3\t\n##seq", "3\n##seq").replace("12\t\n", "12\n")
    assert read_sites(write("tabs.gff", tabs), ["motif"]) == read_sites(write("a.gff", GFF), ["motif"])
    whole = GFF + ">P00001 the sequence\nMCDEFGHIKLCN\n"
    assert read_sites(write("whole.gff", whole), ["motif"]) == read_sites(write("a.gff", GFF), ["motif"])


def test_a_cross_link_has_two_ends_and_a_helix_what_is_between() -> None:
    assert Feature("a", "CROSSLNK", 2, 9, "").spans == [(2, 3), (8, 9)]
    assert Feature("a", "disulfide bond", 2, 4, "").spans == [(2, 3), (3, 4)]
    assert Feature("a", "HELIX", 2, 9, "").spans == [(2, 9)]


def test_an_accession_between_bars_finds_its_sites() -> None:
    sites = {"P02724": [Site(0, 1, "x")], "1": [Site(0, 1, "y")], "a|P02724": []}
    assert listed_as("sp|P02724|GLPA_HUMAN", sites) == "P02724"
    assert listed_as("a|P02724", sites) == "a|P02724"
    assert listed_as("sp|P02724-2|GLPA_HUMAN", sites) is None  # another isoform
    assert listed_as("Q9BEC7|EUKARYA|NO_SP|1|cv0", sites) is None  # no accession, though it is listed
    whole = Sequence("sp|P02724|GLPA_HUMAN", "MCD", PROTEIN)
    assert mask(whole, sites).tolist() == [True, False, False]
    assert mask(whole.window(0, 2), sites).tolist() == [True, False]
    assert unplaced_sites({"P02724": sites["P02724"]}, [whole], "a") == []


def test_a_site_past_the_end_of_another_sequence_is_refused(write: Write) -> None:
    sites = read_sites(write("a.tsv", "id,type,start,end\ns,box,2,9\n"))
    with pytest.raises(
        InputError, match="site 'box' 1-9 is off the end of sequence 's', which has 4 letters"
    ):
        mask(Sequence("s", "MAAA", PROTEIN), sites)
    part = Sequence("w", "AA", PROTEIN, Interval("s", 1, 3, "+"))
    assert mask(part, sites).all()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tsv", "id\tstart\tend\na\t1\t2\n", "0 columns called type"),
        ("a.tsv", "id\taccession\ttype\tstart\tend\na\tb\tx\t1\t2\n", "2 columns called id or sequence_id"),
        ("a.tsv", "id\ttype\tstart\tend\na\tx\t0\t2\n", "line 2: '0' is no letter of a sequence"),
        ("a.tsv", "id\ttype\tstart\tend\na\tx\t3\t2\n", "line 2: end 2 is before start 3"),
        ("a.tsv", "id\ttype\tstart\tend\na\tx\t3\n", "line 2: 3 columns: expected 4"),
        ("a.tsv", "id\ttype\tstart\tend\n\tx\t3\t4\n", "line 2: a feature without an id or a type"),
        ("a.xml", "<uniprot><entry>", "is broken XML"),
        ("a.xml", '<?xml version="1.0" encoding="x"?><uniprot/>', "is broken XML .unknown encoding: x"),
        ("a.xml", '<?xml version="1.0" encoding="big5"?><uniprot/>', "is broken XML .multi-byte encodings"),
        ("a.xml", "<uniprot></uniprot>", "has no entries: expected UniProt XML"),
        ("a.xml", XML, "has no feature of type 'zinc finger': expected active site, chain, disulfide bond,"),
    ],
)  # fmt: skip
def test_what_is_no_annotation_is_refused(write: Write, name: str, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_sites(write(name, content), ["zinc finger"] if "zinc" in said else [], [])


def test_a_bed_file_that_is_called_tsv_is_read_as_bed(write: Write) -> None:
    assert read_sites(write("a.tsv", "a\t3\t9\tbox\n")) == {"a": [Site(3, 9, "box")]}


def test_sites_land_on_the_residues_that_swiss_prot_names(shared: Path) -> None:
    path = shared / "data/protein/uniprot_swissprot_250.xml.gz"
    letters = {str(entry.id): str(entry.seq) for entry in entries(path) if not isinstance(entry, Problem)}

    features = [one for one in xml_features(path) if isinstance(one, Feature)]
    spans = [(same_type(f.kind), f.name, letters[f.id][i:j]) for f in features for i, j in f.spans]

    def residues(kind: str) -> Counter[tuple[str, str]]:
        return Counter((name, residue) for one, name, residue in spans if one == kind)

    bound = residues("disulfide bond")
    assert (bound.total(), {residue for _, residue in bound}) == (538, {"C"})
    assert residues("initiator methionine") == {("Removed", "M"): 1}
    named = {
        "lysine": "K", "methionine": "M", "serine": "S", "threonine": "T", "asparagine": "N",
        "aspartate": "D", "glycine": "G", "Arginine": "R", "glutamyl": "E",
    }  # fmt: skip
    for kind in ("modified residue", "glycosylation", "lipidation"):
        for (description, residue), count in residues(kind).items():
            (expected,) = {letter for name, letter in named.items() if name in description} - (
                {"G"} if "glutamyl" in description else set()
            )
            assert residue == expected, (description, count)
    catalytic = residues("active site")
    assert catalytic.total() == 63
    assert {residue for _, residue in catalytic} == set("DEHKSY")
    assert catalytic["Proton acceptor", "Y"] == catalytic["Proton donor", "H"] == 19
    assert {r for (d, r) in catalytic if d == "Nucleophile"} == set("DES")


def test_signal_peptides_of_swiss_prot_begin_at_the_first_residue(shared: Path) -> None:
    path = shared / "data/protein/uniprot_swissprot_250.xml.gz"
    left: list[Problem] = []
    sites = read_sites(path, ["signal"], left)
    found = [site for placed in sites.values() for site in placed]
    assert (len(found), left) == (63, [])  # three belong to fragments and begin before the first residue
    assert {site.start for site in found} == {0}
    assert np.median([site.end for site in found]) > 15
