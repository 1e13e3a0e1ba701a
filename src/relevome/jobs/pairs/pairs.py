"""Which letters of sequences a model reads together: maps, the strongest pairs, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relevome.data.formats.contacts import read_contacts
from relevome.data.inputs import Input, given_sequences
from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence
from relevome.data.sites import Site, sites_on
from relevome.discovery.pairs.estimate import rank_agreement
from relevome.discovery.pairs.of_sequences import MapMaker
from relevome.discovery.pairs.strongest import StrongPairs, strongest
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.statistics import bootstrap_interval
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.pairs.against_structures import AgainstStructures, against_structures
from relevome.jobs.pairs.making import estimate_maps, make_maps, numbered_sequences
from relevome.jobs.running.estimates import Planned
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.models.questions import Target
from relevome.models.targets import resolve_target
from relevome.options import check_choice
from relevome.report.pairs.pictures import draw_maps
from relevome.results.pairs.folder import (
    MappedSequence,
    Pair,
    Pairs,
    check_question,
    claimed,
    read_pairs,
    write_pairs,
)
from relevome.results.pairs.maps import KeptMap, map_path, read_map
from relevome.results.pairs.settings import PairEstimate, PairMethod, PairSettings, PairSummary


@torch.inference_mode(mode=False)
@torch.enable_grad()
def pairs(
    model: Model,
    sequences: str | Path | Iterable[str | Sequence] | Mapping[str, str] | Input,
    out: str | Path,
    *,
    method: PairMethod | None = None,
    target: str | int | None = None,
    position: int | None = None,
    by: str | None = None,
    summary: PairSummary = "largest",
    shuffles: int = 0,
    estimate: PairEstimate | bool = "attention-gradient",
    apart: int = 6,
    most: int = 1000,
    contacts: str | Path | None = None,
    random_models: int = 3,
    sites: str | Path | None = None,
    pictures: int = 5,
    on_bad: str = "refuse",
    batch_size: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
    planned: Planned | None = None,
) -> Pairs:
    """Which letters of sequences a model reads together: a map for each, and the strongest pairs of all.

    Args:
        model: The model, as `relevome.load_model` gives it.
        sequences: As for `relevome.explain`.
        out: Folder for maps, tables, pictures and the record; one that was stopped goes on.
        method: ``dependency``, ``jacobian``, ``epistasis``, ``attention``, ``attnlrp`` or ``gradient``; see
            `PairSettings`. Default: ``dependency``, and of a model of whole sequences ``epistasis``.
        target: The output of epistasis, by label or index, as for `relevome.explain`. Default: as there.
        position: The letter whose logit that is, of a model with outputs for every letter. Default: none.
        by: The letter that is put in for epistasis. Default: all others, of proteins ``A``.
        summary: What of the combinations of letters epistasis keeps, ``largest`` or ``rms``. Default:
            ``largest``.
        shuffles: Shuffled sequences for each sequence, for false discovery rates. Default: 0, no rates.
        estimate: What stands beside each map, ``attention-gradient``, ``attnlrp``, ``gradient`` or ``none``;
            see `PairSettings`. Default: ``attention-gradient``.
        apart: The least distance of pairs that are listed, and of those over which an estimate is held
            against its map, in letters. Default: 6.
        most: So many of the strongest pairs are listed. Default: 1000.
        contacts: A table of letters that touch in structures, see
            `relevome.data.formats.contacts.read_contacts`: how many of the strongest pairs touch, of the maps
            and of every attention head. Default: none.
        random_models: Models with weights in random order, whose maps, estimates and heads are the null of
            that: as many times the work of the maps again. Default: 3.
        sites: Known sites that are drawn beside maps, a file or words as for `relevome.show`. Default: none.
        pictures: Of so many sequences, from the first, the map is drawn. Default: 5.
        on_bad: What to do with sequences that cannot be used: ``refuse`` or ``skip``. Default: ``refuse``.
        batch_size: Sequences that go through the model at once. Default: derived from the model and the
            number of tokens.
        seed: Of shuffles. Default: 0.
        overwrite: Replace maps that are there. Default: False.
        engine: Where maps are made, of 32 sequences at a time, and held against contacts, one at a time: an
            `Engine`, or the name of one, of `relevome list engines`. Default: ``local``, this process.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many sequences were just done, and of how many in all.
        planned: Called with what the maps will take, from a sample, before anything is written; what it
            raises ends the job. Maps of models with random weights are not in it. Default: nothing is
            estimated.

    Returns:
        The strongest pairs, and by ``.map(sequence_id)`` the map of each sequence.

    Raises:
        InputError: For a model or options that do not go together, what cannot be read, and a folder that
            holds anything else.
    """
    check_choice("--on-bad", on_bad, ("refuse", "skip"))
    chosen, asked = _method(model, method), None
    if chosen == "epistasis" or (chosen == "attention" and not model.kind.by_letter):
        asked = _target(model, target, position)
    elif target is not None or position is not None:
        raise InputError(
            f"--target and --position are of --method epistasis, not of {chosen}: leave them out"
        )
    if chosen == "epistasis" and by is None and model.alphabet.complements is None:
        by = "A"
    settings = PairSettings(
        chosen, None if asked is None else asked.label, position, by, summary, shuffles, estimate, apart,
        most, seed,
    )  # fmt: skip
    if pictures < 0 or random_models < 0:
        raise InputError(f"--pictures {pictures} and --random-models {random_models}: expected 0 or more")
    against = None if contacts is None else AgainstStructures(read_contacts(contacts), random_models)
    source, folder = given_sequences(sequences, model.alphabet), Path(out)
    problems = _problems(source, on_bad)
    known = _known_sites(source, sites)
    sized = model.with_batch_sizes(batch_sizes_of(batch_size))
    maker, question = MapMaker(sized, settings, asked), _question(model, source, settings)
    if planned is not None:
        if not overwrite:
            check_question(folder, question)
        planned(estimate_maps(maker, source, None if overwrite else folder, engine))
    with claimed(folder, question, overwrite):
        say("maps of pairs")
        refused = make_maps(maker, source, folder, on_bad, engine, progress, problems.total)
        say("strongest pairs")
        result = _result(maker, source, folder, settings, problems.refused, refused)
        if against is not None:
            say("contacts")
            result = _with_contacts(result, maker, source, against, engine, progress)
        draw_maps(result, pictures, known, None if against is None else against.contacts)
        write_pairs(result)
    return read_pairs(folder)


@dataclass(frozen=True)
class _Problems:
    """What cannot be read of the input, and how many sequences can."""

    refused: list[dict[str, str]]
    total: int


def _method(model: Model, given: PairMethod | None) -> PairMethod:
    if given is not None:
        return given
    return "dependency" if model.kind.by_letter else "epistasis"


def _target(model: Model, target: str | int | None, position: int | None) -> Target:
    found = resolve_target(model, target, position=position)
    if found.is_predicted:
        raise InputError("--target predicted is another output for every mutant: expected an output")
    return found


def _problems(source: Input, on_bad: str) -> _Problems:
    """Reads all of the input. Raises InputError for the first problem, unless such are skipped."""
    refused, total = [], 0
    for item in source.read():
        if isinstance(item, Problem) and on_bad == "refuse":
            raise InputError(f"{item}; correct it, or leave such sequences out with --on-bad skip")
        if isinstance(item, Problem):
            refused.append({"sequence_id": item.id, "reason": str(item)})
        total += isinstance(item, Sequence)
    return _Problems(refused, total)


def _question(model: Model, source: Input, settings: PairSettings) -> dict[str, Any]:
    about = model.about() | {"task": model.task, "max_tokens": model.max_tokens}
    return {
        "model": about, "input": dict(source.description), "alphabet": model.alphabet.name,
        **settings.of_maps,
    }  # fmt: skip


def _result(
    maker: MapMaker,
    source: Input,
    folder: Path,
    settings: PairSettings,
    unread: list[dict[str, str]],
    without: Mapping[int, dict[str, str]],
) -> Pairs:
    refused = [*unread, *(without[number] for number in sorted(without))]
    ids = {number: one.id for number, one in numbered_sequences(source) if number not in without}
    mapped = tuple(
        MappedSequence(id, number, len(found.letters), _agreement(found, settings))
        for number, id in ids.items()
        for found in (read_map(map_path(folder, number)),)
    )
    if not mapped:
        raise InputError("no sequence has a map: " + "; ".join(one["reason"] for one in refused[:3]))
    found = strongest(((number, read_map(map_path(folder, number))) for number in ids), settings)
    counts = {
        "sequences": len(mapped), "listed": len(found.i), "pairs": found.pairs,
        "null_pairs": found.null_pairs,
    }  # fmt: skip
    agreements = [one.agreement for one in mapped if one.agreement is not None]
    mean = bootstrap_interval(agreements, settings.seed) if len(agreements) > 1 else None
    return Pairs(
        folder, _question(maker.model, source, settings), settings, tuple(_listed(folder, ids, found)),
        mapped, counts, mean, refused, _notes(maker, settings, found),
    )  # fmt: skip


def _with_contacts(
    found: Pairs,
    maker: MapMaker,
    source: Input,
    given: AgainstStructures,
    engine: Engine | str,
    progress: Progress,
) -> Pairs:
    there = {one.number for one in found.sequences}
    held = [one for one in found.sequences if one.sequence_id in given.contacts]
    maps = (
        (number, one, read_map(map_path(found.path, number)))
        for number, one in numbered_sequences(source)
        if number in there
    )
    precisions = against_structures(
        maker.model, maker.target, found.settings, maps, given, found.path, engine,
        lambda count: progress(count, len(held)),
    )  # fmt: skip
    return replace(found, contacts=tuple(precisions), counts={**found.counts, "with_contacts": len(held)})


def _known_sites(source: Input, sites: str | Path | None) -> dict[str, list[Site]]:
    """Those of every sequence, in its letters."""
    if sites is None:
        return {}
    every = [one for _, one in numbered_sequences(source)]
    known = known_sites(sites, every)
    return {one.id: sites_on(one, known) for one in every}


def _agreement(found: KeptMap, settings: PairSettings) -> float | None:
    one = found.estimate
    ours = np.abs(found.values) if settings.method == "epistasis" else found.values
    return None if one is None else rank_agreement(ours, one, settings.apart)


def _listed(folder: Path, ids: Mapping[int, str], found: StrongPairs) -> list[Pair]:
    listed: dict[int, Pair] = {}
    for number in np.unique(found.numbers).tolist():
        kept = read_map(map_path(folder, number))
        for place in np.flatnonzero(found.numbers == number).tolist():
            i, j = int(found.i[place]), int(found.j[place])
            one = kept.estimate
            listed[place] = Pair(
                ids[number], i, j, kept.letters[i], kept.letters[j], float(found.strength[place]),
                _known(kept.values[i, j]), _known(kept.values[j, i]),
                None if one is None else _known(np.fmax(one[i, j], one[j, i])),
                None if found.q is None else float(found.q[place]),
            )  # fmt: skip
    return [listed[place] for place in sorted(listed)]


def _known(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _notes(maker: MapMaker, settings: PairSettings, found: StrongPairs) -> list[str]:
    notes = []
    if maker.no_estimate:
        notes.append(f"there is no estimate: {maker.no_estimate}")
    if settings.shuffles and found.pairs and found.null_pairs:
        least = found.pairs / found.null_pairs
        notes.append(
            f"{found.null_pairs:,} pairs of shuffled sequences: the least false discovery rate that they can "
            f"tell is {least:.3g} over the number of pairs that are as strong"
        )
    if maker.model.kind.ahead and maker.model.alphabet.complements is None:
        notes.append("the model reads one way: of each pair only what the first letter changes is known")
    return notes
