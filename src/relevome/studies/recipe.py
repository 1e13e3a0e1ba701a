"""What a study is: data that it prepares, commands that it runs, and what it concludes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, get_args, get_origin, get_type_hints, runtime_checkable

from relevome.errors import InputError
from relevome.jobs import Say

# Commands that go on by themselves where they were stopped.
_GO_ON = ("annotate", "explain")


@dataclass(frozen=True)
class Command:
    """One command of relevome, as it would be typed.

    ``output`` is the folder that it makes; ``after`` are the names of the commands whose results it reads.
    """

    name: str
    arguments: tuple[str, ...]
    output: str
    after: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """What to type."""
        return shlex.join(("relevome", *self.arguments))

    @property
    def resumes(self) -> bool:
        """Whether it goes on with what it left unfinished."""
        return self.arguments[0] in _GO_ON or "--resume" in self.arguments


@dataclass(frozen=True)
class StudyOption:
    """What stands beside the type of a field: ``size: Annotated[str, StudyOption("How much is done.")]``.

    ``help`` is shown by ``--help``; ``choices`` are all values that there are, if they are few.
    """

    help: str | None = None
    choices: tuple[str, ...] = ()


@runtime_checkable
class Study(Protocol):
    """A recipe: a frozen dataclass. Paths in its commands are relative to the folder that it is run in.

    Its fields are its options: those that are tuples may be repeated, a field ``seed`` is filled from
    ``--seed``.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """As in ``relevome study NAME``."""
        ...

    def about(self) -> dict[str, Any]:
        """All that decides the results: a folder belongs to one study with the same."""
        ...

    def prepare(self, folder: Path, say: Say) -> None:
        """Writes the data that the commands read. Raises InputError for data that cannot be read."""
        ...

    def commands(self) -> Sequence[Command]:
        """What is run: no name twice, and each command behind those whose results it reads."""
        ...

    def conclude(self, folder: Path) -> Sequence[str]:
        """Writes tables of it all, and says in words what they show."""
        ...


def command(name: str, *words: object, output: str, after: Sequence[str] = (), **options: object) -> Command:
    """A command by its words and options: ``bpe_dropout=0.1`` is ``--bpe-dropout 0.1``.

    True stands for the option alone, a tuple for the option with each of its values; what is None or False is
    left out.
    """
    arguments = [str(word) for word in words]
    for key, value in options.items():
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and one is not False:
                arguments.append("--" + key.replace("_", "-"))
                arguments += [] if one is True else [str(one)]
    return Command(name, (*arguments, "-o", output), output, tuple(after))


def study_options(kind: type[Any]) -> dict[str, tuple[Any, StudyOption]]:
    """The type of every option of a study, and what is said of it."""
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, tuple[Any, StudyOption]] = {}
    for field in fields(kind):
        hint = hints[field.name]
        of, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        found[field.name] = of, next((one for one in said if isinstance(one, StudyOption)), StudyOption())
    return found


def check_choices(study: Study) -> None:
    """Raises InputError for the first option whose value is none of its choices, or which has one twice."""
    for name, (_, option) in study_options(type(study)).items():
        value = getattr(study, name)
        values = value if isinstance(value, tuple) else (value,)
        flag = "--" + name.replace("_", "-")
        for one in values if option.choices and value is not None else ():
            if one not in option.choices:
                raise InputError(f"{flag} {one}: expected one of {', '.join(option.choices)}")
            if values.count(one) > 1:
                raise InputError(f"{flag} {one} is given {values.count(one)} times: expected once")
