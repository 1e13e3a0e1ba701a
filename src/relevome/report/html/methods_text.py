"""How what a page shows was made, in sentences that can go into a paper, with references and commands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from relevome.report.html.parts import ShownResult
from relevome.report.html.references import COLOURS, LICENCES, METHODS, Statistic
from relevome.report.html.structures import ShownStructure, structures_text
from relevome.results.run.reader import Run

_LIBRARIES = {
    "torch": "PyTorch",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "numpy": "NumPy",
}


def methods_content(
    runs: Sequence[Run], results: Sequence[ShownResult], structures: Sequence[ShownStructure] = ()
) -> dict[str, Any]:
    """The last part of the page.

    Args:
        runs: The runs that are shown.
        results: All other results, whose records have a ``command``, and whose parts their statistics.
        structures: That are shown.

    Returns:
        ``text``, a paragraph for the runs of each model and one on statistics; ``references``; ``commands``
        by which all of it was made, as a shell takes them, without results that were made from Python; and
        ``licences``.
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
    made = [run.manifest.get("command") for run in runs] + [one.record.get("command") for one in results]
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


def set_options(said: Mapping[str, Any]) -> dict[str, Any]:
    """Of the options of a method, in what a run says of it, those that are on or have a value."""
    options = said.get("parameters", {})
    return {name: value for name, value in options.items() if value is not None and value is not False}


def _method(run: Run) -> str:
    return str(run.manifest.get("method"))


def _paragraphs(runs: Sequence[Run]) -> list[str]:
    """A paragraph for all runs that differ in their method alone."""
    methods: dict[tuple[str, str], dict[str, None]] = {}
    for run in runs:
        methods.setdefault((_explained(run), _computed(run)), {})[_by(run)] = None
    return [f"{what} {'; '.join(by)}. It was computed with {how}." for (what, how), by in methods.items()]


def _explained(run: Run) -> str:
    """What was explained, of which model."""
    said, counts = run.manifest, run.counts
    kind = {"dna": "DNA", "rna": "RNA"}.get(str(said.get("alphabet")), str(said.get("alphabet")))
    targets = ", ".join(map(repr, run.targets[:5])) + (" and others" if len(run.targets) > 5 else "")
    return (
        f"{counts.explained:,} of {counts.read:,} {kind} sequences were explained for the target {targets} "
        f"of {_model(said.get('model', {}))}"
    )


def _by(run: Run) -> str:
    """The method, with its source and what of its options is set."""
    name = _method(run)
    known = METHODS.get(name)
    options = ", ".join(f"{key} {value}" for key, value in set_options(run.manifest).items())
    what = f"{name}, {known.does} ({_short(known.reference)})" if known else name
    return f"by {what}" + (f", with {options}" if options else "")


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
