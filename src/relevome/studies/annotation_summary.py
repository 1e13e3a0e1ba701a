"""What study B shows: how good every model is, what heads recognise, and what random weights would.

Models are compared, and names of heads claimed, over all trainings; `annotation_names` has the rule for
names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from relevome.report.attention_heads import without_named
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, markdown
from relevome.results.annotation.folder import read_annotation
from relevome.results.folder import whole_file
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.words import if_below
from relevome.results.tables import write_tsv
from relevome.studies.annotation_names import (
    BOXES,
    NAME_FIELDS,
    STRICT,
    Characterised,
    CharacterisedNetworks,
    Recognised,
    heads_table,
    is_decoy,
    names_table,
    networks_table,
    rule,
    span,
)

# What counts of a letter for a head: each in a folder of its own.
WEIGHED = ("attention", "contribution")
_NOT_CALLED = "its heads are not said to look for anything, and what tables have of them is not of sites"
_NONE_CALLED = "heads of no training are said to look for anything, and its own in tables are not of sites"
_ONE = (
    "one training: what is said holds of these networks, and is not known to hold of others trained like them"
)
_MEASURES = {"average_precision": "average precision", "roc_auc": "ROC AUC"}
_PAGE, _MODELS, _FOUND, _NAMES = "study.md", "models.tsv", "found.tsv", "names.tsv"
_MODEL_FIELDS = ("model", "training", "positions", "sites", "base_rate", "roc_auc", "average_precision")
_FOUND_FIELDS = ("weigh", "network", "head", "kind", "name", "q", "distance", "from", "to")
# How a name is said, by what it was given for.
_SAID = {"consensus": "a consensus of heads is", "sites": "heads sit on known sites of"}
_BY = {"consensus": "by a consensus", "sites": "by known sites"}


@dataclass(frozen=True)
class AnnotatedRegion:
    """One kind of model over the test region, as `relevome annotate` measured each of its trainings.

    ``numbers`` are those of trainings; None stands for a model that is not trained from a seed.
    """

    name: str
    numbers: tuple[int | None, ...]
    measured: tuple[Mapping[str, Any], ...]

    def values(self, measure: str) -> list[float]:
        """Of every training."""
        return [float(one[measure]) for one in self.measured]

    def mean(self, measure: str) -> float:
        """Over trainings."""
        values = self.values(measure)
        return sum(values) / len(values)

    def range(self, measure: str) -> str:
        """From the worst training to the best."""
        values = self.values(measure)
        ends = dict.fromkeys(f"{end:.4f}" for end in (min(values), max(values)))
        return " to ".join(ends)

    def always_above(self, other: AnnotatedRegion, measure: str) -> bool:
        """Whether the worst training is better than the best one of another kind."""
        return min(self.values(measure)) > max(other.values(measure))


def conclude(
    folder: Path, models: Mapping[str, Sequence[str]], random: int, caution: str | None = None
) -> list[str]:
    """``study.md``, ``models.tsv``, ``found.tsv`` and ``names.tsv`` in a study's folder; gives words.

    ``models`` annotated the test region, the annotator first: folders of all trainings by the name of each.
    ``random`` networks have random weights. A ``caution`` stands before all else. Where a training of the
    annotator is below the quality that is asked, no head is said to look for anything.
    """
    regions = [
        AnnotatedRegion(
            name,
            tuple(int(one.rpartition("/")[2]) if "/" in one else None for one in trainings),
            tuple(_measured(folder / "annotation" / one) for one in trainings),
        )
        for name, trainings in models.items()
    ]
    own, trainings = regions[0], next(iter(models.values()))
    below = list(_below(own))
    asked = [
        CharacterisedNetworks(
            tuple(Characterised(folder, weigh, name) for name in trainings),
            tuple(Characterised(folder, weigh, f"random-{i}") for i in range(random)),
            bool(below),
        )
        for weigh in WEIGHED
    ]
    said = [*([] if caution is None else [caution]), *([_ONE] if len(trainings) == 1 else []), *below]
    said += _on_models(*regions)
    if not below:
        said += [line for networks in asked for line in _on_heads(networks)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(regions, asked, said), encoding="utf-8")
    write_tsv(folder / _MODELS, _MODEL_FIELDS, (row for one in regions for row in _model_rows(one)))
    found = (one for networks in asked for network in networks.networks for one in network.found)
    write_tsv(folder / _FOUND, _FOUND_FIELDS, map(astuple, found))
    write_tsv(folder / _NAMES, NAME_FIELDS, (one.row for networks in asked for one in networks.names))
    pictures = f"heads/{WEIGHED[0]}/{trainings[0]}/logos.png"
    return [*said, f"{folder / _PAGE}: all tables; {pictures}: what heads look for"]


def _measured(folder: Path) -> dict[str, Any]:
    return dict((read_annotation(folder).truth or {})["all"])


def quality_of_sites(measured: Mapping[str, Any]) -> ModelQuality:
    """How good a model is over the positions of a test region, as `relevome annotate` measured it."""
    sites, positions = int(measured["sites"]), int(measured["positions"])
    scores = {"auroc": measured["roc_auc"], "average_precision": measured["average_precision"]}
    return ModelQuality(
        task="token", table="test", metrics={name: x for name, x in scores.items() if x is not None},
        chance={"average_precision": measured["base_rate"]}, examples=positions, counted="positions",
        positives=(positions - sites, sites),
    )  # fmt: skip


def _below(own: AnnotatedRegion) -> Iterator[str]:
    """What to heed of every training that is not good enough."""
    for number, one in enumerate(own.measured):
        alone = len(own.measured) == 1
        name = f"the {own.name}" if alone else f"training {number} of the {own.name}"
        line = if_below(quality_of_sites(one), _NOT_CALLED if alone else _NONE_CALLED, name)
        if line is not None:
            yield line


def _on_models(own: AnnotatedRegion, *rivals: AnnotatedRegion) -> Iterator[str]:
    over, count = own.measured[0], len(own.measured)
    scores = ", ".join(f"{words} {_mean(own, measure)}" for measure, words in _MEASURES.items())
    yield (
        f"{own.name}: {scores}{f', means of {count} trainings' * (count > 1)}, over {over['positions']:,} "
        f"positions, of which {over['sites']:,} are sites (base rate {over['base_rate']:.5f})"
    )
    for rival in rivals:
        yield from (_beside(own, rival, measure) for measure in _MEASURES)


def _mean(one: AnnotatedRegion, measure: str) -> str:
    mean, ends = f"{one.mean(measure):.4f}", one.range(measure)
    return mean if ends == mean else f"{mean} ({ends})"


def _beside(own: AnnotatedRegion, rival: AnnotatedRegion, measure: str) -> str:
    """Which of two is better in every training; and by how much, for what has no fixed scale."""
    words = _MEASURES[measure]
    for first, second in ((own, rival), (rival, own)):
        if first.always_above(second, measure):
            line = f"{first.name} beats {second.name} by {words}"
            line += " in every training" if max(len(one.measured) for one in (own, rival)) > 1 else ""
            times = f"; {first.mean(measure) / second.mean(measure):.2f} times that of {second.name}"
            rest = times if measure == "average_precision" else ""
            return f"{line} ({first.range(measure)}, {second.range(measure)}{rest})"
    return (
        f"neither {own.name} nor {rival.name} is claimed to be better by {words}: their trainings overlap "
        f"({own.range(measure)}, {rival.range(measure)})"
    )


def _on_heads(networks: CharacterisedNetworks) -> Iterator[str]:
    by = f"by {networks.weigh}"
    counts = [span([one.with_consensus for one in some]) for some in (networks.trained, networks.random)]
    total = len(networks.trained[0].heads)
    yield (
        f"{by}: {counts[0]} of {total} heads of a training have a consensus, {counts[1]} of a network with "
        "random weights"
    )
    claims = [one for one in networks.names if one.claimed]
    yield from (f"{by}, claimed: {_claim(one)}" for one in claims)
    if not claims:
        yield f"{by}: no name is claimed"
    for kind in networks.kinds:
        rest = [one for one in networks.names if one.kind == kind and not one.claimed and _worth_saying(one)]
        names = ", ".join(f"{_strictly(one.name)} ({one.counts})" for one in rest)
        yield f"{by}, named {_BY[kind]} and not claimed: {names or 'none'}"
        with_any = [len(one.names(kind)) for one in networks.random]
        yield (
            f"{by}, networks with random weights named {_BY[kind]}: names in {sum(map(bool, with_any))} of "
            f"{len(with_any)}, {sum(with_any)} in all"
        )
    yield from _on_decoys(networks)
    yield from _on_ablation(networks)


def _worth_saying(one: Recognised) -> bool:
    """Not what only random networks have, nor decoys, of which there is a line of their own."""
    return not is_decoy(one.name) and (one.trainings > 0 or one.name in BOXES)


def _strictly(name: str) -> str:
    return f"{name} at q < {STRICT:g}" if name in BOXES else name


def _claim(one: Recognised) -> str:
    heads = f"heads: {_listing(list(map(str, one.heads)))}"
    if len(one.heads) > 1:
        heads += f" in trainings {_listing(list(map(str, range(len(one.heads)))))}"
    where = f"; {span(one.distances)} letters from the site" if one.distances else ""
    return (
        f"{_SAID[one.kind]} {'the ' * (one.name in BOXES)}{_strictly(one.name)} ({heads}{where}; "
        f"{one.networks} of {len(one.random)} random networks; nulls passed: {', '.join(one.passed)})"
    )


def _on_decoys(networks: CharacterisedNetworks) -> Iterator[str]:
    """How many shuffled matrices have a name's place, where there are any."""
    decoys = set[str]().union(*(one.decoys for one in networks.networks))
    if not decoys:
        return
    named = [one for one in networks.names if is_decoy(one.name)]
    any_ = [one for one in named if one.trainings]
    held = [one for one in any_ if one.holds]
    which = f" ({', '.join(f'{one.name} {one.counts}' for one in any_)})" * bool(any_)
    yield (
        f"by {networks.weigh}, decoys: {len(any_)} of {len(decoys)} shuffled matrices named in any "
        f"training{which}; {len(held)} of them would be claimed if it were none"
    )


