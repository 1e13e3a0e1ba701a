"""Tests of heads against annotated sites: are they calibrated, and are they fast?

Calibration: 1,000 simulations of 40 proteins (60 to 140 letters, a site of six) and 24 heads, whose relevance
is lognormal, with the site anywhere in a circle: nothing is to be found. Counted are simulations in which any
head is found at a false discovery rate of 5%, by the published test (against 0, or chance) and against
circular shifts; heads are independent, or have about half their relevance in common. The standard error
is 0.7%.

Places: 1,000 simulations of 40 proteins whose sites are signal peptides, the first 15 to 30 letters. 24 heads
look at the first 20 or so of every protein, through lognormal noise, and know nothing else; counted are
simulations in which any of them is found, by each null. The embedding, which is corrected by itself, has more
relevance on each site; counted is where it is found against the maps of other proteins.

Speed: 480 heads and the embedding over 5,000 proteins (lengths lognormal, median 350, mean about 400), three
letters inside (active sites) or six stretches of 21 (transmembrane), protein by protein as from a run: three
statistics, moments of all shifts and exchanges; every map on the sites of its group; the tests. Making
relevance is not counted.
Seconds are by the clock, all processors at work: they mean something on an idle machine only.

Target: 5 +- 2% false discoveries against shifts, 5 +- 1.5% against other maps of heads that know places, and
what sees sites found in all; statistics under 60 s and 4 GB.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks import Row, added_memory, in_fresh_process
from relevome.discovery.other_maps import MapExchanges, OtherMaps
from relevome.discovery.placements import METRICS, Collected, Placement, Placements, placed
from relevome.discovery.relevance_heads import relevant_heads
from relevome.results.relevance_heads.heads import ALL
from relevome.results.relevance_heads.nulls import NULLS

LETTERS = list("ACDEFGHIKLMNPQRSTVWY")
PROTEINS, HEADS = 5000, 480
_POSITION = next(null for null in NULLS if null.name == "position")


def measure(quick: bool = False) -> list[Row]:
    """False discoveries of both tests, and seconds and memory of a large study."""
    simulations, proteins = (40, 250) if quick else (1000, PROTEINS)
    rows = [row for mixed in (False, True) for row in _discoveries(simulations, mixed)]
    rows += _places(simulations)
    for kind in ("active sites", "transmembrane"):
        streaming, exchanging, testing, memory = in_fresh_process(_study, kind, proteins)
        name = f"{HEADS} heads x {proteins:,} proteins, {kind}"
        target = f"under {60 * proteins / PROTEINS:g} s together"
        rows += [
            Row(f"{name}: statistics and nulls, seconds", streaming, target),
            Row(f"{name}: maps of others, seconds", exchanging, target),
            Row(f"{name}: tests, seconds", testing, target),
            Row(f"{name}: MiB added", memory, "under 4,096"),
        ]
    return rows


def _discoveries(simulations: int, mixed: bool) -> Iterator[Row]:
    rng = np.random.default_rng([simulations, mixed])
    found = np.zeros((2, len(METRICS)))
    for _ in range(simulations):
        effects = relevant_heads(_null(rng, 40, 24, mixed)).effects
        found += [
            [(q[1:] < 0.05).any() for q in kind]
            for kind in zip(*((e.q, e.nulls["shift"].q) for e in effects), strict=True)
        ]
    heads = "half in common" if mixed else "independent"
    for name, shares in zip(("against 0 or chance", "circular shifts"), found / simulations, strict=True):
        for metric, share in zip(METRICS, shares, strict=True):
            target = "3 to 7%" if name.startswith("circular") else ""
            yield Row(f"false discoveries, heads {heads}, {metric}, {name}", f"{share:.1%}", target)


def _null(rng: np.random.Generator, proteins: int, heads: int, mixed: bool) -> Collected:
    found = []
    for _ in range(proteins):
        length = int(rng.integers(60, 140))
        relevance = rng.lognormal(0, 1.5, size=(heads + 1, length))
        if mixed:
            relevance += rng.lognormal(0, 1.5, size=length)
        inside = np.roll(np.arange(length) < 6, int(rng.integers(length)))
        found.append(placed(relevance, inside, "".join(rng.choice(LETTERS, length))))
    return _collected(found, heads)


def _places(simulations: int) -> Iterator[Row]:
    """Heads that know places and nothing else; the embedding sees every site."""
    rng = np.random.default_rng([simulations, 2])
    names = [None, *(null for null in NULLS if null.name != "random")]
    found, seen = np.zeros((len(names), len(METRICS))), np.zeros(len(METRICS))
    for _ in range(simulations):
        collected, others = _habit(rng, 40, 24)
        effects = relevant_heads(collected, others={(ALL, "site"): others}).effects
        for number, effect in enumerate(effects):
            q = [effect.q if null is None else effect.nulls[null.name].q for null in names]
            found[:, number] += [(one[1:] < 0.05).any() for one in q]
            seen[number] += q[names.index(_POSITION)][0] < 0.05
    for null, shares in zip(names, found / simulations, strict=True):
        for metric, share in zip(METRICS, shares, strict=True):
            over = "0 or chance" if null is None else null.over
            target = "3.5 to 6.5%" if null is _POSITION else ""
            yield Row(f"heads that know places found, {metric}, against {over}", f"{share:.1%}", target)
    for metric, share in zip(METRICS, seen / simulations, strict=True):
        yield Row(
            f"embedding that sees sites found, {metric}, against {_POSITION.over}", f"{share:.1%}", "100%"
        )


def _habit(rng: np.random.Generator, proteins: int, heads: int) -> tuple[Collected, OtherMaps]:
    found, masks, maps = [], {}, {}
    for number in range(proteins):
        length = int(rng.integers(60, 140))
        habit = 0.1 + 5 * np.exp(-(((np.arange(length) - 10) / 12) ** 2))
        relevance = habit * rng.lognormal(0, 1.5, size=(heads + 1, length))
        inside = np.arange(length) < int(rng.integers(15, 31))
        relevance[0] += 20 * inside
        found.append(placed(relevance, inside, "".join(rng.choice(LETTERS, length))))
        masks[str(number)], maps[str(number)] = inside, relevance
    exchanges = MapExchanges(masks, seed=int(rng.integers(2**31)))
    for id, relevance in maps.items():
        exchanges.add(id, relevance)
    return _collected(found, heads), exchanges.done()


def _collected(found: list[Placement], heads: int) -> Collected:
    placements = Placements.of({str(i): one for i, one in enumerate(found)}, heads + 1)
    totals = np.ones((len(found), heads + 1))
    return Collected((1, heads), placements.ids, totals, {"site": placements}, {"site": {}})


def _study(kind: str, proteins: int) -> tuple[float, float, float, float]:
    """Seconds by the clock of measuring, of exchanging maps and of testing, and MiB that all add."""
    spent = np.zeros(3)

    def work() -> None:
        rng = np.random.default_rng(0)
        lengths = np.clip(rng.lognormal(np.log(350), 0.5, size=proteins), 150, 1000).astype(int).tolist()
        masks = {str(number): _sites(kind, length, rng) for number, length in enumerate(lengths)}
        found = []
        begin = time.perf_counter()
        exchanges = MapExchanges(masks)
        spent[1] += time.perf_counter() - begin
        for id, inside in masks.items():
            relevance = rng.standard_normal((HEADS + 1, len(inside)), dtype=np.float32)
            letters = "".join(rng.choice(LETTERS, len(inside)))
            begin = time.perf_counter()
            one = placed(relevance, inside, letters)
            found.append(Placement(*(part.astype(np.float32) for part in one)))
            then = time.perf_counter()
            exchanges.add(id, relevance)
            spent[:2] += then - begin, time.perf_counter() - then
        begin = time.perf_counter()
        relevant_heads(_collected(found, HEADS), others={(ALL, "site"): exchanges.done()})
        spent[2] = time.perf_counter() - begin

    memory = added_memory(work)
    streaming, exchanging, testing = spent.tolist()
    return streaming, exchanging, testing, memory


def _sites(kind: str, length: int, rng: np.random.Generator) -> np.ndarray:
    inside = np.zeros(length, dtype=bool)
    if kind == "active sites":
        inside[rng.choice(length, 3, replace=False)] = True
    else:
        for start in rng.integers(0, length - 21, 6):
            inside[start : start + 21] = True
    return inside
