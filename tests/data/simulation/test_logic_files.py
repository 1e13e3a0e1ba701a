"""Sequences of grammars with logic, and the folders that they are written to."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from relevome.data.formats.table import read_table
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import named_alphabet
from relevome.data.simulation.logic import DECOY, SITE, STATES
from relevome.data.simulation.logic_files import write_logic
from relevome.data.simulation.logic_plan import plan_logic
from relevome.data.simulation.logic_sequences import simulate_logic
from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.jobs.simulate import simulate

GRAMMARS = [(name, alphabet) for name in STATES for alphabet in ("dna", "protein")]


@pytest.mark.parametrize(("name", "alphabet"), GRAMMARS)
def test_sequences_have_what_their_state_says(name: str, alphabet: str) -> None:
    plan = plan_logic(name, length=90, seed=4, alphabet=alphabet, decoys=1)
    first, second = (motif.name for motif in plan.grammar.motifs)
    has = {"both": {first, second}, "first alone": {first}, "second alone": {second}}
    states: Counter[str] = Counter()
    for one in simulate_logic(plan, 40, 60):
        states[one.state] += 1
        assert len(one.sequence) == 90
        assert (one.label > 0) == one.sequence.id.startswith("positive")
        real = [site for site in one.sites if site.kind != DECOY]
        assert len(one.sites) - len(real) == 1
        assert all(a.end <= b.start for a, b in zip(one.sites, one.sites[1:], strict=False))
        if name == "spacing":
            gap = real[1].start - real[0].end
            assert [site.name for site in real] == [first, second]
            assert (gap in range(8, 13)) == (one.state == "in range")
            assert (gap < 8) == (one.state == "closer")
        elif name != "strength":
            assert {site.name for site in real} == has.get(one.state, set())
        assert sum(site.effect or 0 for site in one.sites) == pytest.approx(one.label)
        assert one.label == plan.grammar.value(real)
    assert set(states) == {state.name for state in plan.grammar.states if state.share > 0}


def test_letters_are_those_of_the_motifs() -> None:
    plan = plan_logic("strength", length=120, seed=1)
    kept: dict[str, list[float]] = {}
    for one in simulate_logic(plan, 150, 1):
        for site in one.sites:
            motif = next(m for m in plan.grammar.motifs if m.name == site.name)
            same = sum(
                a == b
                for a, b in zip(one.sequence.letters[site.start : site.end], motif.consensus, strict=True)
            )
            kept.setdefault(site.kind, []).append(len(motif) - same)
    strong, weak = (sum(values) / len(values) for values in (kept[SITE], kept["weak site"]))
    assert strong < 0.4  # 2% of 9 or 11 letters
    assert 2 <= weak < 2.4


@pytest.mark.parametrize("name", STATES)
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    plan = plan_logic(name, length=90, seed=4, decoys=1)
    for folder in ("one", "two"):
        write_logic(tmp_path / folder, plan, 20, 20, (0.5, 0.25, 0.25))
    written = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    every = [one for one in simulate_logic(plan, 20, 20) if one.source >= 15]
    folder = tmp_path / "one"
    rows = list(refuse_or_skip(read_table(folder / "test.csv", named_alphabet("dna")), "refuse", []))
    assert [(row.sequence, row.label) for row in rows] == [(one.sequence, str(one.label)) for one in every]
    effects = read_sites(folder / "test.effects.tsv")
    assert effects == {one.sequence.id: list(one.sites) for one in every if one.sites}
    for one in every:
        found = effects.get(one.sequence.id, [])
        assert [(s.kind, s.effect) for s in found] == [(s.kind, s.effect) for s in one.sites]
    located = read_sites(folder / "test.truth.bed")
    expected = {one.sequence.id: [site for site in one.sites if (site.effect or 0) > 0] for one in every}
    assert located == {id: sites for id, sites in expected.items() if sites}
    with (folder / "test.effects.tsv").open() as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    assert [line["state"] for line in lines] == [one.state for one in every for _ in one.sites]
    assert [float(line["leaving_out"]) for line in lines] == [x for one in every for x in one.leaving_out]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"grammar": "and", "position": 50}, "--position belongs to promoter, sites and meme"),
        ({"grammar": "and", "spacing": "3:5"}, "--spacing belongs to --grammar spacing, not to and"),
        ({"grammar": "and", "planted": 2}, "--planted does not belong to --grammar and"),
        ({"grammar": "sites", "alphabet": "dna"}, "--alphabet belongs to grammars with logic"),
        ({"grammar": "genome", "spacing": "3:5"}, "--spacing belongs to grammars with logic"),
        ({"grammar": "spacing", "spacing": "3"}, "expected the least and the most letters, such as 8:12"),
        ({"grammar": "and", "alphabet": "rna"}, "--alphabet rna: expected dna or protein"),
        ({"grammar": "not", "alphabet": "protein", "gc": 0.4}, "--gc is about nucleotides"),
        ({"grammar": "and", "motif_names": "A,B"}, "--motif-names chooses from the file of --motifs"),
        ({"grammar": "and", "length": 19}, "length 19: expected 20 or more"),
        ({"grammar": "nand"}, "unknown grammar 'nand': expected promoter, sites, meme, genome, and, or, not"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: dict[str, str | int | float], said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        simulate(tmp_path / "made", positives=10, negatives=10, **options)  # pyright: ignore[reportArgumentType]
    assert not (tmp_path / "made").exists()


def test_an_effect_that_is_no_number_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "effects.tsv"
    for text in ("", "nan", "much"):
        table.write_text(
            f"id\ttype\tstart\tend\trequired_effect\ns\tsite\t1\t4\t0.5\ns\tsite\t6\t9\t{text}\n"
        )
        with pytest.raises(
            InputError, match=f"line 3: required_effect '{text}': expected a finite number in every row"
        ):
            read_sites(table)
