"""The motifs of one or several runs: patterns, names, every place, and known sites."""

from __future__ import annotations

from collections.abc import Sequence as Many
from pathlib import Path
from typing import Any

from relevome.data.formats.meme import read_databases
from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.discovery.known_motifs import check_database, matches
from relevome.discovery.motifs.on_sites import adjusted
from relevome.discovery.motifs.stability import recurring
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer, model_of
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.motifs.asking import CausesAsked, causes_by, estimate_causes
from relevome.jobs.motifs.nulls import check_nulls
from relevome.jobs.motifs.of_run import MotifsAsked, MotifsOfRun, both_strands, motifs_of_run
from relevome.jobs.motifs.run_maps import alphabet_of
from relevome.jobs.running.estimates import Planned
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.report.motifs.page import write_motifs_page
from relevome.results.motifs.answers import KeptAnswers
from relevome.results.motifs.causes import MotifCauses, together
from relevome.results.motifs.folder import FOLDER, write_relevant_motifs
from relevome.results.motifs.motifs import (
    MotifForm,
    MotifPlaces,
    RelevantMotif,
    RelevantMotifs,
    consensus,
)
from relevome.results.motifs.settings import MotifNull, MotifSearch, MotifWay, Strands
from relevome.results.run.reader import Run
from relevome.words import counted

PathLike = str | Path
_KEPT = 10  # matches of a motif


