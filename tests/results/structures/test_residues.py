"""Every residue of a structure has the relevance of its letter, read back by another library."""

from __future__ import annotations

import csv
import gzip
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("gemmi", reason="needs the extra `structures`")
pytest.importorskip("Bio", reason="reads what gemmi has written")

import gemmi

from relevome.errors import InputError
from relevome.results.export.mmcif import MmCif
from relevome.results.export.pdb import Pdb
from relevome.results.structures.chains import letter_of
from tests.results.structures.built import THREE, Built, Placed, along, as_mmcif, b_factors, expected

INSULIN = "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKTRREAEDLQVGQVELGG"
UBIQUITIN = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG"


@pytest.fixture
def on(make_run, letters_only, tmp_path):
    """Exports a run of these sequences onto a structure in both formats and compares every residue."""

    def check(built: Built, sequences: dict[str, str], former=None, models=1, **options):
        rng = np.random.default_rng(len(built.lines))
        relevance = {id: rng.normal(size=len(s)).astype(np.float32) for id, s in sequences.items()}
        run = make_run([letters_only(id, s, relevance[id]) for id, s in sequences.items()])
        truth = expected(built, relevance, former)
        given_pdb = built.write(tmp_path / "given.pdb", models)
        reports = []
        for structure in (given_pdb, as_mmcif(given_pdb)):
            scale = 10.0
            reports.append(
                Pdb(structure=structure, scale=scale, **options).export(
                    run, tmp_path / "x.pdb", overwrite=True
                )
            )
            for read in b_factors(tmp_path / "x.pdb"):
                assert_same(
                    read, {k: v if former and k[0] in former else scale * v for k, v in truth.items()}, 0.0051
                )
            MmCif(structure=structure, **options).export(run, tmp_path / "x.cif", overwrite=True)
            read = b_factors(tmp_path / "x.cif")
            assert len(read) == models
            for model in read:
                assert_same(model, truth, 1e-6)
        assert reports[0] == reports[1]
        return reports[0]

    return check


def assert_same(read, truth, tolerance):
    assert set(read) == set(truth)
    wrong = {
        key: (values, truth[key])
        for key, values in read.items()
        if any(abs(value - truth[key]) > tolerance * max(1.0, abs(truth[key])) for value in values)
    }
    assert wrong == {}


def test_numbers_may_start_anywhere_and_below_zero(on):
    for first in (-5, 0, 1, 818):
        built = Built()
        built.chain("A", "u", along(range(len(UBIQUITIN)), first), UBIQUITIN, 0)
        assert on(built, {"u": UBIQUITIN}).skipped == {}


def test_a_domain_of_a_longer_protein_lies_where_it_lies(on):
    built = Built()
    built.chain("A", "u", along(range(20, 60), 1), UBIQUITIN, 0)
    report = on(built, {"u": UBIQUITIN})
    assert (report.written, report.skipped) == (40, {"letter without a residue": 36})


def test_a_domain_that_begins_with_the_first_letter_of_its_protein_is_not_torn(on):
    letters = "M" + INSULIN[1:30] + "M" + UBIQUITIN[1:40] + "G"
    built = Built()
    built.chain("A", "u", along(range(30, 70), 1), letters, 0)
    assert on(built, {"u": letters}).written == 40


def test_residues_that_lack_leave_the_others_in_place(on):
    built = Built()
    built.chain(
        "A", "u", along(range(76), 1, skipped=[*range(7), 20, 21, 22, *range(40, 55), 75]), UBIQUITIN, 0
    )
    assert on(built, {"u": UBIQUITIN}).written == 76 - 26


def test_numbers_on_both_sides_place_a_fragment_that_fits_twice(on):
    letters = UBIQUITIN[:20] + "GGSGGSGGSGGSGGS" + UBIQUITIN[20:60]
    for kept in (range(24, 27), range(27, 30), range(30, 33)):
        skipped = {*range(20, 35)} - {*kept}
        built = Built()
        built.chain("A", "u", along(range(75), 101, skipped=skipped), letters, 0)
        assert on(built, {"u": letters}).written == 63


