"""The pieces of the benchmark; the whole of it takes minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import relevome
from benchmarks import _splicing, splice_sites
from benchmarks._aligned import Aligned
from benchmarks._splicing import Region, Site, chosen, fits, read_regions, read_sites, read_strands, there
from benchmarks.splice_sites import METHODS, alike, around, of_one_site, top_k, tract
from relevome.models.published import spliceai
from tests import keras_files


def test_sites_are_where_their_letters_are(shared: Path) -> None:
    strands = read_strands()
    sites = read_sites(strands)
    assert len(set(sites)) == len(sites) > 1000
    for site in sites:
        text = strands[site.record, site.strand]
        beside = text[site.index + 1 :][:2] if site.kind == "donor" else text[site.index - 2 : site.index]
        assert beside in ({"GT", "GC"} if site.kind == "donor" else {"AG"})
    regions = read_regions(strands)
    assert len({region.gene for region in regions}) == len(regions)
    for region in regions:
        for kind in ("donor", "acceptor"):
            assert there(region, sites, kind).any()


def test_sites_are_drawn_half_of_what_is_new_and_from_all_genes() -> None:
    new = [Site("donor", "NG_007485.1", "+", index, "new") for index in range(9)]
    others = [Site("donor", "x", "+", index, gene) for gene in "abc" for index in range(20)]
    found = chosen(new + others, 12)
    assert [site.unseen for site in found] == [True, False] * 6
    assert sorted(site.gene for site in found if not site.unseen) == ["a", "a", "b", "b", "c", "c"]


def test_letters_of_a_region_are_told_by_kind_and_strand() -> None:
    sites = [
        Site("donor", "x", "+", 7, "a"),
        Site("donor", "x", "-", 6, "a"),
        Site("acceptor", "x", "+", 5, "a"),
    ]
    assert there(Region("x", "+", 5, 9, "a", 1), sites, "donor").tolist() == [False, False, True, False]


def test_top_k_is_the_share_of_the_highest_that_are_right() -> None:
    truth = np.array([True, False, True, False, True])
    assert top_k(truth, np.array([0.9, 0.8, 0.7, 0.1, 0.2])) == pytest.approx(2 / 3)


def test_the_tract_is_its_pyrimidines_beside_all_letters_before_the_site() -> None:
    text = ["A"] * 101
    relevance = np.zeros((1, 101))
    text[50 - 20], text[50 - 5], text[50 - 4] = "CTC"
    relevance[0, [50 - 20, 50 - 21, 50 - 4]] = 1, 2, 9  # a pyrimidine of the tract, an A before, beyond
    found = tract(Aligned(relevance, ("".join(text),), ("x",), 50))
    # of 44 others the first has more than 43, and the second as much as 43
    assert found == pytest.approx((43 + 43 / 2) / (2 * 44))


def test_two_explanations_are_compared_at_the_sites_that_both_have() -> None:
    one = Aligned(np.array([[1.0, 2, 3], [1, 2, 4], [5, 1, 0]]), ("AAA",) * 3, tuple("abc"), 0)
    other = Aligned(np.array([[-2.0, -4, -6], [2, 4, 8]]), ("AAA",) * 2, tuple("ab"), 0)
    assert alike(one, other) == "-1.000 to 1.000 (2 sites)"


def test_one_site_is_explained_as_the_whole_model_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = keras_files.CROPPED
    for module in (spliceai, splice_sites, _splicing):
        monkeypatch.setattr(module, "CONTEXT", context)
    monkeypatch.setattr(splice_sites, "HALF", 2)
    for number in (1, 3):
        keras_files.save(tmp_path / f"spliceai{number}.h5", seed=number)
    whole = relevome.load_model(tmp_path)
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 2 * context + 8))
    strands = {("x", "+"): text}
    sites = [Site("donor", "x", "+", index, "a") for index in range(len(text))]
    inside = [site for site in sites if fits(site, strands)]
    assert [site.index for site in inside] == list(range(context, context + 8))
    one = of_one_site(whole, slice(2))
    (every,) = whole.predict([text])
    (alone,) = one.predict([text[3 : 2 * context + 4]])
    np.testing.assert_allclose(alone.logits, every.logits[context + 3], atol=1e-5)
    found = around(one, strands, inside[3:4], METHODS[0])
    run = relevome.explain(
        whole, [text], "gradient-x-input", "donor", contrast="neither", position=context + 3
    )
    window = slice(context + 1, context + 6)
    np.testing.assert_allclose(found.relevance[0], run[0].relevance[window], atol=1e-6)
    assert found.letters == (text[window],)