@FOLDER.alone
def motifs(
    runs: Run | PathLike | Many[Run | PathLike],
    *,
    target: str | None = None,
    way: MotifWay = "align",
    fdr: float = 0.05,
    candidates: float = 0.5,
    fewest: int = 20,
    strands: Strands = "auto",
    shuffles: Run | PathLike | Many[Run | PathLike] = (),
    random_models: Run | PathLike | Many[Run | PathLike] = (),
    null: MotifNull = "pairs",
    draws: int = 2,
    database: PathLike | Many[PathLike] = (),
    sites: PathLike | None = None,
    features: Many[str] = (),
    level: float = 0.05,
    causes: bool = False,
    models: Model | PathLike | Many[Model | PathLike] = (),
    device: str = "auto",
    trust_remote_code: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
    out: PathLike | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
    planned: Planned | None = None,
) -> RelevantMotifs:
    """Say what motifs a model looks for: relevance of like letters, what that is, and every place of it.

    Stretches that exceed all nulls are seqlets, those that are alike make a motif, and every place whose
    relevance has its shape, more than in any null, is a hit (see `relevome.discovery.motifs`). Of several
    runs, such as trainings with other seeds or folds, each has motifs of its own, and those that are the same
    are of one kind.

    Args:
        runs: A run of `explain` or its folder, or several of one method and kind of sequences.
        target: Which target, needed of a run of several. Default: the only one.
        way: Patterns by aligned seqlets (``align``, the default), by TF-MoDISco (``modisco``), or by
            TF-MoDISco where the run has scores of every base and the extra is installed (``auto``).
        fdr: False discovery rate of motifs, and of hits. Default: 0.05.
        candidates: False discovery rate of the seqlets that motifs are made of, ``fdr`` where that is more.
            Default: 0.5.
        fewest: Seqlets that a motif has at least. Default: 20.
        strands: Whether motifs may lie on ``both`` strands, or ``one``. Default: both for DNA alone.
        shuffles: A run of the same model, method and options on shuffled sequences, as a null; of several
            runs one of each, found by its model. Default: none.
        random_models: Runs of models with random weights, asked in the same way, each a null, or one run.
            Default: none.
        null: Without either, relevance in random order among equal ``pairs`` of letters (default) or equal
            ``letters``; that of tokens of several letters among tokens of as many.
        draws: Random orders. Default: 2.
        database: MEME files of known motifs to name motifs by, or one. Default: none.
        sites: Known sites that hits may lie on: BED, GFF3, UniProt, a table, or such as ``pattern:C-x-C``.
        features: Types of features in ``sites``. Default: all.
        level: False discovery rate of names and known sites. Default: 0.05.
        causes: Ask the model of each run what it says without each motif, beside windows of the same letters,
            and with motifs put into shuffles of its sequences: each by place, and every two of the three with
            most places by distance. Default: it is not asked.
        models: The models of the runs, or where they are now; of one run also its model alone. Default:
            where the runs say.
        device: Where a model runs. Default: the best there is.
        trust_remote_code: Run code that comes with a checkpoint. Default: False.
        batch_size: Sequences that go through a model at once. Default: derived from the model and the number
            of tokens.
        seed: Of what is drawn. Default: 0.
        out: Folder for tables, matrices, pictures and the record. Default: nothing is written.
        overwrite: Replace an earlier result in ``out``. Default: False.
        engine: Where models are asked for ``causes``: an `Engine`, or the name of one, of `relevome list
            engines`. Motifs are looked for here. Default: ``local``, this process.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many runs were just done, and of how many.
        planned: Called with what asking the models will take, from a sample, when motifs are known and before
            anything is written; what it raises ends the job. Default: nothing is estimated.

    Returns:
        The motifs with their matrices, names and places; why there are none where there are none.

    Raises:
        InputError: For numbers that cannot be, runs that are unlike, an empty run, several targets of which
            none is named, nulls of another model, method or options, a database of other letters or fewer
            than 25 motifs, sites on none of the sequences, TF-MoDISco where it cannot be, a plan where no
            model is asked, and a folder that is not free.
    """
    search = MotifSearch(way, fdr, fewest, strands, null, draws, level, seed, candidates)
    opened = _opened(runs)
    beside, random = _opened(shuffles), _opened(random_models)
    _check_alike(opened)
    given = [models] if isinstance(models, Model | str | Path) else models
    if given and len(given) != len(opened):
        raise InputError(
            f"{len(given)} models of {counted(len(opened), 'run')}: expected one of each, in their order"
        )
    if planned is not None and not causes:
        raise InputError("nothing of this asks a model, which a plan is of: ask with --causes")
    asking = _models(opened, given, device, trust_remote_code, batch_size) if causes else []
    alphabet = alphabet_of(opened[0])
    both_strands(alphabet, search)
    check_nulls(opened, beside, random)
    files = [database] if isinstance(database, str | Path) else database
    known = _database(files, alphabet)
    asked = MotifsAsked(
        target, search, beside, random, None if sites is None else str(sites), tuple(features)
    )
    found: list[MotifsOfRun] = []
    for number, run in enumerate(opened, start=1):
        say("looking for motifs" + f" in run {number} of {len(opened)}" * (len(opened) > 1))
        found.append(motifs_of_run(run, number, len(opened) > 1, asked))
        progress(1, len(opened))
    folder = None if out is None else Path(out)
    every = [
        CausesAsked(run, model, target, one, seed)
        for run, model, one in zip(opened, asking, found, strict=False)
    ]
    if planned is not None:
        planned(estimate_causes(every, batch_size, engine, folder))
    told: list[MotifCauses] = []
    for one in every:
        say(f"asking the model of {one.run.path} without motifs, and with them elsewhere")
        told.append(causes_by(engine, one, folder))
    if known:
        say("comparing motifs with known ones")
    result = RelevantMotifs(
        _about(opened, asked, found, files), search, alphabet,
        tuple(_motifs(found, alphabet, known, search)),
        tuple(hit for one in found for hit in one.hits),
        tuple(seqlet for one in found for seqlet in one.seqlets),
        tuple(adjusted([row for one in found for row in one.on_sites])),
        tuple(one.counts for one in found),
        _by_run(found, [one.found.reasons for one in found]), _by_run(found, [one.notes for one in found]),
        together(told) if causes else None,
    )  # fmt: skip
    if folder is not None:
        say("writing tables and pictures")
        FOLDER.clear(folder)
        write_motifs_page(result, folder)
        write_relevant_motifs(result, folder)
        KeptAnswers(folder).remove()
    return result


def _opened(runs: Run | PathLike | Many[Run | PathLike]) -> tuple[Run, ...]:
    several = [runs] if isinstance(runs, Run | str | Path) else runs
    return tuple(one if isinstance(one, Run) else Run(one) for one in several)


