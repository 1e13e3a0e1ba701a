"""What the attention heads of a model recognise: where they look, what for, what that is, and its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from relevome.data.motifs import Motif
from relevome.data.sites import Site
from relevome.discovery.ablation import Ablation, random_sets, rank
from relevome.discovery.consensus import attended, consensus, unattended
from relevome.discovery.enrichment import FEWEST, enrichments, placed_by_factor, without_overlap
from relevome.discovery.head_attention import look
from relevome.discovery.known_motifs import matches
from relevome.discovery.windows import Windows
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.progress import Progress, Say, nobody
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.heads import (
    AttentionHead,
    AttentionHeads,
    FactorsCompared,
    Fall,
    Profile,
    Strongest,
    Together,
)
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName
from relevome.words import counted

DEFAULT = HeadSettings()
_STRONGEST = 10  # windows that are named for each head


def characterise(
    model: Model,
    sites: Windows,
    controls: Windows | None = None,
    *,
    motifs: Sequence[Motif] = (),
    known: Mapping[str, list[Site]] | None = None,
    settings: HeadSettings = DEFAULT,
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> AttentionHeads:
    """Characterise every head of a model by its attention in windows around sites.

    Without ``controls`` the windows are shuffled. ``motifs`` are a database to find a consensus in, ``known``
    binding sites by chromosome. ``say`` is told what begins, ``progress`` how much of it was just done.
    Raises ``InputError`` for a model without attention over its tokens, and for controls that are not like
    the windows.
    """
    if controls is not None:
        _check_alike(sites, controls)
    rng = np.random.default_rng(settings.seed)
    controls = sites.shuffled(rng) if controls is None else controls
    heads = _looked(model, sites, controls, settings, say, progress)
    if motifs:
        say("comparing with known motifs")
        heads = _named(heads, motifs, settings)
    compared = None
    if known is not None:
        say("counting known sites")
        heads, compared = _on_sites(heads, sites, known)
    together = None
    if settings.ablated:
        heads, together = _weighed(model, heads, sites, controls, settings, rng, say, progress)
    return AttentionHeads(tuple(heads), together, len(sites), len(motifs), compared, settings)


def _check_alike(sites: Windows, controls: Windows) -> None:
    if (controls.length, controls.site) != (sites.length, sites.site):
        raise InputError(
            f"controls have {counted(controls.length, 'letter')}, and windows around sites {sites.length}: "
            "expected as many, since they are compared letter by letter"
        )


def _looked(
    model: Model,
    sites: Windows,
    controls: Windows,
    settings: HeadSettings,
    say: Say,
    progress: Progress,
) -> list[AttentionHead]:
    """Where heads look and what for."""
    say(f"reading attention in {counted(len(sites), 'window')} around sites")
    at_sites = look(model, sites, settings.query, settings.weigh, progress)
    say(f"reading attention in {counted(len(controls), 'control window')}")
    elsewhere = look(model, controls, settings.query, settings.weigh, progress)
    heads = []
    for index, name in enumerate(at_sites.names):
        weights = at_sites.weights[:, index]
        chosen = attended(weights, settings.share)
        found = consensus(sites.codes, chosen, unattended(weights), sites.alphabet, settings.flank)
        where = profile(sites.distances, weights, elsewhere.weights[:, index])
        best = strongest(weights, chosen, found, sites)
        heads.append(AttentionHead(name, where, chosen, found, strongest=best))
    return heads


def strongest(
    weights: Float[np.ndarray, "sites letters"], chosen: Attended, found: Consensus, sites: Windows
) -> tuple[Strongest, ...]:
    """The windows whose chosen letter weighs most, with what stands there."""
    best = np.argsort(-weights[chosen.sites, chosen.letters], kind="stable")[:_STRONGEST]
    ends = found.offsets[0], found.offsets[-1] + 1
    said = []
    for site, letter in zip(chosen.sites[best].tolist(), chosen.letters[best].tolist(), strict=True):
        window = sites.sequences[site]
        where = None if window.interval is None else str(window.interval)
        there = window.letters[max(0, letter + ends[0]) : max(0, letter + ends[1])]
        weight = float(weights[site, letter])
        said.append(Strongest(window.id, where, int(sites.distances[letter]), weight, there))
    return tuple(said)


def profile(
    distances: Int[np.ndarray, " letters"],
    sites: Float[np.ndarray, "sites letters"],
    controls: Float[np.ndarray, "controls letters"],
) -> Profile:
    """The profile of one head from its attention in every window."""
    return Profile(distances, sites.mean(0), controls.mean(0), explained_by_distance(sites))


def explained_by_distance(weights: Float[np.ndarray, "sites letters"]) -> float:
    """The share of attention's variance that distance alone explains (eta squared).

    1 for a head that looks alike at every site; NaN for one that looks alike everywhere.
    """
    wide = weights.astype(np.float64)
    total = ((wide - wide.mean()) ** 2).sum()
    if total <= 1e-12 * (wide**2).sum():
        return float("nan")
    return float(len(wide) * ((wide.mean(0) - wide.mean()) ** 2).sum() / total)


def _named(
    heads: list[AttentionHead], database: Sequence[Motif], settings: HeadSettings
) -> list[AttentionHead]:
    """The same heads, those with a consensus compared with known motifs."""
    motifs = {head.name: head.consensus.motif(str(head.name)) for head in heads}
    known = {name: motif for name, motif in motifs.items() if motif is not None}
    found = matches(list(known.values()), database, settings.seed, settings.shuffles)
    by_name = dict(zip(known, found, strict=True))
    return [replace(head, matches=tuple(by_name.get(head.name, ()))) for head in heads]


def _on_sites(
    heads: list[AttentionHead], sites: Windows, known: Mapping[str, list[Site]]
) -> tuple[list[AttentionHead], FactorsCompared]:
    """The same heads, with known sites on windows that share no letter."""
    kept = np.flatnonzero(without_overlap([one.interval for one in sites.sequences]))
    every = placed_by_factor(sites.part(kept), known)
    placed = {factor: places for factor, places in every.items() if len(places) >= FEWEST}
    offsets = [head.consensus.offsets for head in heads]
    chosen = [head.attended.among(kept) for head in heads]
    found = enrichments(chosen, offsets, placed, (len(kept), sites.length))
    heads = [replace(head, on_factors=tuple(some)) for head, some in zip(heads, found, strict=True)]
    return heads, FactorsCompared(len(placed), len(every) - len(placed), len(kept), FEWEST)


def _weighed(
    model: Model,
    heads: list[AttentionHead],
    sites: Windows,
    controls: Windows,
    settings: HeadSettings,
    rng: np.random.Generator,
    say: Say,
    progress: Progress,
) -> tuple[list[AttentionHead], Together | None]:
    """The same heads with what is lost without each, and what without all that have a name."""
    some, others = (
        windows.part(rng.permutation(len(windows))[: settings.ablated]) for windows in (sites, controls)
    )
    ablation = Ablation.of(model, some, others, settings.replacement)
    whole = ablation.without(())
    falls: dict[HeadName, Fall] = {}
    say("scoring without each head")
    for head in heads:
        falls[head.name] = whole.fall(ablation.without({head.name}))
        progress(1, len(heads))
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


def _ranked(head: AttentionHead, falls: Mapping[HeadName, Fall]) -> AttentionHead:
    own = falls[head.name]
    others = {name: fall.logit for name, fall in falls.items() if name != head.name}
    in_layer = [fall for name, fall in others.items() if name.layer == head.name.layer]
    return replace(
        head, fall=own, in_layer=rank(own.logit, in_layer), among_all=rank(own.logit, others.values())
    )
