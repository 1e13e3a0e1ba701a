"""Whether explanations of AntiBERTy find the residues that tell chains and species of antibodies apart.

AntiBERTy (Ruffolo et al. 2021) is had by `relevome data fetch antiberty`; the folder is named by the variable
RELEVOME_ANTIBERTY, or it is fetched for the benchmark.

Chains: the logit of the own kind (heavy or light) less that of the other, of about 200 therapeutic chains,
every sixth of the heavy and of the light ones. Known are the framework residues that tell: those at least ten
times as frequent at their place among human germline V genes of the own kind as among those of the other
(IMGT numbering, half a residue added to every count). Asked are 56 places without gaps: 11 to 26, 39 to 55
and 84 to 106, found by the residues C23, W41 and C104. First whether the head is right at all.

Species: the logit of mouse less that of human, of the mouse chains of antibodies that were humanised. Known
are the framework residues that humanisation changes (to the most probable one by Sapiens, Prihoda et al.
2022), among all of the framework. Intervals are over antibodies.

Target: above chance, and above the nulls: the method's own mean of other chains at a place (chains of one
kind lie one upon the other), of a residue, of a residue at its place, and the method with weights in random
order. Integrated gradients (16 steps) and weights in random order are of the first 20 chains.
"""

from __future__ import annotations

import csv
import gzip
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

import relevome
from benchmarks import Row, Unavailable, data
from benchmarks._aligned import Aligned, Measure, aurocs, by_group, rows, share_on, told
from relevome.data.sequences import PROTEIN
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.untrained import with_shuffled_weights

# Stretches of IMGT places without gaps, each with the residue by which it is found: (anchor, first, last).
STRETCHES = ((23, 11, 26), (41, 39, 55), (104, 84, 106))
EVERY = 6
FEW = 20  # chains for integrated gradients, and for weights in random order
LIGHT, HEAVY = "Light", "Heavy"
METHODS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("gradient-x-input", "gradient-x-input", {}),
    ("attnlrp", "attnlrp", {}),
    ("attnlrp, block", "attnlrp", {"site": "block"}),
    ("attnlrp, block, mean residue", "attnlrp", {"site": "block", "reference": "mean"}),
    ("integrated-gradients", "integrated-gradients", {"steps": 16}),
)


@dataclass(frozen=True)
class Chain:
    """A chain, its group, and the residues that are asked of it: indices, and which of them are known."""

    group: str
    letters: str
    asked: tuple[int, ...]
    known: tuple[bool, ...]


def measure(quick: bool = False) -> list[Row]:
    """The head for chains, then the one for species."""
    with tempfile.TemporaryDirectory() as made:
        folder = antiberty(Path(made))
        found = []
        every = [*chains(quick)]
        for kind, own in ((HEAVY, True), (LIGHT, False)):
            asked = [chain for chain, heavy in every if heavy == own]
            found += explained(f"{folder}:chain", kind, LIGHT if own else HEAVY, asked, f"{kind} chains")
        changed = [*humanised(quick)]
        found += explained(f"{folder}:species", "Mouse", "Human", changed, "mouse chains")
    return found


def antiberty(made: Path) -> Path:
    """The published weights. Raises Unavailable where they are not to be had."""
    named = os.environ.get("RELEVOME_ANTIBERTY")
    if named:
        return Path(named)
    try:
        relevome.fetch("antiberty", made / "antiberty")
    except InputError as error:
        raise Unavailable(str(error)) from error
    return made / "antiberty"


def germline(kind: str) -> Float[np.ndarray, "places residues"]:
    """How often each residue is at each IMGT place from 1 to 106 in human germline V genes, about."""
    path = data("antibodies", f"imgt_human_v_genes_{kind}.csv")
    counts = np.full((107, len(PROTEIN.letters)), 0.5)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for place in range(1, 107):
                if row[str(place)] in PROTEIN.letters:
                    counts[place, PROTEIN.letters.index(row[str(place)])] += 1
    return counts / counts.sum(1, keepdims=True)


def chains(quick: bool) -> Iterator[tuple[Chain, bool]]:
    """Chains of therapeutics whose three anchors are there, and whether each is heavy."""
    ratio = np.log(germline("H") / germline("KL"))
    with data("antibodies", "TheraSAbDab_clean.tsv").open(newline="") as file:
        letters = {row["Therapeutic"]: row for row in csv.DictReader(file, delimiter="\t")}
    with data("antibodies", "TheraSAbDab_regions.tsv").open(newline="") as file:
        regions = [row for row in csv.DictReader(file, delimiter="\t") if "bispec" not in row["column"]]
    for heavy in (True, False):
        whole = [row for row in regions if (row["chain"] == "H") == heavy and _anchored(row)]
        for row in whole[:: EVERY * (10 if quick else 1)]:
            text = letters[row["Therapeutic"]][row["column"]]
            places = [place for _, first, last in STRETCHES for place in range(first, last + 1)]
            asked = [
                int(row[_COLUMNS[anchor]]) + place - anchor
                for anchor, first, last in STRETCHES
                for place in range(first, last + 1)
            ]
            if asked[0] < 0 or asked[-1] >= len(text) or set(text) - set(PROTEIN.letters):
                continue
            sign = 1 if heavy else -1
            known = [
                sign * ratio[place, PROTEIN.letters.index(text[index])] >= np.log(10)
                for place, index in zip(places, asked, strict=True)
            ]
            yield Chain(row["Therapeutic"], text, tuple(asked), tuple(map(bool, known))), heavy


_COLUMNS = {23: "index0_C23", 41: "index0_W41", 104: "index0_C104"}


