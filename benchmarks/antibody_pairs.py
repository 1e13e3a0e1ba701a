"""What maps of pairs and attention of two antibody models say of a bridge that is known, and of structures.

Every heavy chain of an antibody has a bridge between two cysteines about 75 residues apart (C23 and C104 in
IMGT's numbers). Asked are therapeutic chains at equal steps through all that are numbered, of Sapiens
(Prihoda et al. 2022) and AntiBERTy (Ruffolo et al. 2021). The weights are had by `relevome data fetch`; the
folder of AntiBERTy may be named by the variable RELEVOME_ANTIBERTY.

- Attention between the cysteines over uniform (1 over the tokens), the mean of both ways, in each head: the
  best of all heads of the mean over chains, beside the best heads of weights in random order, and beside
  residues that are as far apart and no pair (either cysteine and what is five behind the other).
- The rank of the pair in the dependency map: all of it for a few chains of Sapiens; for the others the two
  rows of the cysteines, as the share of residues at least 6 apart that the other cysteine is above.
- Estimates against maps: Spearman over pairs at least 6 apart, both ways round, as they are and after the
  product correction, which takes away what a residue has with every other. For AntiBERTy of some rows alone.
  Beside it what knows no pairs: the product of sums of rows and columns of the map itself.
- Structures: the precision of the L/5 strongest pairs at least 6 apart, for estimates and the best head, over
  the shortest domains of ../shared/data/structures, beside the pairs nearest along the sequence and random
  weights. Of AntiBERTy attention times gradient and heads alone, which are quick.

Target: none; what is found is told in docs/pairs.md. Intervals are over chains or domains.
"""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

import relevome
from benchmarks import Row, data, published
from benchmarks.antibody_chains import antiberty
from relevome.attribution.attention_weights import each_attention
from relevome.data.formats.contacts import read_contacts
from relevome.data.sequences import PROTEIN
from relevome.data.sequences import Sequence as Letters
from relevome.discovery.pairs.contacts import contact_matrix, densities, head_maps, precisions
from relevome.discovery.pairs.dependency import log2_odds
from relevome.discovery.pairs.estimate import attention_estimate, rank_agreement
from relevome.discovery.pairs.jacobian import contact_map, product_corrected
from relevome.discovery.pairs.letter_relevance import relevance_map
from relevome.discovery.pairs.strands import PairMap
from relevome.evaluation.statistics import bootstrap_interval
from relevome.models.base import Batch, Model, Target
from relevome.models.mutants.every_letter import UNCHANGED, substituted_logits
from relevome.models.mutants.replaced import blocks, with_letters
from relevome.models.predictions import logits_or_errors
from relevome.models.untrained import with_shuffled_weights

APART = 6
FURTHER = 5  # residues between a cysteine and the residue that is no partner
SEEDS = range(3)  # of weights in random order, for structures
RANDOM = range(5)  # the same, for attention, of ten chains
ESTIMATES = ("attention-gradient", "attnlrp", "gradient")

Square = Float[np.ndarray, "letters letters"]
Chain = tuple[Letters, int, int]


def measure(quick: bool = False, inputs: int = 40) -> list[Row]:
    """Sapiens, then AntiBERTy; ``inputs`` is the number of chains whose attention is asked for."""
    chains = heavy_chains(3 if quick else inputs)
    few = 1 if quick else 6
    with tempfile.TemporaryDirectory() as made:
        sapiens = relevome.load_model(published("sapiens", "checkpoint_vh.pt"), device="cpu")
        found = [*attended("Sapiens", sapiens, chains), *whole_maps("Sapiens", sapiens, spread(chains, few))]
        found += cysteine_rows("Sapiens", sapiens, chains)
        found += structures("Sapiens", sapiens, 2 if quick else 16)
        other = relevome.load_model(f"{antiberty(Path(made))}:residues", device="cpu")
        found += attended("AntiBERTy", other, chains)
        found += cysteine_rows("AntiBERTy", other, spread(chains, 1 if quick else 12))
        found += some_rows("AntiBERTy", other, spread(chains, 1 if quick else 5))
        return [*found, *structures("AntiBERTy", other, 1 if quick else 8, ESTIMATES[:1])]


