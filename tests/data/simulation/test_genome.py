"""A made-up genome has what its truth says, where it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.meme import read_meme
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.genome import GenomePlan, PlacedUnit, simulate_genome
from relevome.data.simulation.genome_files import write_genome
from relevome.data.simulation.grammar import Unit
from relevome.data.sites import read_sites
from relevome.errors import InputError


def exact(name: str, letters: str) -> Motif:
    return Motif(name, name, np.eye(4)[[DNA.letters.index(letter) for letter in letters]], DNA)


BOX = PlacedUnit(
    Unit((exact("left", "TTGACA"), exact("right", "TATAAT")), ({16: 0.5, 17: 0.5},)), {-40: 0.3, -39: 0.7}
)
DOWN = PlacedUnit(Unit((exact("down", "CCGGCC"),)), {3: 1.0}, share=0.4)
PLAN = GenomePlan((BOX, DOWN), 20_000, 130, Background.with_gc(0.4), seed=0)


def around(genome: Sequence, place: int, strand: str, start: int, end: int) -> str:
    """Letters from ``start`` to ``end`` as counted from a site on its strand."""
    if strand == "+":
        return genome.letters[place + start : place + end]
    part = genome.letters[place - end + 1 : place - start + 1]
    return Sequence("part", part, DNA).reverse_complement().letters


def test_motifs_stand_at_their_distances_on_the_strand_of_their_site() -> None:
    genome = simulate_genome(PLAN)
    seen: Counter[int] = Counter()
    for start in genome.starts:
        found = [
            d for d in (-40, -39) if around(genome.sequence, start.start, start.strand, d, d + 6) == "TTGACA"
        ]
        assert len(found) == 1
        seen[found[0]] += 1
        assert any(
            around(genome.sequence, start.start, start.strand, found[0] + 6 + gap, found[0] + 12 + gap)
            == "TATAAT"
            for gap in (16, 17)
        )
    assert 20 < seen[-40] < 60
    assert Counter(start.strand for start in genome.starts) == {"+": 65, "-": 65}


def test_the_truth_is_where_the_letters_are() -> None:
    genome = simulate_genome(PLAN)
    letters = {"left": "TTGACA", "right": "TATAAT", "down": "CCGGCC"}
    for site in genome.planted:
        part = Sequence("part", genome.sequence.letters[site.start : site.end], DNA)
        part = part if site.strand == "+" else part.reverse_complement()
        assert part.letters == letters[site.name]
    counts = Counter(site.name for site in genome.planted)
    assert counts["left"] == counts["right"] == 130
    assert 35 < counts["down"] < 70


def test_sites_do_not_reach_each_other() -> None:
    genome = simulate_genome(replace(PLAN, length=130 * PLAN.room))
    gaps = np.diff([start.start for start in genome.starts])
    assert gaps.tolist() == [PLAN.room] * 129


def test_files_are_read_back(tmp_path: Path) -> None:
    genome = write_genome(tmp_path / "made", PLAN)
    (read,) = read_fasta(tmp_path / "made" / "genome.fa", DNA)
    assert isinstance(read, Sequence)
    assert read.letters == genome.sequence.letters
    assert read_sites(tmp_path / "made" / "starts.bed")[read.id] == list(genome.starts)
    assert read_sites(tmp_path / "made" / "truth.bed")[read.id] == list(genome.planted)
    assert [motif.name for motif in read_meme(tmp_path / "made" / "planted.meme")] == [
        "left",
        "right",
        "down",
    ]
    with pytest.raises(InputError, match="not empty"):
        write_genome(tmp_path / "made", PLAN)


def test_the_seed_alone_decides() -> None:
    assert simulate_genome(PLAN).sequence == simulate_genome(PLAN).sequence
    assert simulate_genome(PLAN).sequence != simulate_genome(replace(PLAN, seed=1)).sequence


def test_no_room_is_refused() -> None:
    with pytest.raises(InputError, match="for 130 start sites: expected at least"):
        replace(PLAN, length=1000)