def _on_ablation(networks: CharacterisedNetworks) -> Iterator[str]:
    """What every training loses without its named heads; and whether all lose more than by random ones."""
    together = [one.together for one in networks.trained]
    if not any(head.fall for one in networks.trained for head in one.heads):
        return
    for number, one in enumerate(together):
        which = f"training {number}: "
        yield which + ("no head has a name to be left out" if one is None else without_named(one))
    more = [
        one is not None and all(one.fall.logit > other.logit for other in (*one.same_layers, *one.any_layers))
        for one in together
    ]
    words = "heads with any name are worth more than each of the random sets"
    claimed = f"in every training {words}" if all(more) else f"not claimed: {words}"
    yield f"{claimed} (in {sum(more)} of {len(more)} trainings)"


def _listing(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + [words[-1]])


def _page(
    regions: Sequence[AnnotatedRegion], asked: Sequence[CharacterisedNetworks], said: Sequence[str]
) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(regions))]
    parts += ["## Which names are claimed\n", listed(rule(asked[0].trained, asked[0].random))]
    for one in asked:
        parts += [f"## Heads by {one.weigh}\n", markdown(names_table(one)), markdown(heads_table(one))]
        parts.append(markdown(networks_table(one)))
        for number, trained in enumerate(one.trained):
            folder = f"heads/{trained.weigh}/{trained.name}"
            parts.append(f"### Training {number}\n")
            parts.append(f"![What heads look for]({folder}/logos.png)\n")
            parts.append(f"![Where heads look]({folder}/profiles.png)\n")
    return "\n".join(parts)


def _model_rows(one: AnnotatedRegion) -> Iterator[tuple[Any, ...]]:
    for number, measured in zip(one.numbers, one.measured, strict=True):
        yield (one.name, number, *map(measured.get, _MODEL_FIELDS[2:]))


def _models(regions: Sequence[AnnotatedRegion]) -> Table:
    rows = [
        (
            one.name,
            "" if None in one.numbers else str(len(one.numbers)),
            *(text for measure in ("roc_auc", "average_precision") for text in _mean_and_range(one, measure)),
        )
        for one in regions
    ]
    base = regions[0].measured[0]
    rows.append(("chance", "", "0.5", "", f"{base['base_rate']:.5f}", ""))
    caption = f"Over every position of both strands of the test region: {base['positions']:,}."
    header = ("model", "trainings", "ROC AUC, mean", "range", "average precision, mean", "range")
    return Table(caption, header, tuple(tuple(map(Cell, row)) for row in rows))


def _mean_and_range(one: AnnotatedRegion, measure: str) -> tuple[str, str]:
    return f"{one.mean(measure):.4f}", one.range(measure) if len(one.measured) > 1 else ""
