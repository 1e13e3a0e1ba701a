"""What study C shows over all its tasks: tables, and words."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.folder import whole_file
from relevome.results.tables import write_tsv
from relevome.studies.protein_tasks import Asked

_PAGE, _ROWS = "study.md", "study.tsv"
_LEARNT = ("auroc", "average_precision", "mcc", "accuracy")
# The statistic of the published study, which the page speaks of; study.tsv has all.
_STATISTIC = "point-biserial"
_MEASURE = "logit"
_EVALUATED = ("auroc", "normalised-area-between-curves", "effective-letters")

Row = dict[str, str]


@dataclass(frozen=True)
class Shown:
    """What the commands left of one question. ``heads`` are rows of `relevome heads`, by method."""

    asked: Asked
    learnt: Mapping[str, float]
    heads: Mapping[str, list[Row]]
    areas: Mapping[str, list[Row]]
    scores: list[Row]

    @classmethod
    def of(cls, asked: Asked, study: Path) -> Shown:
        """Reads the folders of a study."""
        folder = study / asked.folder
        learnt = json.loads((study / asked.model / "metrics.json").read_text(encoding="utf-8"))["test"]
        heads = {path.parent.name: _read(path) for path in sorted((folder / "heads").glob("*/heads.tsv"))}
        areas = {path.parent.name: _read(path) for path in sorted(folder.glob("substitution/*/areas.tsv"))}
        return cls(asked, learnt, heads, areas, _read(folder / "comparison" / "table.tsv"))

    @property
    def name(self) -> str:
        """The task, or one class of it."""
        return self.asked.folder

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Methods with heads, each with every type of segments."""
        return [(method, kind) for method in self.heads for kind in self.asked.kinds]

    def tested(self, method: str, kind: str) -> list[Row]:
        """Rows of the statistic of the page for all proteins: the embedding first, then every head."""
        wanted = ("all", kind, _STATISTIC)
        return [row for row in self.heads[method] if (row["class"], row["type"], row["metric"]) == wanted]

    def specialised(self, method: str, kind: str) -> list[Row]:
        """Heads that pass the published test and both nulls, those with most left over them first."""
        chosen = [row for row in self.tested(method, kind)[1:] if row["specialised"] == "1"]
        return sorted(chosen, key=lambda row: -min(float(row["exchange_left"]), float(row["random_left"])))


def conclude(folder: Path, asked: Sequence[Asked]) -> list[str]:
    """``study.md`` with words and tables on all that was asked, ``study.tsv`` with all heads; gives words."""
    shown = [Shown.of(one, folder) for one in asked]
    models = list({one.asked.model: one for one in reversed(shown)}.values())[::-1]
    said = [_learnt(one) for one in models]
    said += [f"{one.name}: {line}" for one in shown for line in _words(one)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(models, shown, said), encoding="utf-8")
    rows = [
        {"task": one.name, "method": method, **row}
        for one in shown
        for method, found in one.heads.items()
        for row in found
    ]
    write_tsv(folder / _ROWS, list(rows[0]), (row.values() for row in rows))
    return [*said, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all heads"]


def _page(models: list[Shown], shown: list[Shown], said: list[str]) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(models))]
    for one in shown:
        parts += [f"## {one.name}\n", markdown(_embeddings(one)), markdown(_substitutions(one))]
        parts += [markdown(_evaluations(one))]
        parts += [markdown(_heads(one, method, kind)) for method, kind in one.tests]
        parts.append(f"Maps of all heads are in `{one.name}/heads`, curves in `{one.name}/substitution`.\n")
    return "\n".join(parts)


def _models(shown: list[Shown]) -> Table:
    rows = tuple(
        (Cell(one.asked.model), *(Cell(f"{one.learnt[name]:.3f}") for name in _LEARNT)) for one in shown
    )
    header = ("model", "AUROC", "average precision", "MCC", "accuracy")
    return Table("What the models have learnt, on proteins held out.", header, rows)