def _models(
    runs: Many[Run],
    given: Many[Model | PathLike],
    device: str,
    trust_remote_code: bool,
    batch_size: int | None,
) -> list[Model]:
    """The model of each run. Raises InputError where one is not there, or is another."""
    found: list[Model] = []
    for run, one in zip(runs, given or [None] * len(runs), strict=True):
        model = one if isinstance(one, Model) else model_of(run, one, device, trust_remote_code)
        explainer(run, model)  # which refuses another model, before anything is looked for
        found.append(model.with_batch_sizes(batch_sizes_of(batch_size)))
    return found


def _check_alike(runs: Many[Run]) -> None:
    """Raises InputError for no run, and for runs of other letters or another method than the first."""
    if not runs:
        raise InputError("no run was given: expected one or more folders of relevome explain")
    for one in runs[1:]:
        for name in ("alphabet", "method"):
            if one.manifest.get(name) != runs[0].manifest.get(name):
                raise InputError(
                    f"{one.path} is of another {name} than {runs[0].path}: expected runs of one kind, such "
                    "as trainings with other seeds"
                )


def _database(paths: Many[PathLike], alphabet: Alphabet) -> list[Motif]:
    """Known motifs of all files. Raises InputError for those of another alphabet, and for a few."""
    if not paths:
        return []
    found = read_databases(paths)
    check_database(found, alphabet)
    return found


def _motifs(
    found: Many[MotifsOfRun], alphabet: Alphabet, known: Many[Motif], search: MotifSearch
) -> list[RelevantMotif]:
    """Of all runs, with what is the same over runs, and their names."""
    named = [
        (number, name, one)
        for number, run in enumerate(found, start=1)
        for name, one in zip(run.names, run.found.patterns, strict=True)
    ]
    compared = matches([one.motif(name) for _, name, one in named], known, search.seed) if known else []
    best = [tuple(some[:_KEPT]) for some in compared] or [()] * len(named)
    kinds = _kinds(found, alphabet, search)
    return [
        RelevantMotif(
            name, number, one.sign, one.counts, one.contributions, one.seqlets, one.method, *kinds[name],
            some, MotifPlaces(one.sequence, one.start, one.turned),
            tuple(MotifForm(consensus(form.motif(name)), form.seqlets) for form in one.forms),
        )
        for (number, name, one), some in zip(named, best, strict=True)
    ]  # fmt: skip


def _kinds(
    found: Many[MotifsOfRun], alphabet: Alphabet, search: MotifSearch
) -> dict[str, tuple[int, int, float]]:
    """Of every motif by name: the number of its kind, in how many runs that is, and how alike its motifs."""
    patterns = [one.found.patterns for one in found]
    same = recurring(patterns, both_strands=both_strands(alphabet, search))
    return {
        found[run].names[pattern]: (kind, one.runs, one.similarity)
        for kind, one in enumerate(same, start=1)
        for run, pattern in one.members
    }


def _by_run(found: Many[MotifsOfRun], words: Many[Many[str]]) -> tuple[str, ...]:
    """What is said of each run, by its number where there are several."""
    if len(found) == 1:
        return tuple(words[0])
    return tuple(f"run {number}: {one}" for number, some in enumerate(words, start=1) for one in some)


def _about(
    runs: Many[Run], asked: MotifsAsked, found: Many[MotifsOfRun], database: Many[PathLike]
) -> dict[str, Any]:
    return {
        "runs": [str(run.path) for run in runs],
        "models": [dict(run.manifest.get("model") or {}) for run in runs],
        "method": runs[0].manifest.get("method"), "target": asked.target or ", ".join(runs[0].targets),
        "shuffles": [str(run.path) for run in asked.shuffles],
        "random_models": [str(run.path) for run in asked.random_models],
        "nulls": sorted({name for one in found for name in one.nulls}), "database": list(map(str, database)),
        "sites": asked.sites, "features": list(asked.features),
    }  # fmt: skip
