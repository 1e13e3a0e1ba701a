"""What study B shows: how good every model is, what heads recognise, and what random weights would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, markdown
from relevome.results.annotation.folder import read_annotation
from relevome.results.attention_heads.folder import NAME, read_attention_heads
from relevome.results.attention_heads.heads import AttentionHead
from relevome.results.folder import whole_file
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.words import if_below
from relevome.results.tables import write_tsv

# Boxes of sigma 70, and the q under which a consensus is said to be one.
ELEMENTS, STRICT = ("-10", "-35"), 0.01
# What counts of a letter for a head: each in a folder of its own.
WEIGHED = ("attention", "contribution")
_NOT_CALLED = "its heads are not said to look for anything, and what tables have of them is not of sites"
_PAGE, _MODELS, _FOUND = "study.md", "models.tsv", "found.tsv"
_MODEL_FIELDS = ("model", "positions", "sites", "base_rate", "roc_auc", "average_precision")
_FOUND_FIELDS = ("weigh", "network", "head", "kind", "name", "q", "distance", "from", "to")


@dataclass(frozen=True)
class Found:
    """A name that a head was given: by its ``consensus``, or by the known ``sites`` that it looks at."""

    weigh: str
    network: str
    head: str
    kind: str
    name: str
    q: float
    distance: str
    first: str
    last: str


class Characterised:
    """What `relevome heads` left of one network, letters weighed in one way."""

    def __init__(self, study: Path, weigh: str, name: str) -> None:
        self.weigh = weigh
        self.name = name
        folder = study / "heads" / weigh / name
        try:
            read = read_attention_heads(folder)
        except InputError as error:
            cause = error.__cause__ or error
            raise InputError(
                f"{folder / NAME} is damaged or by an earlier relevome ({type(cause).__name__}: {cause}): "
                f"remove {folder}, and the same command makes it again"
            ) from error
        self.heads = read.heads
        self.level = read.settings.level
        # whether heads were asked about known sites
        self.sites_asked = read.known is not None

    @property
    def with_consensus(self) -> int:
        """Heads that look for anything in particular."""
        return sum(bool(head.consensus.core) for head in self.heads)

    @cached_property
    def found(self) -> list[Found]:
        """All names, those of matches first."""
        by_consensus = [
            self._found(head, "consensus", match.motif.name, match.q)
            for head in self.heads
            for match in head.named(self.level)
        ]
        on_sites = [
            self._found(head, "sites", one.factor, one.q)
            for head in self.heads
            for one in head.bound(self.level)
        ]
        return by_consensus + on_sites

    def _found(self, head: AttentionHead, kind: str, name: str, q: float) -> Found:
        place = (head.distance, *head.ends)
        texts = ("" if one is None else str(one) for one in place)
        return Found(self.weigh, self.name, str(head.name), kind, name, q, *texts)

    def names(self, kind: str) -> list[str]:
        """What was found in one of both ways, each once."""
        return sorted({one.name for one in self.found if one.kind == kind})

    def element(self, name: str) -> Found | None:
        """The best match of a box of sigma 70, as published or as estimated, if it is good enough."""
        own = [
            one
            for one in self.found
            if one.kind == "consensus" and one.q < STRICT and one.name.rpartition("_")[0] == name
        ]
        return min(own, key=lambda one: one.q, default=None)


def conclude(folder: Path, models: Sequence[str], random: int, caution: str | None = None) -> list[str]:
    """``study.md``, ``models.tsv`` and ``found.tsv`` in a study's folder; gives in words what they say.

    ``models`` annotated the test region, the annotator first; ``random`` networks have random weights. A
    ``caution`` stands before all else. Of an annotator below the quality that is asked no head is said to
    look for anything.
    """
    measured = {name: _measured(folder / "annotation" / name) for name in models}
    names = ["annotator", *(f"random-{i}" for i in range(random))]
    asked = [[Characterised(folder, weigh, name) for name in names] for weigh in WEIGHED]
    said = [] if caution is None else [caution]
    below = if_below(quality_of_sites(measured[models[0]]), _NOT_CALLED, f"the {models[0]}")
    said += [] if below is None else [below]
    said += _on_models(measured)
    if below is None:
        said += [line for networks in asked for line in _on_heads(*networks)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(measured, asked, said), encoding="utf-8")
    numbers = ((name, *map(one.get, _MODEL_FIELDS[1:])) for name, one in measured.items())
    write_tsv(folder / _MODELS, _MODEL_FIELDS, numbers)
    found = (one for networks in asked for network in networks for one in network.found)
    write_tsv(folder / _FOUND, _FOUND_FIELDS, map(astuple, found))
    return [
        *said,
        f"{folder / _PAGE}: all tables; heads/{WEIGHED[0]}/annotator/logos.png: what heads look for",
    ]


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


def _on_models(measured: dict[str, dict[str, Any]]) -> Iterator[str]:
    (first, own), *rivals = measured.items()
    yield (
        f"{first}: average precision {own['average_precision']:.4f}, ROC AUC {own['roc_auc']:.4f} over "
        f"{own['positions']:,} positions, of which {own['sites']:,} are sites (base rate "
        f"{own['base_rate']:.5f})"
    )
    for name, one in rivals:
        times = own["average_precision"] / one["average_precision"]
        yield f"{times:.2f} times the average precision of {name} ({one['average_precision']:.4f})"


def _on_heads(trained: Characterised, *others: Characterised) -> Iterator[str]:
    by = f"by {trained.weigh}"
    yield f"{by}: {trained.with_consensus} of {len(trained.heads)} heads have a consensus"
    for name in ELEMENTS:
        best = trained.element(name)
        if best is None:
            yield (
                f"{by}: no head's consensus is the {name} box at q < {STRICT:g} (tables have all names below "
                f"{trained.level:g})"
            )
        else:
            yield f"{by}: head {best.head} looks for the {name} box ({best.name}, q {best.q:.2g})"
    kinds = {"consensus": "named by a consensus", "sites": "whose known sites heads sit on"}
    if not trained.sites_asked:
        del kinds["sites"]
    for kind, words in kinds.items():
        names = trained.names(kind)
        yield f"{by}, {words}: {', '.join(names) or 'none'}"
        with_any = [len(one.names(kind)) for one in others]
        yield (
            f"{by}, the same of networks with random weights: names in {sum(map(bool, with_any))} of "
            f"{len(others)}, {sum(with_any)} in all"
        )


def _page(
    measured: dict[str, dict[str, Any]], asked: Sequence[Sequence[Characterised]], said: Sequence[str]
) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(measured))]
    for networks in asked:
        trained = networks[0]
        folder = f"heads/{trained.weigh}/{trained.name}"
        parts += [f"## Heads by {trained.weigh}\n", markdown(_names(trained)), markdown(_networks(networks))]
        parts.append(f"![What heads look for]({folder}/logos.png)\n")
        parts.append(f"![Where heads look]({folder}/profiles.png)\n")
    return "\n".join(parts)


def _models(measured: dict[str, dict[str, Any]]) -> Table:
    rows = tuple(
        (Cell(name), Cell(f"{one['roc_auc']:.4f}"), Cell(f"{one['average_precision']:.4f}"))
        for name, one in measured.items()
    )
    base = next(iter(measured.values()))
    chance = (Cell("chance"), Cell("0.5"), Cell(f"{base['base_rate']:.5f}"))
    caption = f"Over every position of both strands of the test region: {base['positions']:,}."
    return Table(caption, ("model", "ROC AUC", "average precision"), (*rows, chance))


def _names(trained: Characterised) -> Table:
    rows = tuple(
        (Cell(one.head), Cell(one.kind), Cell(one.name), Cell(f"{one.q:.2g}"), Cell(one.distance))
        for one in trained.found
    )
    caption = f"All names that heads of the annotator were given (false discovery rate {trained.level:g})."
    return Table(caption, ("head", "by", "name", "q", "distance"), rows, words=3)


def _networks(networks: Sequence[Characterised]) -> Table:
    rows = tuple(
        (
            Cell(one.name),
            Cell(", ".join(one.names("consensus")) or "none"),
            Cell((", ".join(one.names("sites")) or "none") if one.sites_asked else "not asked"),
            Cell(f"{one.with_consensus} of {len(one.heads)}"),
        )
        for one in networks
    )
    header = ("network", "named by a consensus", "sits on sites of", "heads with a consensus")
    return Table("The same questions asked of networks that have learnt nothing.", header, rows, words=3)
