"""The pieces of the benchmark; the whole of it takes minutes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.planted_factors import Recovered, Result, best_possible, compared, log_odds
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.data.simulation.genome import GenomePlan, Placed, simulate_genome
from relevome.data.simulation.genome_plan import plan_genome
from relevome.data.simulation.grammar import Unit
from relevome.discovery.attention_heads import profile
from relevome.discovery.consensus import attended, consensus, unattended
from relevome.discovery.windows import Windows
from relevome.models.base import Target
from relevome.results.attention_heads.heads import AttentionHead, AttentionHeads
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName

PLAN = plan_genome(length=16_000, starts=80, distances="-34:-29,-14:-11", share=0.7, others=0, seed=2)
HALF = 60


def exact(name: str, letters: str) -> Motif:
    return Motif(name, name, np.eye(4)[[DNA.letters.index(letter) for letter in letters]], DNA)


def test_the_odds_are_those_of_every_letter_spelt_out() -> None:
    text = simulate_genome(PLAN).sequence.letters[:300]
    found = log_odds(PLAN, text)
    for position in (60, 61, 150, 222):
        expected = 0.0
        for placed in PLAN.placed:
            motif = placed.unit.motifs[0]
            fits = [
                np.prod(
                    [
                        motif.probabilities[i, DNA.letters.index(text[position + distance + i])] / 0.25
                        for i in range(len(motif))
                    ]
                )
                for distance in placed.distances
            ]
            expected += np.log(0.3 + 0.7 * np.mean(fits))
        assert found[position] == pytest.approx(expected)


def test_motifs_that_cannot_be_mistaken_are_all_found_on_both_strands() -> None:
    placed = Placed(Unit((exact("clear", "ACGTTGCATTGCCA"),)), {-30: 1.0})
    clear = GenomePlan((placed,), 30_000, 100, PLAN.background, seed=1)
    assert best_possible(clear, simulate_genome(clear)) == pytest.approx(1)
    vague = replace(clear, placed=(replace(placed, distances={-31: 0.5, -30: 0.5}),))
    assert 0.3 < best_possible(vague, simulate_genome(vague)) < 0.9


def looking(plan: GenomePlan, windows: Windows) -> AttentionHeads:
    """A head that attends to the third letter of the first factor, told by the truth alone."""
    placed = plan.placed[0]
    odds = np.log((placed.unit.motifs[0].probabilities + 0.01) / 0.26)
    weights = np.zeros((len(windows), windows.length))
    for row, codes in enumerate(windows.codes):
        for distance in placed.distances:
            start = windows.site + distance
            weights[row, start + 2] = np.exp(odds[np.arange(len(odds)), codes[start : start + 8]].sum())
    weights /= weights.sum(1, keepdims=True)
    chosen = attended(weights, 0.5)
    found = consensus(windows.codes, chosen, unattended(weights), DNA)
    head = AttentionHead(HeadName(0, 3), profile(windows.distances, weights, weights), chosen, found)
    return AttentionHeads((head,), None, len(windows), 0, None, HeadSettings())


def test_a_head_that_looks_at_a_factor_has_its_matrix_and_its_place() -> None:
    plan = plan_genome(length=80_000, starts=600, distances="-34:-29,-14:-11", share=0.9, others=0, seed=2)
    genome = simulate_genome(plan)
    cut = []
    for start in genome.starts:
        if HALF <= start.start < plan.length - HALF:
            at = Interval(genome.sequence.id, start.start - HALF, start.start + HALF + 1, start.strand)
            whole = Sequence(start.name, genome.sequence.letters[at.start : at.end], DNA)
            turned = whole if start.strand == "+" else whole.reverse_complement()
            cut.append(Sequence(start.name, turned.letters, DNA, interval=at))
    windows = Windows(tuple(cut), Target(1, "site", position=HALF), HALF)
    first, _ = compared(plan, genome, windows, looking(plan, windows))
    assert (first.factor, first.head, first.planted) == ("factor1", "0.3", -31.5)
    assert first.r > 0.9
    assert abs(first.distance - first.planted) <= 2
    assert first.as_planted > 0.8


def test_wrong_names_are_counted_by_matrix_and_by_sites() -> None:
    factor = Recovered("factor1", 0.95, "0.0", -31, -31.5, 0.9)
    result = Result((factor,), ("factor1", "other3"), ("other9",), 0.9, 0.1, 0.2)
    assert result.wrong() == ["other3", "other9"]
