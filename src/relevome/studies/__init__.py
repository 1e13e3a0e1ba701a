"""The published studies as recipes of the other packages: one study, one file.

A study is a frozen dataclass whose fields are its options and whose docstring is its help, registered under
its public name; `recipe` says what it does.
"""

from __future__ import annotations

from relevome.registry import Registry
from relevome.studies.recipe import Command, Study, StudyOption, command

studies: Registry[type[Study]] = Registry("study", "relevome.studies", "studies")

__all__ = ["Command", "Study", "StudyOption", "command", "studies"]