def _anchored(row: dict[str, str]) -> bool:
    return all(row[name] for name in _COLUMNS.values())


def humanised(quick: bool) -> Iterator[Chain]:
    """Mouse chains, their framework, and which residues of it humanisation changed."""
    found: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    with gzip.open(data("antibodies", "sapiens1_probabilities.tsv.gz"), "rt") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found[row["antibody"], row["chain"]].append(row)
    for (antibody, _), residues in list(found.items())[: 4 if quick else None]:
        framework = [i for i, one in enumerate(residues) if one["kabat_region"].startswith("FR")]
        changed = [_best(residues[i]) != residues[i]["parental"] for i in framework]
        yield Chain(antibody, "".join(one["parental"] for one in residues), tuple(framework), tuple(changed))


def _best(row: dict[str, str]) -> str:
    """The residue that Sapiens puts there: its most probable one."""
    return max(PROTEIN.letters, key=lambda letter: float(row[letter]))


def explained(path: str, target: str, contrast: str, asked: Sequence[Chain], name: str) -> Iterator[Row]:
    """How far the known residues stand out, by every method."""
    model = relevome.load_model(path, device="cpu")
    untrained = with_shuffled_weights(model, seed=0)
    logits = [
        one.logits[model.labels.index(target)] - one.logits[model.labels.index(contrast)]
        for one in model.predict({f"{i}": chain.letters for i, chain in enumerate(asked)})
    ]
    right = float(np.mean(np.array(logits) > 0))
    yield Row(f"{name}, called {target} rather than {contrast}", f"{right:.3f} of {len(asked)}")
    every, few = asked, asked[:FEW]
    for method, kind, options in METHODS:
        asked = few if "steps" in options else every
        given = around(model, asked, kind, target, contrast, options)
        without = around(untrained, few, kind, target, contrast, options)
        label = f"{name}, {method}"
        if len({len(chain.asked) for chain in asked}) == 1:
            known = np.array([chain.known for chain in asked])
            other = aligned(few, without)
            yield from rows(label, aligned(asked, given), other, _measures(known))
        else:
            yield from unaligned(label, asked, given, without)


def around(
    model: Model, asked: Sequence[Chain], method: str, target: str, contrast: str, options: dict[str, Any]
) -> list[Float[np.ndarray, " asked"]]:
    """Relevance of the residues that are asked, of every chain."""
    given = {str(i): chain.letters for i, chain in enumerate(asked)}
    run = relevome.explain(model, given, method, target, contrast=contrast, **options)
    return [row.relevance[list(chain.asked)].astype(float) for row, chain in zip(run, asked, strict=True)]


def aligned(asked: Sequence[Chain], relevance: Sequence[np.ndarray]) -> Aligned:
    """Chains of one kind, place by place."""
    letters = tuple("".join(chain.letters[i] for i in chain.asked) for chain in asked)
    return Aligned(np.array(relevance), letters, tuple(chain.group for chain in asked), 0, PROTEIN.letters)


def _measures(known: Bool[np.ndarray, "chains places"]) -> dict[str, tuple[Measure, str]]:
    """Of the first chains, where there are fewer."""

    def of(one: Aligned) -> Bool[np.ndarray, "chains places"]:
        return known[: len(one.relevance)]

    return {
        "telling residues, AUROC": (lambda one: aurocs(one, of(one), np.ones_like(of(one))), "0.5"),
        "telling residues, share of absolute relevance": (
            lambda one: share_on(one, of(one)), f"{known.mean():.3f}",
        ),
    }  # fmt: skip


def unaligned(
    name: str, asked: Sequence[Chain], given: Sequence[np.ndarray], without: Sequence[np.ndarray]
) -> Iterator[Row]:
    """Chains of several kinds, whose places are not the same: beside the mean of a residue in others."""
    groups = [chain.group for chain in asked]
    parts = {"found": given, "letter": _by_residue(asked, given), "weights in random order": without}
    for what, signed in (("AUROC", True), ("AUROC of absolute relevance", False)):
        told_of = {}
        for part, values in parts.items():
            each = np.array(
                [
                    _auroc(one if signed else np.abs(one), np.array(chain.known))
                    for one, chain in zip(values, asked, strict=False)  # of the first alone
                ]
            )
            told_of[part] = told(by_group(each, groups[: len(each)]))
        beside = "; ".join(f"{part} {value}" for part, value in told_of.items() if part != "found")
        yield Row(f"{name}: changed residues, {what}", told_of["found"], f"above 0.5; {beside}")


def _auroc(values: np.ndarray, known: np.ndarray) -> float:
    one = Aligned(values[None], ("A" * len(values),), ("",), 0)
    return float(aurocs(one, known[None], np.ones((1, len(values)), dtype=bool))[0])


def _by_residue(asked: Sequence[Chain], given: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The mean relevance of every residue in chains of other antibodies, each over its mean size."""
    totals: dict[tuple[str, str], list[float]] = defaultdict(list)
    for chain, values in zip(asked, given, strict=True):
        for index, value in zip(chain.asked, values / (np.abs(values).mean() or 1), strict=True):
            totals[chain.letters[index], chain.group].append(float(value))
    found = []
    for chain in asked:
        mean = {
            letter: np.mean([v for (one, group), vs in totals.items() for v in vs
                             if one == letter and group != chain.group] or [0.0])
            for letter in {chain.letters[i] for i in chain.asked}
        }  # fmt: skip
        found.append(np.array([mean[chain.letters[i]] for i in chain.asked]))
    return found