def test_the_whole_sequence_of_mmcif_places_a_fragment_that_fits_twice(make_run, letters_only, tmp_path):
    letters = UBIQUITIN[:20] + "GGSGGSGGSGGSGGS" + UBIQUITIN[20:60]
    kept = [*range(20), *range(27, 30), *range(35, 75)]
    built = Built()
    built.chain("A", "u", along(kept, 1), letters, 0)
    structure = gemmi.read_structure(str(built.write(tmp_path / "given.pdb")))
    structure.setup_entities()
    structure.entities[0].full_sequence = [THREE[letter] for letter in letters]
    for number, residue in enumerate(structure[0][0], start=501):
        # the author's numbers know nothing of what lacks
        residue.label_seq, residue.seqid.num = residue.seqid.num, number
    structure.make_mmcif_document().write_file(str(tmp_path / "given.cif"))
    run = make_run([letters_only("u", letters, np.arange(75))])
    MmCif(structure=tmp_path / "given.cif").export(run, tmp_path / "x.cif")
    (read,) = b_factors(tmp_path / "x.cif")
    assert read == {("A", 501 + i, " "): {float(letter)} for i, letter in enumerate(kept)}


def test_numbers_that_jump_where_nothing_lacks_do_no_harm(on):
    kept = [
        *along(range(30), 1),
        *(replace(each, number=each.number + 1000) for each in along(range(30, 76), 1)),
    ]
    built = Built()
    built.chain("A", "u", kept, UBIQUITIN, 0)
    assert on(built, {"u": UBIQUITIN}).written == 76
    kept[30] = replace(kept[30], after_break=True)
    built = Built()
    built.chain("A", "u", kept, UBIQUITIN, 0)
    assert on(built, {"u": UBIQUITIN}).written == 76


def test_insertion_codes_tell_residues_apart(on):
    kept = [Placed(i, 30 + i) for i in range(22)]
    kept += [Placed(22 + i, 51, code) for i, code in enumerate("ABCD")] + [
        Placed(i, 26 + i) for i in range(26, 76)
    ]
    built = Built()
    built.chain("H", "u", kept, UBIQUITIN, 0)
    assert on(built, {"u": UBIQUITIN}).written == 76


def test_modified_residues_are_their_parents(on):
    assert (letter_of("MSE"), letter_of("SEP"), letter_of("DA"), letter_of("ZZZ")) == ("M", "S", "A", "X")
    assert letter_of("ZZZ", {"ZZZ": "TYR"}) == "Y"
    kept = along(range(len(INSULIN)), 1)
    for place in (0, 4):
        kept[place] = replace(kept[place], name="MSE")
    built = Built()
    built.chain("A", "i", kept, INSULIN, 0)
    report = on(built, {"i": INSULIN})
    assert (report.written, report.notes) == (len(INSULIN), {})


def test_alternative_locations_all_have_it(on):
    kept = [
        replace(each, locations="AB") if i % 7 == 3 else each for i, each in enumerate(along(range(76), 1))
    ]
    built = Built()
    built.chain("A", "u", kept, UBIQUITIN, 0)
    assert on(built, {"u": UBIQUITIN}).written == 76


def test_copies_have_the_same_and_other_chains_their_own_sequence(on):
    built = Built()
    for number, name in enumerate("ABC"):
        built.chain(name, "u", along(range(number, 70 + number), 1 - 50 * number), UBIQUITIN, 30.0 * number)
    built.chain("x", "i", along(range(40), 1), INSULIN, 120.0)
    report = on(built, {"i": INSULIN, "u": UBIQUITIN})
    assert report.written == 250


def test_models_are_alike(on):
    built = Built()
    built.chain("A", "u", along(range(60), 1), UBIQUITIN, 0)
    report = on(built, {"u": UBIQUITIN}, models=3)
    assert (report.written, report.skipped) == (60, {"letter without a residue": 16})


def test_waters_and_ions_of_matched_chains_are_zero_and_counted(on):
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    for number in (201, 202, 203):
        built.hetero("A", number, "HOH", 5.0 * number)
    built.hetero("A", 301, " ZN", 7.0, atom="ZN")
    assert on(built, {"u": UBIQUITIN}).skipped == {"ligand or water of a matched chain, set to 0": 4}


def test_tags_have_no_partners_though_the_protein_goes_on(on):
    tag = [Placed(None, -4 + i, name=THREE[letter]) for i, letter in enumerate("GSHH")]
    end = [Placed(None, 60 + i, name="HIS") for i in range(6)]
    built = Built()
    built.chain("A", "u", [*tag, *along(range(10, 60), 0), *end], UBIQUITIN, 0)
    report = on(built, {"u": UBIQUITIN})
    assert report.written == 50
    assert report.skipped["residue without a letter in the sequence, set to 0"] == 10


