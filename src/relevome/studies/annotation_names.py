"""Which names of heads hold over all trainings of an annotator, and in no network that has learnt nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, comb
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.report.tables import Cell, Table
from relevome.results.attention_heads.folder import NAME, read_attention_heads
from relevome.results.attention_heads.heads import AttentionHead, Together
from relevome.studies.annotation_data import DECOY

# Boxes of sigma 70 by what the names of their matrices begin with, and the q under which a consensus is one.
_ELEMENTS = {"-10": "-10 box", "-35": "-35 box"}
BOXES = tuple(_ELEMENTS.values())
STRICT = 0.01
# A name that this share of the networks with random weights has, or more, is not claimed.
SHARE = 0.05
# By what a head is named: its consensus, or the known sites that it sits on.
KINDS = ("consensus", "sites")
NAME_FIELDS = (
    "weigh", "kind", "name", "heads", "trainings", "of_trainings", "random_heads", "random_networks",
    "of_random", "passed", "claimed",
)  # fmt: skip


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

    @property
    def thing(self) -> str | None:
        """What the name stands for: a box of sigma 70, as published or as estimated, is one thing.

        None for a box that is not good enough.
        """
        stem = self.name.rpartition("_")[0]
        if self.kind == "consensus" and stem in _ELEMENTS:
            return _ELEMENTS[stem] if self.q < STRICT else None
        return self.name


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
        self.shuffles = read.settings.shuffles
        self.together: Together | None = read.together
        # whether heads were asked about known sites
        self.sites_asked = read.known is not None

    @property
    def with_consensus(self) -> int:
        """Heads that look for anything in particular."""
        return sum(bool(head.consensus.core) for head in self.heads)

    @property
    def decoys(self) -> set[str]:
        """Shuffled matrices among all that heads were compared with."""
        return {one.motif.name for head in self.heads for one in head.matches if is_decoy(one.motif.name)}

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

    def heads_with(self, kind: str, thing: str) -> dict[str, str]:
        """The heads that were given a name, each once, and the distance at which it looks."""
        return {one.head: one.distance for one in self.found if one.kind == kind and one.thing == thing}


@dataclass(frozen=True)
class Recognised:
    """One name over all trainings: how many heads of each training have it, and of each random network.

    ``distances`` are those of all heads of trainings that have it, in letters from the site. ``below``:
    some training is not good enough for any name of its heads to be claimed.
    """

    weigh: str
    kind: str
    name: str
    heads: tuple[int, ...]
    random: tuple[int, ...]
    distances: tuple[int, ...]
    below: bool = False

    @property
    def trainings(self) -> int:
        """How many have it."""
        return sum(map(bool, self.heads))

    @property
    def networks(self) -> int:
        """How many networks with random weights have it."""
        return sum(map(bool, self.random))

    @property
    def beyond_random(self) -> bool:
        """Whether fewer than `SHARE` of the networks with random weights have it."""
        return bool(self.random) and self.networks <= _most(len(self.random))

    @property
    def holds(self) -> bool:
        """Whether every training has it, and random weights do not."""
        return self.trainings == len(self.heads) and self.beyond_random

    @property
    def claimed(self) -> bool:
        """Whether it may be said that the annotator recognises this."""
        return self.holds and not self.below and not is_decoy(self.name)

    @property
    def passed(self) -> list[str]:
        """The nulls that it has passed; no head has a name that has not passed those of `relevome heads`."""
        held = {
            "distance": self.trainings > 0,
            "order": self.trainings > 0 and self.kind == "consensus",
            "random weights": self.trainings > 0 and self.beyond_random,
            "trainings": self.trainings == len(self.heads) > 1,
        }
        return [name for name, passed in held.items() if passed]

    @property
    def row(self) -> tuple[Any, ...]:
        """The fields of `NAME_FIELDS`."""
        own, others = (" ".join(map(str, some)) for some in (self.heads, self.random))
        return (
            self.weigh, self.kind, self.name, own, self.trainings, len(self.heads), others, self.networks,
            len(self.random), ", ".join(self.passed), int(self.claimed),
        )  # fmt: skip

    @property
    def counts(self) -> str:
        """In how many trainings, and of how many; of random networks, if any has it."""
        text = f"in {self.trainings} of {len(self.heads)} trainings"
        if not self.networks and self.random:
            return text
        return f"{text}, {self.networks} of {len(self.random)} random networks"


@dataclass(frozen=True)
class CharacterisedNetworks:
    """All networks whose heads were characterised, letters weighed in one way.

    ``below``: some training is not good enough for any name to be claimed.
    """

    trained: tuple[Characterised, ...]
    random: tuple[Characterised, ...]
    below: bool

    @property
    def weigh(self) -> str:
        """What counts of a letter."""
        return self.trained[0].weigh

    @property
    def networks(self) -> tuple[Characterised, ...]:
        """All, trained ones first."""
        return (*self.trained, *self.random)

    @property
    def kinds(self) -> list[str]:
        """By what heads could be named."""
        asked = all(one.sites_asked for one in self.networks)
        return [kind for kind in KINDS if kind != "sites" or asked]

    @cached_property
    def names(self) -> list[Recognised]:
        """Over all trainings, what is claimed first."""
        return recognised(self.trained, self.random, self.below)


def is_decoy(name: str) -> bool:
    """Whether a motif is a shuffled one that stands among the known ones to fill them up."""
    return re.fullmatch(rf"{DECOY}\d+", name) is not None


def recognised(
    trained: Sequence[Characterised], random: Sequence[Characterised], below: bool
) -> list[Recognised]:
    """Every name that any of the networks has, and both boxes; first what is claimed, then what most have."""
    networks = (*trained, *random)
    things = {(kind, thing) for one in networks for kind, thing in _things(one)}
    things |= {("consensus", box) for box in BOXES}
    found = [_over(trained, random, *thing, below) for thing in sorted(things)]
    return sorted(found, key=lambda one: (not one.claimed, -one.trainings, KINDS.index(one.kind), one.name))


def _things(one: Characterised) -> Iterable[tuple[str, str]]:
    return ((found.kind, found.thing) for found in one.found if found.thing is not None)


def _over(
    trained: Sequence[Characterised], random: Sequence[Characterised], kind: str, thing: str, below: bool
) -> Recognised:
    own, others = ([one.heads_with(kind, thing) for one in some] for some in (trained, random))
    distances = sorted(int(distance) for heads in own for distance in heads.values() if distance)
    heads, networks = (tuple(map(len, some)) for some in (own, others))
    return Recognised(trained[0].weigh, kind, thing, heads, networks, tuple(distances), below)


def _most(networks: int) -> int:
    """How many of the networks with random weights may have a name that is claimed: under `SHARE` of them."""
    return max(0, ceil(SHARE * networks) - 1)


def rule(trained: Sequence[Characterised], random: Sequence[Characterised]) -> list[str]:
    """When a name is claimed, and what each null that it has passed says."""
    k, n, one = len(trained), len(random), trained[0]
    most = f"at most {_most(n)}" if _most(n) else "none"
    each = "the one training has" if k == 1 else f"heads of each of {k} trainings have"
    return [
        f"a name is claimed where {each} it, and fewer than {SHARE:.0%} of the networks of the same "
        f"architecture with random weights (of {n} {most}), and where "
        "it is no decoy; no name is claimed where a training is below the quality that is asked",
        f"were trainings and random networks alike, of the names that {k} of all {k + n} have only 1 in "
        f"{comb(k + n, k):,} would be those of trainings alone",
        "distance: in four columns or more a consensus differs from the letters at the same distances that "
        "the head looks at least, and known sites are met more often than at the same distances from other "
        "sites; so a head that always looks at one distance, whatever stands there, has no name",
        f"order: a consensus is like the motif by TOMTOM's p and beside {one.shuffles:,} orders of its own "
        f"columns, at a false discovery rate of {one.level:g} over heads and motifs; the boxes at "
        f"q < {STRICT:g}",
        "random weights and trainings: as said above",
    ]


def names_table(networks: CharacterisedNetworks) -> Table:
    """Every name that heads of some training have, both boxes, and what each has passed."""
    rows = tuple(
        tuple(map(Cell, (
            one.name, one.kind, "yes" if one.claimed else "no", ", ".join(one.passed),
            f"{one.trainings} of {len(one.heads)}", ", ".join(map(str, one.heads)), span(one.distances),
            f"{one.networks} of {len(one.random)}",
        )))
        for one in networks.names
        if one.trainings or one.name in BOXES
    )  # fmt: skip
    caption = (
        "Names over all trainings: how many heads of each have it, how far from the site they look, how many "
        f"networks with random weights have it, and which nulls it has passed; boxes at q < {STRICT:g}."
    )
    header = (
        "name", "by", "claimed", "passed", "trainings", "heads of each", "letters from the site",
        "random networks",
    )  # fmt: skip
    return Table(caption, header, rows, words=4)


def heads_table(networks: CharacterisedNetworks) -> Table:
    """Every name of every head of every training."""
    rows = tuple(
        tuple(map(Cell, (str(number), one.head, one.kind, one.name, f"{one.q:.2g}", one.distance)))
        for number, trained in enumerate(networks.trained)
        for one in trained.found
    )
    level = networks.trained[0].level
    caption = f"All names that heads of the annotator were given (false discovery rate {level:g})."
    return Table(caption, ("training", "head", "by", "name", "q", "distance"), rows, words=4)


def networks_table(networks: CharacterisedNetworks) -> Table:
    """What was found in every network, those that have learnt nothing below the trained ones."""
    rows = tuple(
        (
            Cell(one.name),
            Cell(", ".join(one.names("consensus")) or "none"),
            Cell((", ".join(one.names("sites")) or "none") if one.sites_asked else "not asked"),
            Cell(f"{one.with_consensus} of {len(one.heads)}"),
        )
        for one in networks.networks
    )
    header = ("network", "named by a consensus", "sits on sites of", "heads with a consensus")
    return Table("The same questions asked of networks that have learnt nothing.", header, rows, words=3)


def span(values: Iterable[int]) -> str:
    """The lowest and the highest of some numbers; one if they are the same, empty without any."""
    ends = sorted(values)
    return " to ".join(dict.fromkeys(map(str, (ends[0], ends[-1])))) if ends else ""