def _embeddings(one: Shown) -> Table:
    """Relevance of residues against the segments, a row for every method and type."""
    rows = []
    for method, kind in one.tests:
        row, *heads = one.tested(method, kind)
        count = sum(head["significant"] == "1" for head in heads)
        cells = (_effect(row), _p(row["p"]), _left(row, "exchange"), _left(row, "random"))
        many = f"{count}, {len(one.specialised(method, kind))} of {len(heads)}"
        rows.append((Cell(method), Cell(kind), Cell(row["proteins"]), *map(Cell, cells), Cell(many)))
    caption = (
        "Relevance of residues at the embedding against annotated segments: median of point-biserial r over "
        "proteins with its 95% interval, one-sided p of Wilcoxon's test; what is left of r over exchanges of "
        "the annotation among like letters, and over models with random weights, with q; and of all heads "
        "how many are significant and how many specialised."
    )
    header = ("method", "segments", "proteins", "r", "p", "over composition", "over random weights", "heads")
    return Table(caption, header, tuple(rows), words=2)


def _heads(one: Shown, method: str, kind: str) -> Table:
    rows = [
        (
            Cell(f"{row['layer']}.{row['head']}", row["specialised"] == "1"), Cell(_effect(row)),
            Cell(_p(row["q"])), Cell(_left(row, "exchange")), Cell(_left(row, "random")),
            Cell(_p(row["random_rank"])),
        )
        for row in one.tested(method, kind)[1:]
        if row["significant"] == "1"
    ]  # fmt: skip
    caption = (
        f"{method}, {kind}: every significant head (layer.head, from 0), bold if specialised: its effect "
        "remains over both nulls. The last column is the share of heads of models with random weights whose "
        "effect is as large."
    )
    header = ("head", "r", "q", "over composition", "over random weights", "random as large")
    return Table(caption, header, tuple(rows))


def _substitutions(one: Shown) -> Table:
    """Area between replacing by relevance and in random order."""
    rows = [
        (
            Cell(method), Cell(f"{row['upper']} over {row['lower']}"),
            Cell(_numbers(row, "mean", "low", "high")), Cell("yes" if row["excludes_0"] == "1" else "no"),
        )
        for method, found in one.areas.items()
        for row in found
        if row["measure"] == _MEASURE
    ]  # fmt: skip
    caption = (
        "Residues replaced, 1, 2, 4, ... 64 of them, by relevance (most, least) and at random: areas between "
        f"the curves of the {_MEASURE}, with 95% intervals."
    )
    return Table(caption, ("method", "curves", "area", "excludes 0"), tuple(rows), words=2)


def _evaluations(one: Shown) -> Table:
    scores = {(row["run"], row["metric"]): row for row in one.scores if row["level"] == "letters"}
    runs = list(dict.fromkeys(run for run, _ in scores))
    metrics = [metric for metric in _EVALUATED if (runs[0], metric) in scores]
    rows = tuple(
        (Cell(run), *(Cell(_numbers(scores[run, metric], "mean", "low", "high")) for metric in metrics))
        for run in runs
    )
    return Table("Some scores of relevome evaluate, means with 95% intervals.", ("method", *metrics), rows)


def _learnt(one: Shown) -> str:
    return f"{one.asked.model} tells held-out proteins apart with an AUROC of {one.learnt['auroc']:.3f}"


def _words(one: Shown) -> Iterator[str]:
    """What carries the relevance, and what nulls leave of it."""
    for method, kind in one.tests:
        row, *heads = one.tested(method, kind)
        significant = [head for head in heads if head["significant"] == "1"]
        special = [f"{head['layer']}.{head['head']}" for head in one.specialised(method, kind)]
        named = f" ({', '.join(special)})" * bool(special)
        yield (
            f"{method}, {kind}: r of residues is {_effect(row)}, p {_p(row['p'])}; {len(significant)} of "
            f"{len(heads)} heads are significant, {len(special)} specialised{named}"
        )


def _effect(row: Row) -> str:
    return _numbers(row, "effect", "low", "high")


def _numbers(row: Row, *names: str) -> str:
    """A number and its interval, empty where there is none."""
    return interval(*(float(row[name]) for name in names)) if all(row[name] for name in names) else ""


def _left(row: Row, null: str) -> str:
    left, q = row[f"{null}_left"], row[f"{null}_q"]
    return f"{number(float(left))} (q {_p(q)})" if left and q else ""


def _p(text: str) -> str:
    return number(float(text)) if text else ""


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
