"""Faithfulness: a model whose curves are known, plain loops over the toys, and Quantus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.faithfulness import (
    RATIONALES,
    SHARES,
    Removal,
    area,
    comprehensiveness,
    faithfulness_curves,
    normalised_area,
    sufficiency,
)
from relevome.evaluation.perturbation import replacement, sequence_rng
from relevome.evaluation.scoring import Scorer
from relevome.models.base import Batch, Model, Target
from relevome.results.evaluation.curves import FaithfulnessCurves
from tests.evaluation.additive import TARGET, MeanOfLetters, additive_model, proteins, truth, worth
from tests.toys import TOYS

ToyModel = Callable[[str], Model]

METRICS = {
    "area-between-curves": area,
    "normalised-area-between-curves": normalised_area,
    "comprehensiveness": comprehensiveness,
    "sufficiency": sufficiency,
}


def curves_of(
    model: Model, sequence: Sequence, target: Target, relevance: np.ndarray, **options: Any
) -> FaithfulnessCurves:
    (found,) = faithfulness_curves(model, [sequence], [target], [relevance], Removal(**options))
    assert isinstance(found, FaithfulnessCurves)
    return found


def floats(values: list[Any]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def straight(
    morf: list[float], lerf: list[float], random: list[list[float]] | None = None
) -> FaithfulnessCurves:
    shares = np.linspace(0, 1, len(morf))
    return FaithfulnessCurves(shares, floats(morf), floats(lerf), floats(random or [morf, lerf]))


@pytest.mark.parametrize("filler", ["X", "A"])
@pytest.mark.parametrize("length", [20, 100, 137])
def test_curves_of_an_additive_model_are_sums(length: int, filler: str) -> None:
    model = additive_model()
    (sequence,) = proteins(length)
    relevance = truth(model, sequence, filler)
    found = curves_of(model, sequence, TARGET, relevance, by="unknown" if filler == "X" else filler)
    empty = float(worth(model, filler)[0])
    counts = [int(share * length + 0.5) for share in SHARES]
    falling = np.sort(relevance)[::-1]
    np.testing.assert_allclose(found.morf, [empty + falling[n:].sum() for n in counts], atol=1e-12)
    np.testing.assert_allclose(found.lerf, [empty + falling[::-1][n:].sum() for n in counts], atol=1e-12)
    assert found.random.shape == (10, len(SHARES))
    np.testing.assert_allclose(found.random[:, 0], worth(model, sequence.letters).mean(), atol=1e-12)
    np.testing.assert_allclose(found.random[:, -1], empty, atol=1e-12)
    assert (found.share_changed, found.changed) == (0, 0)


def test_metrics_of_an_additive_model_are_sums() -> None:
    model = additive_model()
    (sequence,) = proteins(100)
    relevance = truth(model, sequence)
    found = curves_of(model, sequence, TARGET, relevance)
    top = np.cumsum(np.sort(relevance)[::-1])
    places = [1, 5, 10, 20, 50]
    assert comprehensiveness(found) == pytest.approx(np.mean([top[k - 1] for k in places]), abs=1e-12)
    rest = [top[-1] - top[k - 1] for k in places]
    assert sufficiency(found) == pytest.approx(np.mean(rest), abs=1e-12)


def test_no_order_has_a_larger_area_than_the_true_one() -> None:
    """Perfect truth > noisy truth > random > inverted, by every metric."""
    model, draw = additive_model(), np.random.default_rng(2)
    sequences = proteins(*[60] * 12)
    exact = [truth(model, sequence) for sequence in sequences]
    noisy = [x + draw.normal(0, x.std(), len(x)) for x in exact]
    random = [draw.permutation(x) for x in exact]
    inverted = [-x for x in exact]
    means: dict[str, list[float]] = {name: [] for name in METRICS}
    for relevance in (exact, noisy, random, inverted):
        found = faithfulness_curves(model, sequences, [TARGET] * 12, relevance)
        for name, metric in METRICS.items():
            means[name].append(
                float(np.mean([metric(c) for c in found if isinstance(c, FaithfulnessCurves)]))
            )
    for name, ordered in means.items():
        direction = 1 if metrics[name].higher_is_better else -1
        assert ordered == sorted(ordered, key=lambda x: -direction * x), name
        assert len(set(ordered)) == 4


def test_random_orders_come_with_their_reverse() -> None:
    model = additive_model()
    (sequence,) = proteins(40)
    found = curves_of(model, sequence, TARGET, truth(model, sequence), random_pairs=3)
    orders = found.of_random_orders()
    assert len(orders) == 6
    ends = found.morf[0] + found.morf[-1]
    for order in orders:
        # What the first letters take away, the last ones of the reverse leave.
        np.testing.assert_allclose(order.morf + order.lerf[::-1], ends, atol=1e-12)
    assert np.mean([area(order) for order in orders]) == pytest.approx(0, abs=1e-12)
    assert np.std([area(order) for order in orders]) > 0


@pytest.mark.parametrize("by", ["unknown", "A", "random", "shuffle"])
@pytest.mark.parametrize("level", ["letters", "tokens"])
@pytest.mark.parametrize(
    "name", ["esm", "protbert-residues", "protbert-masked", "prott5", "nucleotide-transformer", "dnabert",
             "bpe", "dnabert2", "roberta", "cnn"],
)  # fmt: skip
def test_curves_are_those_of_plain_loops(toy_model: ToyModel, name: str, level: str, by: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    sequences, target = toy.sequences(17, 23), toy.target(model)
    shares = (0.0, 0.1, 0.35, 0.8, 1.0)
    draw = np.random.default_rng(4)
    sizes = [len(s) if level == "letters" else len(model.tokenize(s)) for s in sequences]
    relevance = [draw.normal(size=size) for size in sizes]
    removal = Removal(by, level, shares, draws=2, random_pairs=1, seed=9)  # pyright: ignore[reportArgumentType]
    found = faithfulness_curves(model, sequences, [target] * 2, relevance, removal)
    for sequence, values, curves in zip(sequences, relevance, found, strict=True):
        assert isinstance(curves, FaithfulnessCurves)
        expected = plain_loop(model, sequence, target, values, level, by, shares)
        np.testing.assert_allclose(curves.morf, expected[0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(curves.lerf, expected[1], rtol=0, atol=1e-6)


def plain_loop(
    model: Model, sequence: Sequence, target: Target, values: np.ndarray, level: str, by: str,
    shares: tuple[float, ...],
) -> np.ndarray:  # fmt: skip
    """The curves, one string and one forward pass at a time."""
    tokens = model.tokenize(sequence)
    spans = [(i, i + 1) for i in range(len(sequence))]
    if level == "tokens":
        spans = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))
    units = [i for i in range(len(spans)) if spans[i][0] < spans[i][1]]
    fill, rng = replacement(by, model.alphabet).fill, sequence_rng(9, sequence)
    assert fill is not None
    fillers = [fill(sequence, rng) for _ in range(2 if by in ("random", "shuffle") else 1)]
    result = []
    for sign in (-1, 1):
        order = sorted(units, key=lambda i: sign * values[i])
        result.append([[] for _ in shares])
        for filler in fillers:
            for number, share in enumerate(shares):
                letters = list(sequence.letters)
                for unit in order[: int(share * len(units) + 0.5)]:
                    for place in range(*spans[unit]):
                        letters[place] = filler[place]
                changed = model.tokenize(Sequence("m", "".join(letters), model.alphabet))
                batch = Batch((changed,), (target,))
                with model.frozen(), torch.inference_mode():
                    result[-1][number].append(model.scores(model.inputs(batch), batch).item())
    return np.array(result).mean(-1)


def test_equal_relevance_leaves_the_order_to_the_seed() -> None:
    model = additive_model()
    (sequence,) = proteins(50)
    flat = np.zeros(50)
    found = [curves_of(model, sequence, TARGET, flat, seed=seed, random_pairs=1) for seed in range(20)]
    assert len({area(curves) for curves in found}) == 20
    areas = [area(curves) for curves in found]
    assert abs(np.mean(areas)) < 3 * np.std(areas) / np.sqrt(20)
    again = curves_of(model, sequence, TARGET, flat, seed=3, random_pairs=1)
    np.testing.assert_array_equal(again.morf, found[3].morf)


def test_explanations_of_a_sequence_meet_the_same_random_orders_computed_once() -> None:
    model = additive_model()
    (sequence,) = proteins(50)
    scorer = Scorer(model)
    relevance = np.random.default_rng(1).normal(size=50)
    removal = Removal("random", random_pairs=2)
    (first,) = faithfulness_curves(model, [sequence], [TARGET], [relevance], removal, scorer)
    computed = scorer.computed
    (second,) = faithfulness_curves(model, [sequence], [TARGET], [-relevance], removal, scorer)
    assert isinstance(first, FaithfulnessCurves)
    assert isinstance(second, FaithfulnessCurves)
    np.testing.assert_array_equal(first.random, second.random)
    np.testing.assert_array_equal(first.morf, second.lerf)
    assert scorer.computed == computed


def test_only_inputs_that_differ_go_through_the_model_and_like_lengths_go_together() -> None:
    model = additive_model(rows=4)
    sequences = proteins(50, 48, 30, 30)
    relevance = [truth(model, sequence) for sequence in sequences]
    seen: list[tuple[int, ...]] = []

    def see(_module: object, _args: object, inputs: dict[str, torch.Tensor]) -> None:
        pairs = zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
        seen.extend(tuple(ids[mask == 1].tolist()) for ids, mask in pairs)

    model.module.register_forward_pre_hook(see, with_kwargs=True)
    removal = Removal(shares=(0.0, 0.3, 0.7, 1.0), random_pairs=1)
    faithfulness_curves(model, sequences, [TARGET] * 4, relevance, removal)
    # Of each sequence itself and 2 steps on 4 paths; of each length that which has lost all.
    assert len(seen) == len(set(seen)) == 4 * (1 + 2 * 4) + 3
    assert isinstance(model.module, MeanOfLetters)
    like = [(4, 50)] * 3 + [(4, 48)] * 2
    assert model.module.shapes == [*like, *[(4, 30)] * 4, (3, 30)]


def test_what_is_removed_does_not_depend_on_the_sequences_beside() -> None:
    model = additive_model()
    sequences = proteins(30, 41, 52)
    relevance = [truth(model, sequence) for sequence in sequences]
    removal = Removal("shuffle")
    together = faithfulness_curves(model, sequences, [TARGET] * 3, relevance, removal)
    (alone,) = faithfulness_curves(model, sequences[1:2], [TARGET], relevance[1:2], removal)
    assert isinstance(alone, FaithfulnessCurves)
    assert isinstance(together[1], FaithfulnessCurves)
    np.testing.assert_allclose(together[1].random, alone.random, rtol=0, atol=1e-12)


def test_a_sequence_that_cannot_be_asked_gives_its_error_and_the_others_their_curves() -> None:
    model = additive_model()
    sequences = proteins(30, 41, 52)
    relevance = [truth(model, sequence) for sequence in sequences]
    expected = faithfulness_curves(model, sequences, [TARGET] * 3, relevance)
    relevance[1] = relevance[1][:-1]
    found = faithfulness_curves(model, sequences, [TARGET] * 3, relevance)
    assert "expected one value for each of its 41 letters" in str(found[1])
    for place in (0, 2):
        one, other = found[place], expected[place]
        assert isinstance(one, FaithfulnessCurves)
        assert isinstance(other, FaithfulnessCurves)
        np.testing.assert_array_equal(one.morf, other.morf)


def test_tokens_that_changed_elsewhere_are_counted_over_all_changed_sequences(toy_model: ToyModel) -> None:
    model = toy_model("bpe")
    (sequence,) = TOYS["bpe"].sequences(30)
    found = curves_of(model, sequence, TOYS["bpe"].target(model), np.arange(30.0))
    assert 0 < found.share_changed < 1
    tokens = len(model.tokenize(sequence)) - 2
    # 12 paths; at 1% of 30 letters none is taken away.
    assert 12 * 5 < found.others < 12 * 21 * tokens


def test_masked_curves_at_the_level_of_tokens(toy_model: ToyModel) -> None:
    model, toy = toy_model("bpe"), TOYS["bpe"]
    (sequence,) = toy.sequences(30)
    tokens = model.tokenize(sequence)
    relevance = np.arange(len(tokens), dtype=float)
    found = curves_of(model, sequence, toy.target(model), relevance, by="mask", level="tokens")
    ids = tokens.ids.copy()
    ids[1:-1] = model.tokenizer.mask_id
    with model.frozen(), torch.inference_mode():
        logits = model.module(torch.from_numpy(ids)[None]).logits
    assert found.morf[-1] == pytest.approx(logits[0, 0].item(), abs=1e-12)
    ids[1:-1][: (len(tokens) - 2) // 2] = tokens.ids[1:-1][: (len(tokens) - 2) // 2]
    with model.frozen(), torch.inference_mode():
        logits = model.module(torch.from_numpy(ids)[None]).logits
    assert found.morf[SHARES.index(0.5)] == pytest.approx(logits[0, 0].item(), abs=1e-12)


def test_metrics_by_hand() -> None:
    curves = straight([4, 1, 0], [4, 3, 0], [[4, 2, 0], [4, 2.5, -1]])
    # Trapezoids: (4 + 2 + 0) / 2 * 0.5 = 1.75 between 4, 3, 0, which is 2.5, and 4, 1, 0, which is 1.5.
    assert area(curves) == pytest.approx(1.0)
    assert normalised_area(curves) == pytest.approx(1.0 / 5)
    # MoRF at 1, 5, 10, 20 and 50%: 3.94, 3.7, 3.4, 2.8, 1; LeRF at 99 ... 50%: 0.06, 0.3, 0.6, 1.2, 3.
    assert comprehensiveness(curves) == pytest.approx(4 - (3.94 + 3.7 + 3.4 + 2.8 + 1) / 5)
    assert sufficiency(curves) == pytest.approx(4 - (0.06 + 0.3 + 0.6 + 1.2 + 3) / 5)


def test_a_model_that_does_not_look_has_no_area() -> None:
    assert normalised_area(straight([2, 2, 2], [2, 2, 2])) == 0


def test_the_shares_of_rationales_are_among_those_taken_away() -> None:
    assert set(RATIONALES) <= set(SHARES)
    assert {round(1 - share, 2) for share in RATIONALES} <= set(SHARES)


@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.compute, metric.kind, metric.needs) == (METRICS[name], "faithfulness", ())
    assert metric.higher_is_better == (name != "sufficiency")


@pytest.mark.parametrize("shares", [(0.1, 1.0), (0.0, 0.9), (0.0, 0.5, 0.5, 1.0), (0.0,), ()])
def test_shares_that_do_not_rise_from_nothing_to_everything(shares: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="expected rising numbers from 0 to 1"):
        Removal(shares=shares)


@pytest.mark.parametrize("options", [{"draws": 0}, {"random_pairs": 0}])
def test_no_draws(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected one or more"):
        Removal(**options)  # pyright: ignore[reportArgumentType]


def test_a_sequence_of_one_letter() -> None:
    model = additive_model()
    (sequence,) = proteins(1)
    found = curves_of(model, sequence, TARGET, truth(model, sequence))
    assert area(found) == 0
    assert comprehensiveness(found) == pytest.approx((found.morf[0] - found.morf[-1]) / 5)


def test_pixel_flipping_of_quantus(toy_model: ToyModel) -> None:
    """Quantus takes floats of one length: ids go through it as such."""
    try:
        from quantus import PixelFlipping
    except ImportError:
        pytest.skip("needs Quantus 0.6, which is not installed here")
    model = toy_model("cnn")
    sequences = TOYS["cnn"].sequences(20, 20, 20)
    draw = np.random.default_rng(1)
    relevance = [draw.normal(size=20) for _ in sequences]
    ids = np.stack([model.tokenize(sequence).ids for sequence in sequences]).astype(float)

    class Logits(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return model.module(x[:, 0].long()).logits

    unknown: Any = model.tokenizer.letter_id(DNA.unknown)
    flipping: Any = PixelFlipping(
        features_in_step=4, perturb_baseline=unknown, disable_warnings=True,
        display_progressbar=False, abs=False, normalise=False,
    )  # fmt: skip
    with model.frozen(), torch.inference_mode():
        expected = flipping(
            model=Logits().eval(), x_batch=ids[:, None], y_batch=np.ones(3, dtype=int), softmax=False,
            a_batch=np.stack(relevance)[:, None], channel_first=True, device="cpu",
        )  # fmt: skip
    shares = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    targets = [Target(1, "last")] * 3
    found = faithfulness_curves(model, sequences, targets, relevance, Removal(shares=shares))
    for curves, theirs in zip(found, expected, strict=True):
        assert isinstance(curves, FaithfulnessCurves)
        np.testing.assert_allclose(curves.morf[1:], theirs, rtol=0, atol=1e-5)
