"""What the attention heads of a model recognise: where they look, what for, what that is, and its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from relevome.attribution.attention_weights import Query
from relevome.data.motifs import Motif
from relevome.data.sites import Site
from relevome.discovery.ablation import Ablation, Fall, Replacement, random_sets, rank
from relevome.discovery.consensus import FLANK, SHARE, Attended, Consensus, attended, consensus, unattended
from relevome.discovery.enrichment import FEWEST, Enrichment, enrichments, placed_by_factor, without_overlap
from relevome.discovery.head_attention import HeadName, Weighing, look
from relevome.discovery.known_motifs import SHUFFLES, Match, matches
from relevome.discovery.profiles import Profile, profile
from relevome.discovery.windows import Windows
from relevome.errors import InputError
from relevome.models.base import Model

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How heads are characterised; see the modules that take each of these.

    ``weigh`` says what counts of a letter: attention, or what a head brings from there.
    A match or an enrichment is a finding below ``level``. ``ablated`` windows of each kind are scored without
    every head, none if 0; ``draws`` random sets of heads stand against those that have a name.
    """

    query: Query = "read"
    weigh: Weighing = "attention"
    share: float = SHARE
    flank: int = FLANK
    shuffles: int = SHUFFLES
    level: float = 0.05
    ablated: int = 200
    replacement: Replacement = "mean"
    draws: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"--share {self.share:g}: expected a share of windows, above 0 and at most 1")


DEFAULT = Settings()


@dataclass(frozen=True, eq=False)
class Head:
    """One head: its profile, its consensus and what that is like, the factors it sits on, what it is worth.

    ``attended`` are the letters that the consensus was made of. ``matches`` and ``on_factors`` hold all that
    was compared, the best first. ``in_layer`` and ``among_all`` are the shares of heads whose ablation
    lowers the logit as much.
    """

    name: HeadName
    profile: Profile
    attended: Attended
    consensus: Consensus
    matches: tuple[Match, ...] = ()
    on_factors: tuple[Enrichment, ...] = ()
    fall: Fall | None = None
    in_layer: float | None = None
    among_all: float | None = None

    @property
    def distance(self) -> int | None:
        """From the site to the attended letter, the median; None for a head that looks alike everywhere."""
        if not len(self.attended):
            return None
        return int(np.median(self.profile.distances[self.attended.letters]))

    def named(self, level: float) -> list[Match]:
        """Known motifs that the consensus is."""
        return [match for match in self.matches if match.q < level]

    def bound(self, level: float) -> list[Enrichment]:
        """Factors on whose sites the head sits."""
        return [one for one in self.on_factors if one.q < level and one.on_sites > one.expected]


@dataclass(frozen=True)
class Together:
    """What all heads with a name are worth, and as many random ones of the same layers, or of any."""

    heads: tuple[HeadName, ...]
    fall: Fall
    same_layers: tuple[Fall, ...]
    any_layers: tuple[Fall, ...]


@dataclass(frozen=True)
class Compared:
    """What heads could be found to sit on: factors with enough known sites on the windows, and all others.

    Only ``windows`` count that have no letter in common.
    """

    factors: int
    rare: int
    windows: int


@dataclass(frozen=True, eq=False)
class Findings:
    """All heads of a model in its own order.

    ``motifs`` is how many known ones there were to compare with; ``known`` is None without known sites.
    """

    heads: tuple[Head, ...]
    together: Together | None
    windows: int
    motifs: int
    known: Compared | None
    settings: Settings


def characterise(
    model: Model,
    sites: Windows,
    controls: Windows | None = None,
    *,
    motifs: Sequence[Motif] = (),
    known: Mapping[str, list[Site]] | None = None,
    settings: Settings = DEFAULT,
    say: Say = lambda _: None,
) -> Findings:
    """Characterise every head of a model by its attention in windows around sites.

    Without ``controls`` the windows are shuffled. ``motifs`` are a database to find a consensus in, ``known``
    binding sites by chromosome. Raises ``InputError`` for a model without attention over its tokens, and for
    controls that are not like the windows.
    """
    if controls is not None:
        _check_alike(sites, controls)
    rng = np.random.default_rng(settings.seed)
    controls = sites.shuffled(rng) if controls is None else controls
    heads = _looked(model, sites, controls, settings, say)
    if motifs:
        say("comparing with known motifs")
        heads = _named(heads, motifs, settings)
    compared = None
    if known is not None:
        say("counting known sites")
        heads, compared = _on_sites(heads, sites, known)
    together = None
    if settings.ablated:
        heads, together = _weighed(model, heads, sites, controls, settings, rng, say)
    return Findings(tuple(heads), together, len(sites), len(motifs), compared, settings)


