"""What people look at. ``relevome.report(...)`` is the job of that name, which this package cannot hide."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that is called as the job of its name, `relevome.jobs.report`."""

    def __call__(self, *results: Any, **options: Any) -> Any:
        """Write results as one page; see `relevome.jobs.report.report`."""
        return import_module("relevome.jobs.report").report(*results, **options)


sys.modules[__name__].__class__ = _Callable
