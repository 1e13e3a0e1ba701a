"""What a prediction loses without a head, in models of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.discovery.ablation import Ablation, random_sets, rank
from relevome.discovery.windows import Windows
from relevome.models.base import Model
from relevome.models.hugging_face import load_model
from relevome.results.attention_heads.heads import Fall
from relevome.results.attention_heads.settings import HeadReplacement
from relevome.results.head_name import HeadName
from tests.discovery.planted import SITE, Looking, made_up_motif, planted_model, planted_windows, target
from tests.toys import TOYS

HEAD = HeadName(1, 2)


def logits(model: Model, windows: Windows) -> np.ndarray:
    scores = np.zeros(len(windows))
    with torch.no_grad():
        for rows, batch in windows.batches(model):
            scores[rows] = model.scores(model.inputs(batch), batch)
    return scores


@pytest.mark.parametrize("name", ["protbert", "bpe", "roberta"])
@pytest.mark.parametrize("by", ["zero", "mean"])
def test_a_head_is_replaced_before_the_output_projection(
    name: str, by: HeadReplacement, tmp_path: Path
) -> None:
    toy = TOYS[name]
    model = load_model(toy.save(tmp_path / "model"), dtype="float64")
    sites, controls = (
        Windows(tuple(toy.sequences(*[21] * 6, seed=seed)), toy.target(model), 3) for seed in (0, 1)
    )
    base: Any = model.module.base_model
    attention = base.encoder.layer[HEAD.layer].attention
    seen: list[Tensor] = []

    def keep(_module: nn.Module, args: tuple[Tensor]) -> None:
        seen.append(args[0])

    handle = attention.output.dense.register_forward_pre_hook(keep)
    for windows in (sites, controls):
        for _, batch in windows.batches(model):
            seen_before = len(seen)
            with torch.no_grad():
                model.scores(model.inputs(batch), batch)
            own = [len(tokens) for tokens in batch.tokens]
            seen[seen_before:] = [row[:n] for row, n in zip(seen[seen_before], own, strict=True)]
    handle.remove()
    constant = torch.cat(seen).mean(0)[8:] if by == "mean" else torch.zeros(4)

    def replace(_module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        context = args[0].clone()
        context[..., 8:] = constant.to(context.dtype)
        return (context,)

    ablation = Ablation.of(model, sites, controls, by)
    np.testing.assert_allclose(ablation.without(()).sites, logits(model, sites), atol=1e-9)
    handle = attention.output.dense.register_forward_pre_hook(replace)
    expected = logits(model, sites), logits(model, controls)
    handle.remove()
    found = ablation.without({HEAD})
    np.testing.assert_allclose(found.sites, expected[0], atol=1e-9)
    np.testing.assert_allclose(found.controls, expected[1], atol=1e-9)


def test_the_fall_is_that_of_a_head_made_by_hand() -> None:
    rng = np.random.default_rng(0)
    looking = Looking(made_up_motif("m", rng, 9), range(-20, -17))
    model = planted_model(looking)
    sites = Windows(tuple(planted_windows(rng, 40, [looking], share=1.0)), target(model), SITE)
    controls = sites.shuffled(rng)
    ablation = Ablation.of(model, sites, controls, "zero")
    whole = ablation.without(())
    fall = whole.fall(ablation.without({HeadName(0, 0)}))
    # the sum of all heads is the logit, and the other gives nothing
    assert fall.logit == pytest.approx(whole.sites.mean(), rel=1e-5)
    assert whole.precision > 0.9
    assert fall.precision == pytest.approx(whole.precision - 0.5)
    assert whole.fall(ablation.without({HeadName(0, 1)})) == Fall(0.0, 0.0)


def test_random_sets_have_as_many_heads_of_each_layer() -> None:
    every = [HeadName(layer, head) for layer in range(3) for head in range(4)]
    heads = {HeadName(0, 1), HeadName(0, 3), HeadName(2, 0)}
    rng = np.random.default_rng(0)
    for drawn in random_sets(heads, every, 5, rng, same_layers=True):
        assert sorted(name.layer for name in drawn) == [0, 0, 2]
    sets = random_sets(heads, every, 30, rng, same_layers=False)
    assert {len(drawn) for drawn in sets} == {3}
    assert {name for drawn in sets for name in drawn} == set(every)


def test_the_rank_is_the_share_that_falls_as_far() -> None:
    assert rank(2.0, [1.0, 3.0, 2.0]) == 3 / 4
    assert rank(2.0, []) == 1
