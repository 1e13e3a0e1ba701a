"""The folder that `relevome evaluate` leaves, and back: settings and sums as JSON, all values as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.curves import FaithfulnessCurves
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import OTHERS, OWN, Excess, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.folder import ResultFolder
from relevome.results.kinds import of_its_kind
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

SCHEMA_VERSION = 1
NAME = "scores.json"
VALUES, SEQUENCES, CURVES = "values.tsv", "sequences.tsv", "curves.tsv"

# What evaluate and compare leave: either may take the other's place.
SCORES_FOLDER = ResultFolder(
    (NAME, "comparison.json", "table.tsv"),
    (
        "scores.tsv", "scores.md", "scores.png", "table.md", "table.tex", "curves*.*", VALUES, SEQUENCES,
        "tests.tsv", "similarity.tsv",
    ),
)  # fmt: skip

_PLAIN = ("metric", "kind", "level", "direction", "mean", "low", "high")


def is_scores(folder: str | Path) -> bool:
    """Whether this is a folder that `write_evaluation` left."""
    return (Path(folder) / NAME).is_file()


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write all of it into a folder that is there; the file with the sums comes last."""
    write_tsv(folder / SEQUENCES, ("sequence_id", "letters_sha256"), evaluation.sequences.items())
    write_tsv(
        folder / VALUES,
        ("metric", "level", "sequence_id", "value", "random_order", "shuffled", *OTHERS, OWN),
        ((one.metric, one.level, *row) for one in evaluation.scores for row in value_rows(one)),
    )
    if evaluation.curves:
        header = ("level", "sequence_id", "share", "morf", "lerf", "random_order")
        write_tsv(folder / CURVES, header, _curve_rows(evaluation))
    write_record(folder / NAME, _content(evaluation))


def value_rows(one: MetricScores) -> Iterator[tuple[Any, ...]]:
    """For every sequence: its id, its value, that of random orders, of shuffles, of `OTHERS`, and `OWN`."""
    none = (None,) * one.n
    others = (one.others.get(name, none) for name in OTHERS)
    own = one.model_values or none
    return zip(one.sequence_ids, one.values, one.random_values, one.null_values, *others, own, strict=True)


def _curve_rows(evaluation: Evaluation) -> Iterator[tuple[Any, ...]]:
    for level, found in (evaluation.curves or {}).items():
        for name, one in found.items():
            numbers = zip(one.shares, one.morf, one.lerf, one.random.mean(0), strict=True)
            yield from ((level, name, *map(float, row)) for row in numbers)


def _content(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        **evaluation.about,
        "settings": asdict(evaluation.settings),
        "sequences": len(evaluation.sequences),
        "scores": [score_record(one) for one in evaluation.scores],
        "checks": [asdict(check) for check in evaluation.checks],
        "layers": evaluation.layers,
        "notes": list(evaluation.notes),
        **provenance(),
    }


def score_record(one: MetricScores) -> dict[str, Any]:
    """Names and sums of a metric, as JSON can hold them; its values are in a table."""
    estimates = {
        name: None if found is None else found._asdict()
        for name, found in (("random_order", one.random), ("shuffled", one.null), (OWN, one.model))
    }
    said = {name: getattr(one, name) for name in _PLAIN}
    over = {"excess": one.excess, "over_exchange": one.over_exchange}
    excess = {name: None if found is None else found._asdict() for name, found in over.items()}
    return said | {"sequences": one.n, "left_out": dict(one.left_out)} | estimates | excess


def read_evaluation(folder: str | Path) -> Evaluation:
    """An evaluation as it was written; of its curves the random orders come as their mean.

    Raises InputError for a folder that is none, is of a later version, or is damaged.
    """
    path = Path(folder)
    said = read_record(path / NAME, SCHEMA_VERSION, "relevome evaluate")
    with reading(path, "evaluate the run again with --overwrite"):
        return of_its_kind(_evaluation(path, said))


def _evaluation(path: Path, said: dict[str, Any]) -> Evaluation:
    values: dict[tuple[str, str], list[list[str]]] = {}
    for metric, level, *row in read_tsv(path / VALUES):
        values.setdefault((metric, level), []).append(row)
    own = (
        "schema_version",
        "settings",
        "sequences",
        "scores",
        "checks",
        "layers",
        "notes",
        "command",
        "library_versions",
    )
    return Evaluation(
        {key: value for key, value in said.items() if key not in own},
        read_settings(said["settings"]),
        dict(read_tsv(path / SEQUENCES)),
        tuple(read_score(one, values[one["metric"], one["level"]]) for one in said["scores"]),
        tuple(Check(**check) for check in said["checks"]),
        _read_curves(path / CURVES),
        said["layers"],
        tuple(said["notes"]),
    )


def read_settings(said: dict[str, Any]) -> EvaluationSettings:
    """Settings as JSON has them."""
    fields: dict[str, Any] = {**said, "metrics": tuple(said["metrics"])}
    return EvaluationSettings(**fields)


def read_score(said: dict[str, Any], rows: list[list[str]]) -> MetricScores:
    """A metric from its `score_record` and the rows of its values, as `value_rows` has them."""
    random, null = (said[name] and Estimate(**said[name]) for name in ("random_order", "shuffled"))
    names, *columns = zip(*rows, strict=True)
    if len(names) != said["sequences"]:
        raise ValueError(
            f"{said['metric']} has values of {counted(len(names), 'sequence')}, not {said['sequences']}"
        )
    values = tuple(map(float, columns[0]))
    others = [[float(text) if text else None for text in column] for column in columns[1:]]
    own = tuple(others[-1]) if len(others) > 2 + len(OTHERS) else ()  # earlier ones have none
    return MetricScores(
        **{name: said[name] for name in _PLAIN},
        random=random,
        null=null,
        left_out=said["left_out"],
        sequence_ids=tuple(names),
        values=values,
        random_values=tuple(others[0]),
        null_values=tuple(others[1]),
        others={
            name: tuple(found)
            for name, found in zip(OTHERS, others[2:], strict=False)  # earlier ones have none
            if any(one is not None for one in found)
        },
        excess=said.get("excess") and Excess(**said["excess"]),
        over_exchange=said.get("over_exchange") and Excess(**said["over_exchange"]),
        model=said.get(OWN) and Estimate(**said[OWN]),
        model_values=own if any(one is not None for one in own) else (),
    )


def _read_curves(path: Path) -> dict[Any, dict[str, FaithfulnessCurves]] | None:
    if not path.is_file():
        return None
    rows: dict[str, dict[str, list[list[float]]]] = {}
    for level, name, *numbers in read_tsv(path):
        rows.setdefault(level, {}).setdefault(name, []).append([float(number) for number in numbers])
    return {
        level: {name: _curves(np.array(found)) for name, found in by_name.items()}
        for level, by_name in rows.items()
    }


def _curves(numbers: np.ndarray) -> FaithfulnessCurves:
    shares, morf, lerf, random = numbers.T
    return FaithfulnessCurves(shares, morf, lerf, random[None])
