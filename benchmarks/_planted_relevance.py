"""Simulated relevance: letters of planted motifs have it by their log odds, and all have noise.

Sequences are those of `relevome.data.simulation`; half of the nucleic acids are turned. Sites differ in
strength, and noise of neighbours is correlated. Shuffles of the sequences have the same noise and no more.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import motif_grammar
from relevome.data.simulation.sequences import Simulated, SimulationPlan, simulate
from relevome.data.sites import Site

NOISE, SMOOTH, STRENGTHS = 0.6, 0.3, 0.3


def _motif(name: str, letters: str, kept: float, alphabet: Alphabet) -> Motif:
    """One that keeps to its letters with this probability; at a dot all letters are as likely."""
    size = len(alphabet.letters)
    others = (1 - kept) / (size - 1)
    rows = [
        [1 / size if letter == "." else kept if one == letter else others for one in alphabet.letters]
        for letter in letters
    ]
    return Motif(name, name, np.array(rows), alphabet)


# Consensus letters of binding sites, two of them the same on both strands, one in halves; the last lowers the
# prediction. How often letters keep to them is ours.
DNA_MOTIFS = tuple(
    _motif(name, letters, kept, DNA)
    for name, letters, kept in (
        ("DnaA", "TTATCCACA", 0.92),
        ("PhoB", "CTGTCATAAAT", 0.85),
        ("LexA", "CTGTATATATATACAG", 0.85),
        ("GATA", "AGATAAGAG", 0.88),
        ("CEBP", "ATTGCGCAAT", 0.85),
        ("CRP", "TGTGA......TCACA", 0.92),
    )
)
# Motifs of PROSITE and ELM in which every place has one letter.
PROTEIN_MOTIFS = tuple(
    _motif(name, letters, kept, PROTEIN)
    for name, letters, kept in (
        ("P-loop", "GESGSGKST", 0.85),
        ("NLS", "PKKKRKV", 0.9),
        ("LxxLL", "KLLQLLT", 0.85),
    )
)
LOWERS = "CRP"


@dataclass(frozen=True)
class PlantedRelevance:
    """Sequences, the relevance of their letters, the sites behind it, and shuffles with noise alone."""

    sequences: tuple[Sequence, ...]
    relevance: tuple[Float[np.ndarray, " letters"], ...]
    sites: tuple[tuple[Site, ...], ...]
    shuffles: tuple[Sequence, ...]
    noise: tuple[Float[np.ndarray, " letters"], ...]


def planted_relevance(
    seed: int,
    count: int,
    length: int,
    motifs: Many[Motif] = DNA_MOTIFS,
    each: int = 2,
    shuffles: int = 2,
    only_noise: bool = False,
) -> PlantedRelevance:
    """``count`` sequences of ``length`` letters with ``each`` of the motifs, and some shuffles of each."""
    alphabet = motifs[0].alphabet
    plan = SimulationPlan(motif_grammar(motifs, each), length, Background.independent(alphabet), seed)
    rng = np.random.default_rng([seed, 7])
    known = {motif.name: motif for motif in motifs}
    simulated = [_turned(one, rng) for one in simulate(plan, count, count * shuffles)]
    sequences = [one for one in simulated if one.label]
    others = [one.sequence for one in simulated if not one.label]
    relevance = [_noise(length, rng) for _ in sequences]
    if not only_noise:
        relevance = [
            values + _of_sites(one, known, rng) for one, values in zip(sequences, relevance, strict=True)
        ]
    return PlantedRelevance(
        tuple(one.sequence for one in sequences),
        tuple(relevance),
        tuple(() if only_noise else one.sites for one in sequences),
        tuple(others),
        tuple(_noise(length, rng) for _ in others),
    )


def _turned(one: Simulated, rng: np.random.Generator) -> Simulated:
    """The other strand of half of all nucleic acids."""
    if one.sequence.alphabet.complements is None or rng.random() < 0.5:
        return one
    length = len(one.sequence)
    sites = [
        replace(site, start=length - site.end, end=length - site.start, strand="-") for site in one.sites
    ]
    return replace(one, sequence=one.sequence.reverse_complement(), sites=tuple(sites))


def _noise(length: int, rng: np.random.Generator) -> Float[np.ndarray, " letters"]:
    """Normal, of which neighbours share some."""
    drawn = rng.normal(size=length + 1)
    return NOISE * (drawn[1:] + SMOOTH * drawn[:-1]) / np.hypot(1, SMOOTH)


def _of_sites(
    one: Simulated, motifs: dict[str, Motif], rng: np.random.Generator
) -> Float[np.ndarray, " letters"]:
    values = np.zeros(len(one.sequence))
    alphabet = one.sequence.alphabet
    for site in one.sites:
        motif = motifs[site.name]
        rows = motif.turned if site.strand == "-" else motif.probabilities
        codes = [alphabet.letters.index(letter) for letter in one.sequence.letters[site.start : site.end]]
        odds = np.log2(rows[np.arange(len(codes)), codes] * len(alphabet.letters))
        strength = float(np.exp(STRENGTHS * rng.normal())) * (-1 if site.name == LOWERS else 1)
        values[site.start : site.end] += strength * odds / np.log2(len(alphabet.letters)) * 2
    return values
