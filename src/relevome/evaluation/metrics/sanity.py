"""Sanity: does the explanation go when what the model has learnt goes?

Weights are randomised layer by layer, from the output down (cascading randomisation, Adebayo et al. 2018). An
explanation that stays as it was shows the input, or the architecture, but not what the model has learnt.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import nn

from relevome.attribution import Method
from relevome.attribution.batches import ONCE, explain_own_targets
from relevome.attribution.readings import Readings
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.questions import Answer, AskedRows, Reply
from relevome.evaluation.statistics import correlation
from relevome.models.base import Batch, Model, Target
from relevome.models.untrained import shuffle_values
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.words import counted

ADEBAYO = "Adebayo et al. 2018, NeurIPS 31:9505-9515, section 3.1"

# Spearman of |relevance|, mean over sequences, that an explanation of random weights may keep at most.
BOUND = 0.5


@dataclass(frozen=True, eq=False)
class Randomisation:
    """How alike explanations stay while layers are randomised: ``similarity`` after each of ``layers``.

    The first layer is the one at the output; at the end all weights are random. ``pairs`` has the
    relevance of every sequence before, and then.
    """

    layers: tuple[str, ...]
    similarity: Float[np.ndarray, "layers sequences"]
    bound: float = BOUND
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    @property
    def remaining(self) -> float:
        """Mean similarity when all weights are random."""
        return float(self.similarity[-1].mean())

    @property
    def passes(self) -> bool:
        """Whether the explanation went with the weights."""
        return self.remaining <= self.bound

    @property
    def verdict(self) -> str:
        """The same in words."""
        found = (
            f"with all {counted(len(self.layers), 'layer')} at random, Spearman of |relevance| with the "
            f"original is {self.remaining:.2f} (mean of {counted(self.similarity.shape[1], 'sequence')}), "
            f"and at most {self.bound:.2f} is expected"
        )
        if self.passes:
            return f"passes weight randomisation: {found}"
        return f"fails weight randomisation: {found}; it hardly shows what the model has learnt"

    @property
    def check(self) -> Check:
        """The same as a check of the evaluation."""
        return Check("weight randomisation", "pass" if self.passes else "fail", self.verdict)

    @property
    def means(self) -> dict[str, float]:
        """Mean similarity after each layer, by its name."""
        return {name: float(mean) for name, mean in zip(self.layers, self.similarity.mean(1), strict=True)}


def remaining_similarity(
    relevance: Float[np.ndarray, " letters"], randomised: Float[np.ndarray, " letters"]
) -> float:
    """Spearman correlation of |relevance| with that of a model of random weights, the lower the better.

    0 where one of both tells no letter from another, and 1 where neither does.
    """
    ranks = stats.rankdata(np.abs(relevance)), stats.rankdata(np.abs(randomised))
    return 1.0 if np.array_equal(*ranks) else correlation(*ranks)


@dataclass(frozen=True)
class RandomisationQuestion:
    """How sequences are explained with random weights."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """Letters, whatever was asked for."""
        return ("letters",)

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """The relevance of every row and that with all weights at random, and the check that comes of it."""
        made = rows.explainer
        found = weight_randomisation(
            made.model, made.method, rows.sequences(), rows.targets(), lift=made.lift, readings=made.readings,
            seed=rows.settings.seed,
        )  # fmt: skip
        return Reply([Answer(pair) for pair in found.pairs], layers=found.means, checks=[found.check])


metrics.register("weight-randomisation")(
    Metric(
        "weight-randomisation",
        "sanity",
        False,
        remaining_similarity,
        ADEBAYO,
        chance="0",
        question=RandomisationQuestion(),
    )
)


def weight_randomisation(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    *,
    lift: str = "split",
    readings: Readings = ONCE,
    seed: int = 0,
    bound: float = BOUND,
) -> Randomisation:
    """Explain again after every layer that is randomised, in a copy; the model is left as it was.

    A weight's own values are put in random order, so that their scale stays and all that was learnt goes.
    Raises ``InputError`` where a sequence cannot be explained, or nothing in the model is a weight.
    """
    original = _explained(model, method, sequences, targets, lift, readings)
    copied = copy.copy(model)
    copied.module = copy.deepcopy(model.module)
    layers = layers_from_the_top(copied, sequences[0], targets[0])
    similarity, pairs = [], []
    for _ in _randomised(layers, seed):
        now = _explained(copied, method, sequences, targets, lift, readings)
        pairs = [*zip(original, now, strict=True)]
        similarity.append([remaining_similarity(*pair) for pair in pairs])
    return Randomisation(tuple(layers), np.array(similarity), bound, tuple(pairs))


def layers_from_the_top(model: Model, sequence: Sequence, target: Target) -> dict[str, list[nn.Parameter]]:
    """The weights of every layer, by name: the layer that runs last comes first.

    A layer is an entry of a list of modules, or else what the first two parts of its name say. Weights that
    two layers share belong to the upper one.
    """
    names: list[str] = []
    named = model.module.named_modules()
    holders = {module: name for name, module in named if list(module.parameters(recurse=False))}
    hooks = [
        module.register_forward_hook(lambda module, *_: names.append(holders[module])) for module in holders
    ]
    try:
        _run(model, sequence, target)
    finally:
        for hook in hooks:
            hook.remove()
    modules = dict(model.module.named_modules())
    # Weights that no forward pass of their own module uses are randomised with the lowest layer.
    unseen = [name for name in holders.values() if name not in names]
    layers: dict[str, list[nn.Parameter]] = {}
    seen: set[nn.Parameter] = set()
    for name in [*dict.fromkeys(reversed(names)), *unseen]:
        new = [p for p in modules[name].parameters(recurse=False) if p not in seen]
        seen.update(new)
        if new:
            layers.setdefault(_layer(name), []).extend(new)
    if not layers:
        raise InputError("the model has no weights that could be randomised")
    return layers


def _run(model: Model, sequence: Sequence, target: Target) -> None:
    batch = Batch((model.tokenize(sequence),), (target,))
    with model.frozen(), torch.inference_mode():
        model.scores(model.inputs(batch), batch)


def _layer(name: str) -> str:
    """``bert.encoder.layer.3`` of all that is in it; ``bert.embeddings`` of what is in no list."""
    parts = name.split(".")
    numbers = [i for i, part in enumerate(parts) if part.isdigit()]
    return ".".join(parts[: numbers[0] + 1 if numbers else 2]) or "model"


def _randomised(layers: dict[str, list[nn.Parameter]], seed: int) -> Iterator[str]:
    """The name of every layer, right after its weights were put in random order."""
    rng = np.random.default_rng(seed)
    for name, parameters in layers.items():
        shuffle_values(parameters, rng)
        yield name


def _explained(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    lift: str,
    readings: Readings,
) -> list[Float[np.ndarray, " letters"]]:
    """Relevance of every letter. Raises InputError for a sequence that is refused."""
    found = []
    for one in explain_own_targets(model, method, sequences, targets, lift=lift, readings=readings):
        if isinstance(one, InputError):
            raise one
        found.append(one.track.values)
    return found