def test_a_substituted_residue_has_the_relevance_of_its_place_and_is_noted(on):
    kept = along(range(76), 1)
    kept[30] = replace(kept[30], name="TRP")
    built = Built()
    built.chain("A", "u", kept, UBIQUITIN, 0)
    assert on(built, {"u": UBIQUITIN}).notes == {
        "residue of another kind than its letter, with the relevance of that place": 1
    }


def test_a_chain_that_is_no_sequence_of_the_run_keeps_its_b_factors_or_has_none(on):
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    built.chain("B", "other", along(range(50), 1), INSULIN, 30)
    reason = "chain without a sequence that is similar enough, left as it is"
    assert on(built, {"u": UBIQUITIN}, former={"B": 42.5}).skipped == {reason: 1}
    assert on(built, {"u": UBIQUITIN}, former={"B": 0.0}, others="zero").skipped == {reason: 1}


def test_one_chain_or_one_sequence_alone_if_asked(on):
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    built.chain("B", "u", along(range(76), 1), UBIQUITIN, 30)
    built.chain("C", "sp|P0|INS", along(range(50), 1), INSULIN, 60)
    sequences = {"u": UBIQUITIN, "sp|P0|INS": INSULIN}
    assert on(built, sequences, former={"A": 42.5, "C": 42.5}, chain="B").written == 76
    assert on(built, sequences, former={"A": 42.5, "B": 42.5}, id="sp|P0|INS").written == 50


def test_how_near_the_nearest_is_is_said_and_enough_if_asked(make_run, letters_only, tmp_path):
    letters = "".join("W" if i % 5 == 2 else letter for i, letter in enumerate(UBIQUITIN))
    run = make_run([letters_only("u", letters, np.arange(76))])
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    pdb = built.write(tmp_path / "given.pdb")
    with pytest.raises(InputError, match=r"the nearest is chain 'A' and 'u', 61 residues and 0.80 of"):
        MmCif(structure=pdb).export(run, tmp_path / "x.cif")
    MmCif(structure=pdb, identity=0.8).export(run, tmp_path / "x.cif")
    assert b_factors(tmp_path / "x.cif")[0]["A", 8, " "] == {7.0}


def test_of_several_sequences_the_one_with_fewest_letters_over_is_meant(on):
    built = Built()
    built.chain("A", "u", along(range(60), 1), UBIQUITIN, 0)
    longer = UBIQUITIN + INSULIN
    assert on(built, {"long": longer, "u": UBIQUITIN, "copy": UBIQUITIN}).notes == {}
    other = UBIQUITIN[:-1] + "A"
    assert on(built, {"u": UBIQUITIN, "other": other}).notes == {
        "chain that several sequences fit equally, of which the first was taken": 1
    }


def test_a_place_with_two_kinds_of_residues_is_either(on, make_run, letters_only, tmp_path):
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    # residue 1 is a proline or, half of the time, the methionine of the sequence
    mine = [line for line in built.lines if line[22:26].strip() == "1"]
    built.lines[:0] = [f"{line[:16]}A{'PRO'}{line[20:]}" for line in mine]
    built.lines[3:6] = [f"{line[:16]}B{line[17:]}" for line in mine]
    pdb = built.write(tmp_path / "given.pdb")
    run = make_run([letters_only("u", UBIQUITIN, np.arange(1, 77))])
    report = Pdb(structure=pdb, scale=1.0).export(run, tmp_path / "x.pdb")
    assert (report.written, report.notes) == (76, {})
    text = (tmp_path / "x.pdb").read_text()
    first = [line for line in text.splitlines() if line.startswith("ATOM") and line[22:26].strip() == "1"]
    assert {(line[16:20], float(line[60:66])) for line in first} == {("APRO", 1.0), ("BMET", 1.0)}


def test_each_target_has_a_file_and_one_without_a_chain_none(make_run, letters_only, tmp_path):
    rows = [
        letters_only("u", UBIQUITIN, np.full(76, 1.0), target="one"),
        letters_only("u", UBIQUITIN, np.full(76, 2.0), target="two"),
        letters_only("i", INSULIN, np.full(len(INSULIN), 3.0), target="three"),
    ]
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    pdb = built.write(tmp_path / "given.pdb")
    report = MmCif(structure=pdb).export(make_run(rows), tmp_path / "x.cif")
    assert [path.name for path in report.files] == ["x.one.cif", "x.two.cif"]
    assert (report.written, report.skipped) == (152, {"target without any chain": 1})
    for path, value in zip(report.files, (1.0, 2.0), strict=True):
        assert set().union(*b_factors(path)[0].values()) == {value}


