"""`relevome study`: one command for every study that is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import cached_property
from inspect import Parameter, Signature, getdoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
import typer.main
from typer.core import TyperGroup

from relevome.cli.shared.options import Once, Output, Seed
from relevome.cli.shared.paths import check_words
from relevome.cli.shared.progress import shown
from relevome.options import configured
from relevome.studies import StudyOption, studies
from relevome.studies.recipe import study_options

if TYPE_CHECKING:
    from relevome.studies.carry_out import Runner

Jobs = Annotated[int, typer.Option(help="Commands to run at once, one thread each.")]


def study_commands(run: Runner) -> typer.Typer:
    """The group of commands for studies, whose own commands ``run`` runs.

    They are made when the first of them is asked for: finding all studies takes seconds, and whoever runs
    another command does not wait for that.
    """

    class Studies(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            del self.commands

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            check_words(args)
            return super().resolve_command(ctx, args)

        @cached_property
        def commands(self) -> dict[str, Any]:
            return _commands(run)

    return typer.Typer(
        cls=Studies,
        rich_markup_mode=None,
        help="Run one of the published studies, as a recipe of the other commands.",
    )


class StudyCommand(Once):
    """The command of a study, which says by itself which file it misses for which of its tasks."""

    looks_itself = True


def _commands(run: Runner) -> dict[str, Any]:
    found = typer.Typer(
        callback=lambda: None, rich_markup_mode=None
    )  # with a callback it is a group, however few commands it has
    for name, kind in studies.items():
        found.command(name, cls=StudyCommand)(_command(name, kind, run))
    return dict(typer.main.get_command(found).commands)  # pyright: ignore[reportAttributeAccessIssue]


def _command(name: str, kind: type[Any], run: Runner) -> Callable[..., None]:
    """What typer makes the command of a study from: a function with an option for each field."""

    def carry(output: Path, jobs: int, **given: Any) -> None:
        from relevome.studies.carry_out import carry_out

        options = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
        with shown("commands", alike=False) as seen:
            carry_out(configured(kind, name, options), output, run, jobs, seen.print, seen.tell)

    carry.__doc__ = getdoc(kind)
    carry.__dict__["__signature__"] = Signature(_parameters(kind))
    return carry


def _parameters(kind: type[Any]) -> list[Parameter]:
    """The study's own options between those of every study; a seed is asked for as everywhere."""
    options = study_options(kind)
    own = {field.name: field for field in fields(kind)}
    seed = own.pop("seed", None)
    return [
        _parameter("output", Output, Parameter.empty),
        *(_parameter(name, _typed(*options[name]), _default(field)) for name, field in own.items()),
        _parameter("jobs", Jobs, 2),
        *([] if seed is None else [_parameter("seed", Seed, _default(seed))]),
    ]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _typed(hint: Any, option: StudyOption) -> Any:
    """The type as typer has it: an option that may be repeated is a list, or None where it was not given."""
    for part in (hint, *get_args(hint)):
        if get_origin(part) is tuple:
            hint = list[get_args(part)[0]] | None
    return Annotated[hint, typer.Option(help=option.help)]


def _default(field: Field[Any]) -> Any:
    """A default of the study itself is shown; with none at all the option must be given."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        return Parameter.empty
    return list(field.default) or None if isinstance(field.default, tuple) else field.default
