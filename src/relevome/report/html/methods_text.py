"""How what a page shows was made, in sentences that can go into a paper, with references and commands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from relevome.report.html.parts import ShownResult
from relevome.report.html.references import COLOURS, LICENCES, METHODS, Statistic
from relevome.report.html.run_options import options_in_words
from relevome.report.html.structures import ShownStructure, structures_text
from relevome.report.html.targets import targets_said
from relevome.results.run.reader import Run

_LIBRARIES = {
    "torch": "PyTorch",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "numpy": "NumPy",
}


def methods_content(
    runs: Sequence[Run],
    results: Sequence[ShownResult],
    structures: Sequence[ShownStructure] = (),
    trainings: Sequence[Sequence[str]] = (),
) -> dict[str, Any]:
    """The last part of the page.

    Args:
        runs: The runs that are shown.
        results: All other results, whose records have a ``command``, and whose parts their statistics.
        structures: That are shown.
        trainings: Arguments of the commands by which models were trained.

    Returns:
        ``text``, a paragraph for the runs of each model and one on statistics; ``references``; ``commands``
        by which all of it was made, as a shell takes them, without models and results that were made from
        Python; and ``licences``.
    """
    text = _paragraphs(runs)
    cited = [
        METHODS[name].reference for name in dict.fromkeys(_method(run) for run in runs) if name in METHODS
    ]
    used: dict[Statistic, dict[str, None]] = {}
    for one in results:
        for statistic in one.part.statistics:
            used.setdefault(statistic, {})[one.part.title] = None
    text += [f"{_statistics(used)}."] if used else []
    cited += [statistic.reference for statistic in used]
    more, cited_there = structures_text(structures)
    text += more
    cited += cited_there
    made = [list(command) for command in trainings]
    made += [run.manifest.get("command") for run in runs] + [one.record.get("command") for one in results]
    return {
        "text": text,
        "references": sorted({*cited, COLOURS}),
        "commands": list(dict.fromkeys(as_typed(one) for one in made if isinstance(one, list))),
        "licences": list(LICENCES),
    }


def _statistics(used: Mapping[Statistic, Collection[str]]) -> str:
    """Of which parts which statistics are."""
    said = [
        f"of {', '.join(repr(title) for title in titles)} {statistic.clause} ({_short(statistic.reference)})"
        for statistic, titles in used.items()
    ]
    text = "; ".join(said)
    return text[0].upper() + text[1:]


def as_typed(command: Sequence[Any]) -> str:
    """The arguments of a command as a shell takes them."""
    return shlex.join(["relevome", *map(str, command)])


def _method(run: Run) -> str:
    return str(run.manifest.get("method"))


def _paragraphs(runs: Sequence[Run]) -> list[str]:
    """A paragraph for all runs that differ in their method alone, or in how it was asked."""
    methods: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
    for run in runs:
        way = (_method(run), *options_in_words(run.manifest))
        methods.setdefault((_explained(run), _computed(run)), {})[way] = None
    return [
        f"{what} {'; '.join(_by(ways))}. It was computed with {how}." for (what, how), ways in methods.items()
    ]


def _by(ways: Collection[tuple[str, ...]]) -> Iterator[str]:
    """Every method with what is set of its options; what it is, with its source, at its first mention."""
    said: set[str] = set()
    for name, *asked in ways:
        known = METHODS.get(name) if name not in said else None
        said.add(name)
        what = f"{name}, {known.does} ({_short(known.reference)})" if known else name
        yield ", ".join([f"by {what}", *asked])


def _explained(run: Run) -> str:
    """What was explained, of which model."""
    said, counts = run.manifest, run.counts
    kind = {"dna": "DNA", "rna": "RNA"}.get(str(said.get("alphabet")), str(said.get("alphabet")))
    return (
        f"{counts.explained:,} of {counts.read:,} {kind} sequences were explained for the target "
        f"{targets_said(run, 5, quoted=True)} of {_model(said.get('model', {}))}"
    )


def _computed(run: Run) -> str:
    """The libraries on which numbers depend, and the seed."""
    versions = run.manifest.get("library_versions", {})
    used = [f"{title} {versions[key]}" for key, title in _LIBRARIES.items() if key in versions]
    by = f"relevome {versions.get('relevome', '')}" + (f" ({', '.join(used)})" if used else "")
    return f"{by}, seed {run.manifest.get('seed', 0)}"


def _model(said: Mapping[str, Any]) -> str:
    digest = said.get("sha256")
    known = f" (sha256 {str(digest)[:12]})" if digest else ""
    return f"{said.get('class', 'the model')}{known}"


def _short(reference: str) -> str:
    """The first author and the year of a reference."""
    authors, year = reference.split("(", 1)[0].strip(), reference.split("(", 1)[1][:4]
    first = authors.split(",")[0].split()[0]
    return f"{first} et al. {year}" if "," in authors or "et al." in authors else f"{first} {year}"
