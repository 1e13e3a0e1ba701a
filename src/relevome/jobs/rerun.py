"""A run once more, from its own record, and whether it says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relevome.attribution import methods
from relevome.data.inputs import from_description, given_sequences
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer, model_of
from relevome.jobs import Progress
from relevome.jobs.explain import run_plan
from relevome.jobs.running.positions import positions_of
from relevome.jobs.running.shards import Plan
from relevome.models.base import Model
from relevome.options import configured
from relevome.results.record import provenance
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.stores.place import Place, named_place


@dataclass(frozen=True)
class Repeated:
    """A run beside the one that it repeats.

    Attributes:
        run: The new run.
        rows: Rows that both have.
        identical: Of these, those whose scores and relevance are the same to the last bit.
        largest_difference: The largest difference of relevance at a letter, as a share of the largest
            relevance of its row in the first run; 0 without rows.
        differs_most: Where that is, as an id and a target; None where nothing differs.
        missing: Rows of the first run that the new one lacks, by id and target.
        added: Rows that only the new one has.
        versions: Libraries of another version than those of the first run: name, then and now.
    """

    run: Run
    rows: int
    identical: int
    largest_difference: float
    differs_most: tuple[str, str] | None
    missing: tuple[tuple[str, str], ...]
    added: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str, str], ...]

    def same(self, tolerance: float = 1e-3) -> bool:
        """Whether both have the same rows, and relevance that differs by no more than this share."""
        return not (self.missing or self.added) and self.largest_difference <= tolerance


def rerun(
    run: Run | str | Path,
    out: str | Place,
    *,
    model: Model | str | Path | None = None,
    sequences: Any = None,
    device: str = "auto",
    engine: Engine | str = "local",
    overwrite: bool = False,
    trust_remote_code: bool = False,
    progress: Progress | None = None,
) -> Repeated:
    """Make a run again, from what its record says, and compare the two row by row.

    The model must be that of the run by its digest, and the sequences those of the digest on record; method,
    options, targets, seed and batch sizes are those of the record.

    Args:
        run: The run, or its folder.
        out: Folder for the new one.
        model: The model, or where it is now. Default: where the record says.
        sequences: What was explained, as `explain` takes it. Default: the file that the record names.
        device: Where the model runs, of one that is loaded here. Default: the best there is.
        engine: Where shards are computed. Default: this process.
        overwrite: Replace another run that is in ``out``. Default: False.
        trust_remote_code: Run code that comes with a checkpoint. Default: False.
        progress: As that of `explain`.

    Returns:
        The new run, with how much it differs.

    Raises:
        InputError: For a run that is not finished, another model or other sequences, and what `explain`
            raises.
    """
    first = run if isinstance(run, Run) else Run(run)
    said = first.manifest
    if first.status != "finished":
        raise InputError(f"{first.path} is {first.status}: only a finished run can be repeated")
    folder = named_place(out)
    if folder.resolve() == first.path.resolve():
        raise InputError(f"{out} is the run that is repeated: choose another folder with -o")
    loaded = model if isinstance(model, Model) else model_of(first, model, device, trust_remote_code)
    how = explainer(first, loaded)
    try:
        source = (
            from_description(said["input"], loaded.alphabet)
            if sequences is None
            else given_sequences(sequences, loaded.alphabet)
        )
    except InputError as error:
        raise InputError(f"{first.path} cannot be repeated: {error}; give them with --sequences") from error
    options = {name: value for name, value in said["parameters"].items() if value is not None}
    plan = Plan(
        configured(methods[said["method"]], f"method {said['method']}", options),
        said["method"],
        how.targets,
        how.lift,
        how.readings,
        said["letter_scores"],
        said["long"],
        said["on_bad"],
        said["seed"],
        positions_of(said.get("positions", {}).get("said"), source),
        said.get("chosen"),
    )
    sizes = said["batch_size"]
    made = run_plan(
        loaded, source, plan, folder, batch_size=sizes if isinstance(sizes, int) else None, sizes=sizes,
        overwrite=overwrite, engine=engine, progress=progress,
    )  # fmt: skip
    return _compared(first, made)


def _compared(first: Run, made: Run) -> Repeated:
    """Two runs row by row: in both, rows are in the order of the input."""
    before, after = _names(first), _names(made)
    both = set(before) & set(after)
    identical, largest, where = 0, 0.0, None
    for old, new in zip(_rows(first, both), _rows(made, both), strict=True):
        found = _difference(old, new)
        identical += found == 0.0 and old.score == new.score
        if found > largest:
            largest, where = found, (old.sequence_id, old.target)
    missing = tuple(name for name in before if name not in both)
    added = tuple(name for name in after if name not in both)
    return Repeated(made, len(both), identical, largest, where, missing, added, _versions(first))


def _names(run: Run) -> list[tuple[str, str]]:
    """Id and target of every row."""
    columns = ["sequence_id", "target"]
    return [tuple(row.values()) for table in run.tables(columns) for row in table.to_pylist()]


def _rows(run: Run, wanted: set[tuple[str, str]]) -> Iterator[Explanation]:
    return (row for row in run if (row.sequence_id, row.target) in wanted)


def _versions(first: Run) -> tuple[tuple[str, str, str], ...]:
    """Libraries that are others now."""
    then, now = first.manifest.get("library_versions", {}), provenance()["library_versions"]
    return tuple((name, str(then[name]), now[name]) for name in now if then.get(name, now[name]) != now[name])


def _difference(old: Explanation, new: Explanation) -> float:
    """The largest difference of relevance, as a share of the largest relevance."""
    if len(old.relevance) != len(new.relevance):
        return float("inf")
    largest = float(np.abs(old.relevance).max(initial=0.0))
    found = float(np.abs(old.relevance.astype(np.float64) - new.relevance).max(initial=0.0))
    return found / largest if largest else (float("inf") if found else 0.0)