def _check_alike(sites: Windows, controls: Windows) -> None:
    if (controls.length, controls.site) != (sites.length, sites.site):
        raise InputError(
            f"controls have {controls.length} letters, and windows around sites {sites.length}: expected as "
            "many, since they are compared letter by letter"
        )


def _looked(model: Model, sites: Windows, controls: Windows, settings: Settings, say: Say) -> list[Head]:
    """Where heads look and what for."""
    say(f"reading attention in {len(sites):,} windows around sites")
    at_sites = look(model, sites, settings.query, settings.weigh)
    say(f"reading attention in {len(controls):,} control windows")
    elsewhere = look(model, controls, settings.query, settings.weigh)
    heads = []
    for index, name in enumerate(at_sites.names):
        weights = at_sites.weights[:, index]
        chosen = attended(weights, settings.share)
        found = consensus(sites.codes, chosen, unattended(weights), sites.alphabet, settings.flank)
        where = profile(sites.distances, weights, elsewhere.weights[:, index])
        heads.append(Head(name, where, chosen, found))
    return heads


def _named(heads: list[Head], database: Sequence[Motif], settings: Settings) -> list[Head]:
    """The same heads, those with a consensus compared with known motifs."""
    motifs = {head.name: head.consensus.motif(str(head.name)) for head in heads}
    known = {name: motif for name, motif in motifs.items() if motif is not None}
    found = matches(list(known.values()), database, settings.seed, settings.shuffles)
    by_name = dict(zip(known, found, strict=True))
    return [replace(head, matches=tuple(by_name.get(head.name, ()))) for head in heads]


def _on_sites(
    heads: list[Head], sites: Windows, known: Mapping[str, list[Site]]
) -> tuple[list[Head], Compared]:
    """The same heads, with known sites on windows that share no letter."""
    kept = np.flatnonzero(without_overlap([one.interval for one in sites.sequences]))
    every = placed_by_factor(sites.part(kept), known)
    placed = {factor: places for factor, places in every.items() if len(places) >= FEWEST}
    offsets = [head.consensus.offsets for head in heads]
    chosen = [head.attended.among(kept) for head in heads]
    found = enrichments(chosen, offsets, placed, (len(kept), sites.length))
    heads = [replace(head, on_factors=tuple(some)) for head, some in zip(heads, found, strict=True)]
    return heads, Compared(len(placed), len(every) - len(placed), len(kept))


def _weighed(
    model: Model,
    heads: list[Head],
    sites: Windows,
    controls: Windows,
    settings: Settings,
    rng: np.random.Generator,
    say: Say,
) -> tuple[list[Head], Together | None]:
    """The same heads with what is lost without each, and what without all that have a name."""
    some, others = (
        windows.part(rng.permutation(len(windows))[: settings.ablated]) for windows in (sites, controls)
    )
    ablation = Ablation.of(model, some, others, settings.replacement)
    whole = ablation.without(())
    falls: dict[HeadName, Fall] = {}
    for head in heads:
        say(f"scoring without head {head.name}")
        falls[head.name] = whole.fall(ablation.without({head.name}))
    weighed = [_ranked(head, falls) for head in heads]
    named = tuple(head.name for head in heads if head.named(settings.level))
    if not named:
        return weighed, None
    say(f"scoring without {len(named)} heads, and as many random ones")
    every = list(falls)
    alike, any_ = (
        tuple(
            whole.fall(ablation.without(drawn))
            for drawn in random_sets(named, every, settings.draws, rng, same)
        )
        for same in (True, False)
    )
    return weighed, Together(named, whole.fall(ablation.without(named)), alike, any_)


def _ranked(head: Head, falls: Mapping[HeadName, Fall]) -> Head:
    own = falls[head.name]
    others = {name: fall.logit for name, fall in falls.items() if name != head.name}
    in_layer = [fall for name, fall in others.items() if name.layer == head.name.layer]
    return replace(
        head, fall=own, in_layer=rank(own.logit, in_layer), among_all=rank(own.logit, others.values())
    )