def heavy_chains(count: int) -> list[Chain]:
    """Heavy chains with both cysteines, at equal steps, each with the places of these."""
    with data("antibodies", "TheraSAbDab_clean.tsv").open(newline="") as file:
        letters = {row["Therapeutic"]: row for row in csv.DictReader(file, delimiter="\t")}
    with data("antibodies", "TheraSAbDab_regions.tsv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["chain"] == "H"]
    found = []
    for row in rows:
        text = letters[row["Therapeutic"]][row["column"]]
        places = [row["index0_C23"], row["index0_C104"]]
        if all(places) and len(text) <= 140 and set(text) <= set(PROTEIN.letters):
            name = row["Therapeutic"] + (" (second)" if "bispec" in row["column"] else "")
            found.append((Letters(name, text, PROTEIN), int(places[0]), int(places[1])))
    return spread(found, count)


def spread(chains: list[Chain], count: int) -> list[Chain]:
    """So many, at equal steps."""
    return [chains[place] for place in np.linspace(0, len(chains) - 1, count).round().astype(int)]


def attended(name: str, model: Model, chains: Sequence[Chain]) -> Iterator[Row]:
    """Attention between the cysteines over uniform, in the best head."""
    bridge, beside = _over_uniform(model, chains)
    best = np.unravel_index(bridge.mean(0).argmax(), bridge.shape[1:])
    few = spread(list(chains), min(len(chains), 10))
    random = np.array([_over_uniform(with_shuffled_weights(model, seed), few)[0].mean(0) for seed in RANDOM])
    low, high = random.max((1, 2)).min(), random.max()
    beside_it = f"best heads of {len(RANDOM)} random models {low:.2f} to {high:.2f}"
    head = f"layer {best[0]}, head {best[1]}"
    label = f"{name}, {len(chains)} chains: attention between the cysteines over uniform"
    yield Row(f"{label}, {head}", _told(bridge[:, *best]), beside_it)
    yield Row(f"{label}, {head}, residues that are no pair", _told(beside[:, *best]), "1")
    share = float((random >= bridge[:, *best].mean()).mean())
    yield Row(f"{label}, share of random heads that reach this", share)
    yield Row(f"{label}, mean of heads", _told(bridge.mean((1, 2))), f"random weights {random.mean():.2f}")
    top = bridge.reshape(len(bridge), -1).argmax(1)
    same = float((top == np.ravel_multi_index(best, bridge.shape[1:])).mean())
    yield Row(f"{label}, chains whose best head it is", same)


def _over_uniform(
    model: Model, chains: Sequence[Chain]
) -> tuple[Float[np.ndarray, "chains layers heads"], Float[np.ndarray, "chains layers heads"]]:
    """Of the pair, and of pairs that are as far apart and no pair."""
    bridge, beside = [], []
    for letters, i, j in chains:
        tokens = model.tokenize(letters)
        at, size = np.flatnonzero(~tokens.special), len(tokens)
        layers: list[Float[np.ndarray, "heads queries keys"]] = []

        def tell(_: int, weights: Tensor, layers: list[np.ndarray] = layers) -> None:
            layers.append(weights[0].double().cpu().numpy())

        with torch.no_grad():
            each_attention(model, Batch((tokens,), (Target(0, "", 0),)), tell)
        both = np.array(layers)
        both = (both + both.swapaxes(-1, -2)) / 2 * size
        bridge.append(both[..., at[i], at[j]])
        beside.append((both[..., at[i], at[j + FURTHER]] + both[..., at[i + FURTHER], at[j]]) / 2)
    return np.array(bridge), np.array(beside)


def whole_maps(name: str, model: Model, chains: Sequence[Chain]) -> Iterator[Row]:
    """Ranks in whole maps, and how estimates agree with these."""
    ranks: defaultdict[str, list[float]] = defaultdict(list)
    agreed: defaultdict[str, list[float]] = defaultdict(list)
    for letters, i, j in chains:
        dependency, jacobian = dependency_and_jacobian(model, letters)
        beside = estimates(model, letters)
        for kind, values in {"dependency map": dependency, "Jacobian": jacobian, **beside}.items():
            ranks[kind].append(_above(np.fmax(values, values.T), i, j))
        beside["sums of rows and columns"] = np.outer(dependency.sum(1), dependency.sum(0))
        for kind, values in beside.items():
            corrected = product_corrected(values + values.T)
            both = {
                "dependency map": (dependency, values),
                "dependency map, both corrected": (product_corrected(dependency + dependency.T), corrected),
                "Jacobian": (jacobian, values + values.T),
                "Jacobian, both corrected": (jacobian, corrected),
            }
            for what, two in both.items():
                agreed[f"{kind} and {what}"].append(rank_agreement(*two, APART) or 0.0)
    for kind, values in ranks.items():
        yield Row(f"{name}, {len(chains)} chains: share of pairs below the cysteines, {kind}", _told(values))
    for kind, values in agreed.items():
        yield Row(f"{name}, {len(chains)} chains: Spearman of {kind}", _told(values))


def estimates(model: Model, letters: Letters, kinds: Sequence[str] = ESTIMATES) -> dict[str, Square]:
    """Estimates by their names."""
    made: dict[str, Callable[[], PairMap]] = {
        "attention-gradient": lambda: attention_estimate(model, letters),
        "attnlrp": lambda: relevance_map(model, letters, "attnlrp"),
        "gradient": lambda: relevance_map(model, letters, "gradient"),
    }
    return {kind: made[kind]().values for kind in kinds}


def dependency_and_jacobian(model: Model, letters: Letters) -> tuple[Square, Square]:
    """Both from the same passes."""
    size, many, own = len(letters), len(PROTEIN.letters), np.zeros(0)
    dependency = np.zeros((size, size))
    jacobian = np.zeros((size, many, size, many), np.float32)
    for found in substituted_logits(model, [model.tokenize(letters)]):
        if isinstance(found, tuple):
            raise found[1]
        if found.places[0] == UNCHANGED:
            own = found.logits[0]
        kept = found.places != UNCHANGED
        places, logits = found.places[kept], found.logits[kept]
        change = log2_odds(logits, "one of several") - log2_odds(own, "one of several")
        np.maximum.at(dependency, places, np.abs(change).max(-1))
        jacobian[places, found.letters[kept]] = logits - own
    np.fill_diagonal(dependency, 0.0)
    return dependency, contact_map(jacobian, np.ones((size, size), dtype=bool), letters=True)


def rows_of_map(model: Model, letters: Letters, places: Sequence[int]) -> Float[np.ndarray, "rows letters"]:
    """Some rows of the dependency map."""
    wild, ids = model.tokenize(letters), model.tokenizer.letter_ids()
    own, every = letters.letters, range(len(PROTEIN.letters))
    at, to = np.array([(i, k) for i in places for k in every if PROTEIN.letters[k] != own[i]]).T
    read = np.flatnonzero(~wild.special).tolist()
    made = with_letters(model, wild, at[:, None], to[:, None])
    mutants = [(wild, -1), *((one, number) for number, one in enumerate(made))]
    logits = np.zeros((len(mutants), len(letters), len(PROTEIN.letters)))
    for block in blocks(model, mutants):
        tokens, numbers = zip(*block, strict=True)
        batch = Batch(tokens, (Target(0, ""),) * len(tokens))
        for number, one in zip(
            numbers, logits_or_errors(model, batch, lambda all, _: all[:, read][..., ids]), strict=True
        ):
            logits[number + 1] = np.asarray(one)
    change = np.abs(log2_odds(logits[1:], "one of several") - log2_odds(logits[0], "one of several")).max(-1)
    found = np.array([change[at == place].max(0) for place in places])
    found[np.arange(len(places)), list(places)] = 0.0
    return found


def cysteine_rows(name: str, model: Model, chains: Sequence[Chain]) -> Iterator[Row]:
    """Where the other cysteine is in the row of either, and by how much its odds move."""
    shares: defaultdict[str, list[float]] = defaultdict(list)
    for letters, i, j in chains:
        both = rows_of_map(model, letters, (i, j))
        for way, row, own, other in (("the first", both[0], i, j), ("the second", both[1], j, i)):
            far = np.abs(np.arange(len(letters)) - own) >= APART
            far[other] = False
            shares[f"{way} is substituted: residues that move less than the other"].append(
                float((row[far] < row[other]).mean())
            )
            shares[f"{way} is substituted: log2 odds of the other move by"].append(float(row[other]))
    for kind, values in shares.items():
        yield Row(f"{name}, {len(chains)} chains: {kind}", _told(values))


def some_rows(name: str, model: Model, chains: Sequence[Chain], count: int = 6) -> Iterator[Row]:
    """How estimates agree with some rows of the map, drawn at random."""
    agreed: defaultdict[str, list[float]] = defaultdict(list)
    rng = np.random.default_rng(0)
    for letters, _, _ in chains:
        places = sorted(rng.choice(len(letters), count, replace=False).tolist())
        known = np.full((len(letters),) * 2, np.nan)
        known[places] = rows_of_map(model, letters, places)
        beside = estimates(model, letters)
        sums = np.nan_to_num(known)
        beside["sums of rows and columns"] = np.outer(sums.sum(1), sums.sum(0))
        for kind, values in beside.items():
            agreed[kind].append(rank_agreement(known, values, APART) or 0.0)
    for kind, values in agreed.items():
        label = f"{name}, {len(chains)} chains: Spearman of {kind} and {count} rows of the dependency map"
        yield Row(label, _told(values))


def structures(name: str, model: Model, count: int, kinds: Sequence[str] = ESTIMATES) -> Iterator[Row]:
    """The precision of estimates and of the best head, beside random weights and the nearest pairs."""
    touching = read_contacts(data("structures", "contacts_cb8.tsv.gz"))
    with data("structures", "domains.tsv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["pdb_chain"] in touching]
    domains = [
        Letters(row["pdb_chain"], row["sequence"], PROTEIN)
        for row in islice(sorted(rows, key=lambda row: len(row["sequence"])), count)
    ]
    known = [contact_matrix(one, touching[one.id]) for one in domains]
    own = _precise(model, domains, known, kinds)
    random = [_precise(with_shuffled_weights(model, seed), domains, known, kinds) for seed in SEEDS]
    chance = np.mean([densities(one)[0] for one in known])
    best = max((kind for kind in own if "." in kind), key=lambda kind: np.mean(own[kind]))
    for kind in (*kinds, best):
        alike = [kind] if kind in kinds else [head for head in own if "." in head]
        means = [np.mean(one[other]) for one in random for other in alike]
        what = f"head {kind}, the best of {len(alike)}" if kind == best else kind
        beside = f"random weights {np.mean(means):.3f}, best {np.max(means):.3f}; chance {chance:.3f}"
        label = f"{name}, {count} domains: L/5 of the pairs touch, {what}"
        yield Row(label, _told(own[kind]), beside)
    yield Row(f"{name}, {count} domains: L/5 of the pairs touch, the nearest", _told(own["nearest"]))


def _precise(
    model: Model, domains: Sequence[Letters], known: Sequence[np.ndarray], kinds: Sequence[str]
) -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one, touching in zip(domains, known, strict=True):
        places = np.arange(len(one))
        maps = estimates(model, one, kinds) | {
            str(head): values for head, values in head_maps(model, one).items()
        }
        maps["nearest"] = -np.abs(places[:, None] - places).astype(float)
        for kind, values in maps.items():
            found[kind].append(float(precisions(values, touching)[0, 2]))
    return found


def _above(values: Square, i: int, j: int) -> float:
    """The share of pairs so far apart that a pair is above."""
    every = values[np.triu_indices(len(values), APART)]
    return float((every < values[i, j]).mean())


def _told(values: Sequence[float] | Float[np.ndarray, " some"]) -> str:
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return "{:.3f} [{:.3f}, {:.3f}]".format(*bootstrap_interval(np.asarray(values), 0))
