"""Heads made by hand are recognised, and those of random weights are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from relevome.data.sequences import DNA, Interval
from relevome.data.sites import Site
from relevome.discovery.attention_heads import characterise
from relevome.discovery.consensus import align
from relevome.discovery.head_attention import look
from relevome.discovery.windows import Windows
from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.annotator.model import AnnotatorForTokenClassification
from relevome.models.base import Model, Source, Target
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.results.attention_heads.heads import AttentionHeads
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName
from tests.discovery.planted import SITE, Looking, made_up_motif, planted_model, planted_windows, target

RNG = np.random.default_rng(0)
DATABASE = [made_up_motif(f"m{i}", RNG, int(RNG.integers(7, 15))) for i in range(40)]
LOOKING = (Looking(DATABASE[3], range(-14, -11)), Looking(DATABASE[7], range(-37, -34)))


@pytest.fixture(scope="module")
def found() -> AttentionHeads:
    rng = np.random.default_rng(1)
    model = planted_model(*LOOKING)
    windows = planted_windows(rng, 300, LOOKING)
    placed = [
        replace(one, interval=Interval("chr", 100 * i, 100 * i + len(one))) for i, one in enumerate(windows)
    ]
    sites = Windows(tuple(placed), target(model), SITE)
    # known sites of one factor are where its motif fits, of another at random
    fits = look(model, sites).weights[:, 0, :SITE]
    known = [
        Site(100 * i + at, 100 * i + at + 12, "planted")
        for i, at in enumerate(fits.argmax(1).tolist())
        if fits[i, at] > 0.5
    ]
    known += [Site(100 * i + 45, 100 * i + 57, "random") for i in rng.permutation(300)[:80].tolist()]
    settings = HeadSettings(shuffles=40, ablated=40, draws=3)
    return characterise(model, sites, motifs=DATABASE, known={"chr": known}, settings=settings)


def test_what_they_look_for_is_what_was_planted(found: AttentionHeads) -> None:
    for head, looking in zip(found.heads, LOOKING, strict=False):
        assert align(head.consensus, looking.motif).r > 0.9


def test_they_look_where_it_was_planted(found: AttentionHeads) -> None:
    for head, looking in zip(found.heads, LOOKING, strict=False):
        assert head.distance in looking.distances
        assert head.profile.gain in looking.distances
        assert head.consensus.offsets[0] in (-1, 0, 1)


def test_they_are_named_and_nothing_else_is(found: AttentionHeads) -> None:
    named = [[match.motif.name for match in head.named(0.05)] for head in found.heads]
    assert named == [["m3"], ["m7"], []]


def test_the_windows_that_speak_most_for_a_head_are_told(found: AttentionHeads) -> None:
    rng, model = np.random.default_rng(1), planted_model(*LOOKING)
    windows = planted_windows(rng, 300, LOOKING)
    sites = Windows(tuple(windows), target(model), SITE)
    weights = look(model, sites).weights[:, 0]
    head = found.heads[0]
    chosen = zip(head.attended.sites.tolist(), head.attended.letters.tolist(), strict=True)
    best = sorted(((float(weights[at]), *at) for at in chosen), key=lambda one: -one[0])[:10]
    assert [one.window for one in head.strongest] == [windows[window].id for _, window, _ in best]
    for said, (_, window, letter) in zip(head.strongest, best, strict=True):
        assert said.distance == letter - SITE
        assert said.weight == pytest.approx(weights[window, letter])
        stretch = windows[window].letters
        offsets = head.consensus.offsets
        there = range(letter + offsets[0], letter + offsets[-1] + 1)
        assert said.letters == "".join(stretch[i] for i in there if 0 <= i < len(stretch))
        assert said.place == str(Interval("chr", 100 * window, 100 * window + len(stretch)))


def test_the_head_that_looks_ten_letters_back_has_no_consensus(found: AttentionHeads) -> None:
    back = found.heads[-1]
    assert (back.profile.peak, back.distance, back.profile.by_distance) == (-10, None, pytest.approx(1))
    assert not back.consensus.core


def test_a_head_sits_on_the_sites_of_its_factor_alone(found: AttentionHeads) -> None:
    assert [[one.factor for one in head.bound(0.05)] for head in found.heads] == [["planted"], [], []]


def test_heads_that_matter_are_told_from_one_that_does_not(found: AttentionHeads) -> None:
    falls = [head.fall.logit for head in found.heads if head.fall]
    assert falls[0] > 1
    assert falls[1] > 1
    assert falls[2] == pytest.approx(0)
    together = found.together
    assert together is not None
    assert together.heads == (HeadName(0, 0), HeadName(0, 1))
    assert len(together.same_layers) == len(together.any_layers) == 3
    assert all(fall.logit <= together.fall.logit + 1e-6 for fall in together.any_layers)


def test_what_a_head_brings_is_seen_where_it_looks_alike_everywhere() -> None:
    """The last head always looks ten letters back, and brings how well a motif fits there."""
    brought = Looking(DATABASE[11], range(-10, -9))
    model = planted_model(*LOOKING, back=brought.motif)
    windows = planted_windows(np.random.default_rng(4), 300, (*LOOKING, brought), share=0.4)
    sites = Windows(tuple(windows), target(model), SITE)
    settings = HeadSettings(shuffles=40, ablated=0)
    looks = characterise(model, sites, motifs=DATABASE, settings=settings).heads[-1]
    brings = characterise(
        model, sites, motifs=DATABASE, settings=replace(settings, weigh="contribution")
    ).heads[-1]
    assert (looks.profile.peak, looks.distance, len(looks.consensus.core)) == (-10, None, 0)
    assert brings.distance == -10
    assert align(brings.consensus, brought.motif).r > 0.9
    assert [match.motif.name for match in brings.named(0.05)] == [brought.motif.name]


def test_the_same_seed_gives_the_same(found: AttentionHeads) -> None:
    model = planted_model(*LOOKING)
    sites = Windows(tuple(planted_windows(np.random.default_rng(2), 60, LOOKING)), target(model), SITE)
    settings = HeadSettings(shuffles=5, ablated=0, seed=3)
    first, second = (characterise(model, sites, motifs=DATABASE, settings=settings) for _ in range(2))
    assert [head.matches[:1] for head in first.heads] == [head.matches[:1] for head in second.heads]


def random_annotator(seed: int) -> Model:
    torch.manual_seed(seed)
    config = AnnotatorConfig(
        num_hidden_layers=2, num_attention_heads=3, head_size=8, hidden_size=16, memory=40, downstream=5
    )
    tokenizer = LetterTokenizer(letter_tokenizer(DNA))
    module = AnnotatorForTokenClassification(config).eval()
    return Model(module, tokenizer, "token", ("no", "yes"), None, Source("random", "letters"))


def test_models_with_random_weights_recognise_nothing() -> None:
    named = []
    for seed in range(3):
        windows = planted_windows(np.random.default_rng(seed), 120, LOOKING)
        sites = Windows(tuple(windows), Target(1, "yes", position=SITE), SITE)
        settings = HeadSettings(shuffles=40, ablated=0, seed=seed)
        heads = characterise(random_annotator(seed), sites, motifs=DATABASE, settings=settings).heads
        named += [match.motif.name for head in heads for match in head.named(0.05)]
    assert named == []


def test_the_state_that_is_read_lies_downstream() -> None:
    model = random_annotator(0)
    sites = Windows(
        tuple(planted_windows(np.random.default_rng(0), 3, LOOKING)), Target(1, "yes", position=SITE), SITE
    )
    weights = look(model, sites).weights
    seen = np.flatnonzero(weights.any((0, 1)))
    assert (seen[0], seen[-1]) == (SITE + 5 - 40, SITE + 5)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
