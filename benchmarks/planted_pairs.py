"""Whether maps of pairs give back the pairs of a stem, by a small masked model that was trained on stems.

Sequences of 30 letters, random but for seven pairs of letters that complement each other, three letters from
either end: what such a letter is, only its partner tells. A BERT of two layers and 32 channels is trained on
fresh ones, 15% of the letters masked; then 20 more are asked. Found is the AUROC of the seven pairs among
all, mean over sequences, by maps, by every estimate, and by the same model with its weights in random order;
and how estimates agree with maps over pairs at least 6 apart, beside what knows no pairs: the product of sums
of rows and columns of the map.

Target: 0.95 by both maps, and about 0.5 by random weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from transformers import BertConfig, BertForMaskedLM

from benchmarks import Row
from relevome.data.sequences import DNA, Sequence
from relevome.discovery.pairs.dependency import dependency_maps
from relevome.discovery.pairs.estimate import attention_estimate, rank_agreement
from relevome.discovery.pairs.jacobian import jacobian_maps, product_corrected
from relevome.discovery.pairs.letter_relevance import relevance_map
from relevome.discovery.pairs.strands import PairMap
from relevome.errors import InputError
from relevome.evaluation.statistics import auroc, bootstrap_interval
from relevome.models.base import Model
from relevome.models.hugging_face import load_model, quiet
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.untrained import with_shuffled_weights

LENGTH, FIRST, PAIRS = 30, 3, 7
APART = 6
STEM = [(FIRST + k, LENGTH - 1 - FIRST - k) for k in range(PAIRS)]
STEPS, BATCH, ASKED, HIDDEN = 1500, 64, 20, 0.15


def measure(quick: bool = False) -> list[Row]:
    """Train, and ask."""
    with tempfile.TemporaryDirectory() as made:
        model = trained(Path(made), 60 if quick else STEPS)
        sequences = stems(np.random.default_rng(1), 3 if quick else ASKED)
        random = with_shuffled_weights(model, 0)
        return [
            *_of(model, sequences, "", "0.95"),
            *_of(random, sequences, ", weights in random order", "0.5"),
        ]


def stems(rng: np.random.Generator, count: int) -> list[Sequence]:
    """Random sequences whose stem pairs."""
    letters = rng.integers(0, 4, (count, LENGTH))
    for i, j in STEM:
        letters[:, j] = 3 - letters[:, i]  # A with T, C with G
    return [Sequence(f"s{n}", "".join("ACGT"[x] for x in row), DNA) for n, row in enumerate(letters)]


def trained(folder: Path, steps: int) -> Model:
    """A small masked model that has seen stems, each once."""
    torch.manual_seed(0)
    tokenizer = letter_tokenizer(DNA, specials=True)
    words = tokenizer.get_vocab()
    network = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=64, max_position_embeddings=LENGTH + 2, pad_token_id=words["[PAD]"],
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            initializer_range=0.1,  # weights that are as small as usual learn nothing for thousands of steps
        )
    )  # fmt: skip
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        ids = torch.tensor([tokenizer(one.letters)["input_ids"] for one in stems(rng, BATCH)])
        hidden = torch.rand(ids.shape) < HIDDEN
        hidden[:, [0, -1]] = False
        loss = network(
            input_ids=ids.masked_fill(hidden, words["[MASK]"]), labels=ids.masked_fill(~hidden, -100)
        ).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with quiet():
        network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_model(folder, device="cpu")


def _of(model: Model, sequences: list[Sequence], words: str, target: str) -> Iterator[Row]:
    maps = {
        "dependency": _maps(dependency_maps(model, sequences)),
        "jacobian": _maps(jacobian_maps(model, sequences)),
        "estimate from one pass": [attention_estimate(model, one).values for one in sequences],
        "estimate by attnlrp": [relevance_map(model, one, "attnlrp").values for one in sequences],
        "estimate by gradient": [relevance_map(model, one, "gradient").values for one in sequences],
    }
    for name, found in maps.items():
        area = bootstrap_interval([_auroc(one) for one in found], 0, bounds=(0.0, 1.0))
        said = "{:.3f} [{:.3f}, {:.3f}]".format(*area)
        yield Row(f"AUROC of the pairs, {name}{words}", said, "" if "estimate" in name else target)
    maps["sums of rows and columns"] = [np.outer(one.sum(1), one.sum(0)) for one in maps["dependency"]]
    for name in [name for name in maps if name not in ("dependency", "jacobian")]:
        corrected = [product_corrected(one + one.T) for one in maps[name]]  # as a Jacobian is
        for what, given in (("dependency", maps[name]), ("jacobian", corrected)):
            pairs = zip(maps[what], given, strict=True)
            agreement = bootstrap_interval([rank_agreement(*pair, APART) or 0.0 for pair in pairs], 0)
            said = "{:.3f} [{:.3f}, {:.3f}]".format(*agreement)
            yield Row(f"Spearman of {name} and {what}{words}", said)


def _maps(found: Iterable[tuple[int, PairMap | InputError]]) -> list[Float[np.ndarray, "letters letters"]]:
    return [one.values for _, one in sorted(found) if isinstance(one, PairMap)]


def _auroc(values: Float[np.ndarray, "letters letters"]) -> float:
    pairs = list(combinations(range(LENGTH), 2))
    strength = np.array([max(values[i, j], values[j, i]) for i, j in pairs])
    return float(auroc(strength, np.array([pair in STEM for pair in pairs])))