def test_nucleic_acids_too(on):
    letters = "ACGTTGCATGCCATTAGGCATCG"
    built = Built()
    built.chain("B", "dna", along(range(3, 20), 1), letters, 0)
    assert on(built, {"dna": letters, "u": UBIQUITIN}).written == 17


def test_gzip_is_read(make_run, letters_only, tmp_path):
    built = Built()
    built.chain("A", "u", along(range(76), 1), UBIQUITIN, 0)
    pdb = built.write(tmp_path / "given.pdb")
    run = make_run([letters_only("u", UBIQUITIN, np.arange(76, dtype=np.float32))])
    for path in (pdb, as_mmcif(pdb)):
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert MmCif(structure=packed).export(run, tmp_path / "x.cif", overwrite=True).written == 76


LETTERS = st.text("ACDEFGHIKLMNPQRSTVWY", min_size=40, max_size=90)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    letters=LETTERS,
    first=st.integers(-9, 900),
    gaps=st.lists(st.integers(0, 80), max_size=4),
    seed=st.integers(0, 99),
)
def test_any_sequence_with_any_gaps(on, letters, first, gaps, seed):
    lengths = random.Random(seed)
    skipped = {place + i for place in gaps for i in range(lengths.randint(1, 6))}
    kept = along(range(len(letters)), first, skipped)
    built = Built()
    built.chain("A", "s", kept, letters, 0)
    assert on(built, {"s": letters}).written == len(kept)


def test_every_residue_of_ten_domains(on, shared):
    """Numbers and breaks of real domains in longer proteins, in two copies, of which one lacks residues."""
    with (shared / "data" / "structures" / "domains.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    broken = [row for row in rows if row["chain_breaks_before_index0"]][:3]
    chosen = [*broken, *(row for row in rows if row not in broken)][:10]
    assert len(chosen) == 10
    written = 0
    for seed, row in enumerate(chosen):
        rng, domain = random.Random(seed), row["sequence"]
        before = "".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=rng.randint(0, 40)))
        letters, first = before + domain + before[::-1], int(row["first_resnum"])
        breaks = {int(place) for place in row["chain_breaks_before_index0"].split(",") if place}
        shift, kept = 0, []
        for i in range(len(domain)):
            # where residues lack in the crystal, the sequence of the table lacks their letters too
            shift += 25 if i in breaks else 0
            kept.append(Placed(len(before) + i, first + i + shift, after_break=i in breaks))
        lacking = {*rng.sample(range(5, len(domain) - 5), 8)}
        fewer = [
            replace(each, after_break=each.after_break or i - 1 in lacking)
            for i, each in enumerate(kept)
            if i not in lacking
        ]
        built = Built()
        built.chain("A", "s", kept, letters, 0)
        built.chain("B", "s", fewer, letters, 40)
        report = on(built, {"s": letters, "u": UBIQUITIN[::-1]})
        assert report.written == 2 * len(domain) - 8, row["pdb_chain"]
        written += report.written
    assert written > 1000


def test_says_what_it_cannot_do(make_run, letters_only, tmp_path):
    run = make_run([letters_only("u", UBIQUITIN, np.zeros(76))])
    built = Built()
    built.chain("A", "i", along(range(50), 1), INSULIN, 0)
    pdb = built.write(tmp_path / "given.pdb")
    out = tmp_path / "x"
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "no structure is given: expected --option structure=FILE"),
        ({"structure": tmp_path / "none.pdb"}, r"cannot read .*none.pdb .*expected a file"),
        ({"structure": pdb, "chain": "Q"}, r"has no chain 'Q' .*its chains are 'A'"),
        ({"structure": pdb, "id": "v"}, "has no sequence 'v'"),
        ({"structure": pdb}, r"no chain is 0.9 alike .*none is near"),
    )
    for options, said in refused:
        with pytest.raises(InputError, match=said):
            MmCif(**options).export(run, out)
    with pytest.raises(InputError, match="identity is 2"):
        MmCif(identity=2.0)
    for text in ("", "HEADER    nothing\n", "data_x\n", "MKV"):
        (tmp_path / "bad.pdb").write_text(text)
        with pytest.raises(InputError, match=r"cannot read the structure|has no atoms"):
            MmCif(structure=tmp_path / "bad.pdb").export(run, out)
    assert not out.exists()
