"""Help that can be read: in groups, in two columns, at 80 and at 120 letters; and what methods suit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main

from relevome.attribution import methods
from relevome.cli.app import app
from relevome.cli.shared.groups import COMMANDS, COMPUTING, GROUPS, OTHERS
from relevome.results.run.columns import no_rows

Cli = Callable[..., tuple[int, str, list[str]]]
GROUP: Any = typer.main.get_command(app)
NAMES = [name for name in GROUP.commands if name not in ("study", "data")]
DOCS = Path(__file__).parents[1] / "docs"


def options(name: str) -> set[str]:
    given = GROUP.commands[name].params
    return {one.name for one in given if one.param_type_name == "option" and one.name != "help"}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_in_one_group_of_its_command(name: str) -> None:
    named = [option for words in GROUPS[name].values() for option in words.split()]
    assert len(named) == len(set(named))
    assert options(name) <= set(named)
    shared = {word for other in NAMES if GROUPS[other] is GROUPS[name] for word in options(other)}
    assert set(named) - shared <= set(COMPUTING.split()), "no group speaks of options that are gone"


def test_every_command_is_in_a_group() -> None:
    named = [name for words in COMMANDS.values() for name in words.split()]
    assert len(named) == len(set(named))
    assert set(GROUP.commands) <= set(named)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", [*NAMES, ""])
def test_help_fits_and_gives_words_most_of_the_room(
    name: str, columns: int, relevome_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = relevome_cli(*([name] if name else []), "--help")
    lines = out.splitlines()
    assert code == 0
    assert max(map(len, lines)) <= columns
    headings = [line[:-1] for line in lines if re.fullmatch(r"[A-Z].*:", line)]
    if not name:
        assert out.count("...") == 1, "no summary is cut"
        assert headings[-len(COMMANDS) :] == [*COMMANDS]
    else:
        assert headings[-1] == OTHERS
        expected = [title for title, words in GROUPS[name].items() if options(name) & set(words.split())]
        assert [title for title in headings if title not in ("Arguments", OTHERS)] == expected
        starts = {len(line) - len(line.lstrip()) for line in lines[2:] if line.startswith(" " * 10)}
        assert max(starts, default=0) <= 31, "where the second column begins"


def test_help_of_explain_says_what_its_words_mean(relevome_cli: Cli) -> None:
    out = " ".join(relevome_cli("explain", "--help")[1].split())
    for words in (
        "How a token's relevance goes to its letters: split (equal shares) or copy.",
        "Where relevance is read: word (embedding of a token) or block (with its position).",
        "What embeddings are compared with: zero (nothing), mean (the average letter) or shuffle:N.",
        "Account for all relevance in a ledger",
    ):
        assert words in out
    assert "--no-audit" not in out


def test_the_glossary_has_the_words_that_people_asked_about() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (.+?) \|", text, re.M)[2:]
    assert {"lift", "site `word`", "site `block`", "reference", "ledger, account", "fall", "by distance"} <= {
        *words
    }
    assert [word.lower().replace("`", "") for word in words] == sorted(
        word.lower().replace("`", "") for word in words
    )


def test_the_list_of_methods_says_what_each_suits_in_one_line(relevome_cli: Cli) -> None:
    lines = relevome_cli("list", "methods")[1].splitlines()
    assert len(lines) == len([*methods])
    columns = {*no_rows().column_names}
    for (name, kind), line in zip(methods.items(), lines, strict=True):
        assert line.startswith(f"{name} ")
        suits: str = getattr(kind, "suits")  # noqa: B009 - methods of others may say nothing
        models, cost, gives = suits.split("; ")[0], suits, suits.rpartition("gives ")[2]
        assert models.startswith("for ")
        assert "pass" in cost
        named = set(re.findall(r"[a-z]+_[a-z]+|^relevance", gives)) - {"token_relevance"}
        assert named <= columns
        assert suits in line
        assert "suits" not in line.partition("[options: ")[2]
