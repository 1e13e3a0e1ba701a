"""What was asked of a run that changes its relevance: as options of a command, and in words of a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Of how sequences are read, and letters get their share: what a run says where nothing was asked.
_READINGS = {
    "lift": "split",
    "average_strands": False,
    "tokenisations": 1,
    "offsets": 1,
    "shifts": 0,
    "long": "refuse",
}
_BASELINES = {
    "unknown": "unknown letters", "pad": "padding", "mask": "mask tokens", "zero": "zeros",
    "mean": "the mean letter",
}  # fmt: skip


def options_as_given(said: Mapping[str, Any]) -> list[str]:
    """Options that decide what the relevance of a run is, by what a run says of itself.

    Args:
        said: What ``run.json`` says.

    Returns:
        A method's own options that are on or have a value, then those of `explain` that are other than their
        default, as the command line calls them: ``steps 16``, ``heads``, ``tokenisations 10``.
    """
    return [
        name.replace("_", "-") + ("" if value is True else f" {value}") for name, value in _set(said).items()
    ]


def options_in_words(said: Mapping[str, Any]) -> list[str]:
    """The same as phrases that go on after the name of the method; the seed is said elsewhere.

    An option of which nobody said a phrase, such as one of a package beside this one, has its name and value.
    """
    options = _set(said)
    found = [_phrase(name, value, said) for name, value in options.items()]
    if "tolerance" in options and "steps" not in options:
        share = f"{options['tolerance']:g}"
        found.append(f"in as many steps as leave an error under {share} of the difference in score")
    return [phrase for phrase in found if phrase]


def _set(said: Mapping[str, Any]) -> dict[str, Any]:
    """Options by name that are on or have a value, where they change relevance."""
    own, model = said.get("parameters", {}), said.get("model", {})
    found = {name: value for name, value in own.items() if value is not None and value is not False}
    found |= {name: said[name] for name, value in _READINGS.items() if said.get(name, value) != value}
    if "tokenisations" in found:
        found["tokenisation_dropout"] = said.get("tokenisation_dropout")
    if "long" in found:
        found["max_tokens"] = model.get("max_tokens")
    dtype = str(model.get("dtype", "")).removeprefix("torch.")
    found |= {"dtype": dtype} if dtype not in ("", "float32") else {}
    found |= {name: model[name] for name in ("prefix", "rare_as_x") if model.get(name)}
    return {name: value for name, value in found.items() if value is not None}


def _phrase(name: str, value: Any, said: Mapping[str, Any]) -> str:
    known = _PHRASES.get(name)
    if known is None:
        plain = name.replace("_", " ")
        return f"with {plain}" if value is True else f"with {plain} {value}"
    return known(str(value), said)


def _reference(value: str, _: Mapping[str, Any]) -> str:
    known = {"zero": "with zero as the reference", "mean": "with the mean letter as the reference"}
    return known.get(value, f"with {_shuffles(value)} as the reference")


def _shuffles(value: str) -> str:
    name, _, count = value.partition(":")
    return value if name != "shuffle" else f"{count} shuffles" if count else "a shuffle"


def _rules(value: str, _: Mapping[str, Any]) -> str:
    pairs = [one.partition("=") for one in value.split(",")]
    if not all(middle for _, middle, _ in pairs):
        return f"with the rules {value}"
    return f"with the rule{'s' * (len(pairs) > 1)} " + ", ".join(f"{rule} for {of}" for of, _, rule in pairs)


def _tokenisations(value: str, said: Mapping[str, Any]) -> str:
    share = said.get("tokenisation_dropout")
    drawn = "" if share is None else f", all but one of them drawn without {share:.0%} of the merges"
    return f"averaged over {value} tokenisations{drawn}"


def _long(_: str, said: Mapping[str, Any]) -> str:
    most = said.get("model", {}).get("max_tokens")
    return "long sequences in overlapping windows" + (f" of up to {most:,} tokens" if most else "")


def _letters(value: str) -> str:
    return f"{value} letter" if value == "1" else f"{value} letters"


# By the name of an option: its phrase by its value and what the run says; empty where another option says it,
# or where it changes nothing, as a tolerance does beside a number of steps.
_PHRASES: dict[str, Callable[[str, Mapping[str, Any]], str]] = {
    "site": lambda value, _: {"block": "at the output of the embedding block"}.get(
        value, f"at the {value} embedding"
    ),
    "reference": _reference,
    "rules": _rules,
    "heads": lambda value, _: "with the relevance of every head",
    "audit": lambda value, _: "with an account of all relevance",
    "baseline": lambda value, _: f"from a baseline of {_BASELINES.get(value) or _shuffles(value)}",
    "steps": lambda value, _: "in 1 step" if value == "1" else f"in {value} steps",
    "tolerance": lambda value, _: "",
    "layers": lambda value, _: "in the mean over layers" if value == "mean" else f"of the {value} layer",
    "query": lambda value, _: {
        "read": "from where the prediction is read",
        "mean": "from all tokens in equal shares",
    }.get(value, f"from the {value} token"),
    "seed": lambda value, _: "",
    "lift": lambda value, _: "each letter with the value of its token",
    "average_strands": lambda value, _: "averaged over both strands",
    "tokenisations": _tokenisations,
    "tokenisation_dropout": lambda value, _: "",
    "offsets": lambda value, _: f"averaged over {value} windows that begin a letter later each",
    "shifts": lambda value, _: f"averaged over shifts by up to {_letters(value)} either way",
    "long": _long,
    "max_tokens": lambda value, _: "",
    "dtype": lambda value, _: f"in {value}",
    "prefix": lambda value, _: f"behind the prefix {value}",
    "rare_as_x": lambda value, _: "with rare residues read as X",
}
