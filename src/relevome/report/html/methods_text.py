"""How what a page shows was made, in sentences that can go into a paper, with references and commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from relevome.report.html.references import BOOTSTRAP, COLOURS, LICENCES, METHODS, RATE
from relevome.report.html.structures import ShownStructure, structures_text
from relevome.results.run.reader import Run

_LIBRARIES = {
    "torch": "PyTorch",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "numpy": "NumPy",
}


def methods_content(
    runs: Sequence[Run], records: Iterable[Mapping[str, Any]], structures: Sequence[ShownStructure] = ()
) -> dict[str, Any]:
    """The last part of the page.

    Args:
        runs: The runs that are shown.
        records: What the records of all other results say, of which ``command`` is taken.
        structures: That are shown.

    Returns:
        ``text``, a paragraph for the runs of each model and one on statistics; ``references``; ``commands``
        by which all of it was made, as a shell takes them, without results that were made from Python; and
        ``licences``.
    """
    others = list(records)
    text = _paragraphs(runs)
    cited = [
        METHODS[name].reference for name in dict.fromkeys(_method(run) for run in runs) if name in METHODS
    ]
    if others:
        text.append(
            "Intervals are 95% bootstrap intervals over sequences; p-values of several comparisons are "
            "adjusted for a false discovery rate (Benjamini and Hochberg 1995)."
        )
        cited += [BOOTSTRAP, RATE]
    more, cited_there = structures_text(structures)
    text += more
    cited += cited_there
    made = [run.manifest.get("command") for run in runs] + [said.get("command") for said in others]
    return {
        "text": text,
        "references": sorted({*cited, COLOURS}),
        "commands": list(dict.fromkeys(as_typed(one) for one in made if isinstance(one, list))),
        "licences": list(LICENCES),
    }


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
