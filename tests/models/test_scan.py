"""A matrix scan as a model, against every placement tried by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

import relevome
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.data.simulation.grammar import Unit
from relevome.errors import InputError
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.scan import ScanConfig, ScanForTokenClassification, save_scan, scan_for

BACKGROUND = np.array([0.3, 0.2, 0.15, 0.35])
GAP = {2: 0.5, 4: 0.3, 5: 0.2}
SPACERS = ({0: 0.25, 1: 0.75}, {3: 0.4, 4: 0.6})


def unit(widths: tuple[int, ...] = (3, 5, 2)) -> Unit:
    rng = np.random.default_rng(1)
    motifs = (Motif(f"m{w}", f"m{w}", rng.dirichlet([1.0] * 4, size=w), DNA) for w in widths)
    return Unit(tuple(motifs), SPACERS[: len(widths) - 1])


def by_hand(one: Unit, letters: str, site: int) -> float:
    """The best of all placements before a site; a letter off the start is an unknown one."""
    best = -np.inf
    for distances in product(*one.spacers, GAP):
        total, end = 0.0, site
        ends = (*one.spacers, GAP)
        for motif, chances, apart in reversed(list(zip(one.motifs, ends, distances, strict=True))):
            total += np.log(chances[apart])
            end -= apart
            for row, place in zip(motif.probabilities[::-1], range(end - 1, -99, -1), strict=False):
                odds = np.log(row / BACKGROUND)
                known = place >= 0 and letters[place] != "N"
                total += odds["ACGT".index(letters[place])] if known else odds.mean()
            end -= len(motif)
        best = max(best, total)
    return best


@pytest.mark.parametrize("widths", [(4,), (3, 5), (3, 5, 2)])
def test_it_is_the_best_of_all_placements(widths: tuple[int, ...]) -> None:
    letters = "".join(np.random.default_rng(2).choice(list("ACGT"), 41))
    letters = letters[:20] + "N" + letters[21:]
    module = scan_for(unit(widths), GAP, BACKGROUND).double()
    ids = torch.tensor(letter_tokenizer(DNA)([letters, letters[:17]], padding=True)["input_ids"])
    mask = (torch.arange(41) < torch.tensor([[41], [17]])).long()
    with torch.no_grad():
        found = module(ids, attention_mask=mask).logits.numpy()
    expected = [by_hand(unit(widths), letters, site) for site in range(41)]
    assert module.config.reach == sum(widths) + sum(max(s) for s in (*SPACERS[: len(widths) - 1], GAP))
    np.testing.assert_allclose(found[0, :, 1], expected, atol=1e-5)
    np.testing.assert_allclose(found[1, :17, 1], expected[:17], atol=1e-5)
    assert not found[..., 0].any()


def test_a_scan_that_was_saved_is_a_model_like_any_other(tmp_path: Path) -> None:
    save_scan(scan_for(unit(), GAP, BACKGROUND), tmp_path / "scan")
    model = relevome.load_model(tmp_path / "scan", device="cpu")
    assert isinstance(model.module, ScanForTokenClassification)
    assert (model.task, model.labels) == ("token", ("none", "site"))
    run = relevome.explain(model, ["ACGTTGCATTGACCATGA"], "mutagenesis", target="site", position=16)
    assert run[0].score == pytest.approx(by_hand(unit(), "ACGTTGCATTGACCATGA", 16), abs=1e-5)
    assert np.abs(run[0].relevance).max() > 0.1


def test_letters_that_never_occur_are_refused() -> None:
    never = Motif("m", "m", np.array([[0.5, 0.5, 0.0, 0.0]]), DNA)
    with pytest.raises(InputError, match="'m' has letters of probability 0: expected pseudocounts"):
        scan_for(Unit((never,)), GAP, BACKGROUND)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"widths": [3, 4], "spacers": []}, "with 0 spacers: expected one motif or more, and a spacer less"),
        ({"gap": [5, 4]}, r"with \[5, 4\] letters behind a motif: expected fewest and most"),
        ({"alphabet": "none"}, "unknown alphabet 'none'"),
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScanConfig(**wrong)
