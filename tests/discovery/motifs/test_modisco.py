"""TF-MoDISco's patterns in the form of ours."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import replace

import numpy as np
import pytest

from benchmarks._planted_relevance import DNA_MOTIFS, PROTEIN_MOTIFS, planted_relevance
from benchmarks.motifs import resemblance
from relevome.data.sequences import DNA, Sequence
from relevome.discovery.motifs.find import find_motifs
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.modisco import modisco_patterns
from relevome.discovery.motifs.patterns import MODISCO
from relevome.discovery.motifs.seqlets import NullMaps
from relevome.errors import InputError

INSTALLED = importlib.util.find_spec("modiscolite") is not None


def every_base(maps: LetterMaps) -> np.ndarray:
    """Relevance of the base that is there, and less than nothing of the others."""
    length = int(maps.bounds[1])
    letters = (maps.codes[:, None] == np.arange(4)).reshape(len(maps), length, 4)
    values = maps.relevance.reshape(len(maps), length, 1)
    return np.where(letters, values, -values / 3).astype(np.float32)


@pytest.mark.skipif(not INSTALLED, reason="needs modisco-lite: pip install 'relevome[modisco]'")
def test_planted_motifs_are_found_by_modisco_too() -> None:
    made = planted_relevance(0, 400, 200, DNA_MOTIFS[:2], each=1)
    maps = LetterMaps.of(made.sequences, made.relevance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the library says of its own code
        found = modisco_patterns(maps, every_base(maps))
    assert found
    for one in found:
        assert (one.method, one.sign) == (MODISCO, 1)
        best = max(DNA_MOTIFS[:2], key=lambda motif: resemblance(one, motif))
        assert resemblance(one, best) > 0.95
        at_site = [
            any(site.name == best.name and abs(site.start - start) <= 2 for site in made.sites[row])
            for row, start in zip(one.sequence, one.start, strict=True)
        ]
        assert np.mean(at_site) > 0.9
        assert one.counts.sum(1).max() == one.seqlets


def test_that_it_found_nothing_is_told_from_what_nulls_have_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted_relevance(0, 40, 60, DNA_MOTIFS[:1], each=1)
    maps = LetterMaps.of(made.sequences, made.relevance)
    null = NullMaps("shuffles", LetterMaps.of(made.shuffles, made.noise))
    usual = replace(find_motifs(maps, [null]).patterns[0], sign=-1)
    monkeypatch.setattr("relevome.discovery.motifs.find.modisco_patterns", lambda *_, **__: [usual])
    positive, negative = find_motifs(maps, [null], every_base=every_base(maps)).reasons
    assert positive.startswith("positive: TF-MoDISco found no pattern; it needs more than 100 seqlets")
    assert negative == (
        "negative: TF-MoDISco has no pattern of its seqlets that is more frequent than in the nulls"
    )


@pytest.mark.skipif(INSTALLED, reason="modisco-lite is installed")
def test_without_the_library_it_says_what_to_install() -> None:
    made = planted_relevance(0, 3, 100, shuffles=0)
    maps = LetterMaps.of(made.sequences, made.relevance)
    with pytest.raises(InputError, match=r"need modisco-lite: pip install 'relevome\[modisco\]', or align"):
        modisco_patterns(maps, every_base(maps))


def test_what_modisco_cannot_read_is_refused() -> None:
    made = planted_relevance(0, 2, 60, PROTEIN_MOTIFS[:1], each=1, shuffles=0)
    with pytest.raises(InputError, match="the sequences are protein: align seqlets"):
        modisco_patterns(LetterMaps.of(made.sequences, made.relevance), np.zeros((2, 60, 4)))
    unlike = [Sequence("a", "ACGT" * 20, DNA), Sequence("b", "ACGT" * 15, DNA)]
    with pytest.raises(InputError, match="these have 60 to 80 letters"):
        modisco_patterns(LetterMaps.of(unlike, [np.ones(80), np.ones(60)]), np.zeros((2, 80, 4)))
    short = LetterMaps.of([Sequence("a", "ACGT" * 10, DNA)], [np.ones(40)])
    with pytest.raises(InputError, match="sequences of 40 letters: TF-MoDISco needs 41"):
        modisco_patterns(short, np.zeros((1, 40, 4)))


@pytest.mark.skipif(not INSTALLED, reason="needs modisco-lite: pip install 'relevome[modisco]'")
def test_scores_of_every_base_are_of_the_right_shape() -> None:
    long = LetterMaps.of([Sequence("a", "ACGT" * 20, DNA)], [np.ones(80)])
    with pytest.raises(InputError, match=r"shape \(1, 80, 3\): expected \(1, 80, 4\)"):
        modisco_patterns(long, np.zeros((1, 80, 3)))
