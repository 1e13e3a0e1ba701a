"""What runs are called beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from relevome.errors import InputError
from relevome.stores.place import Place
from relevome.words import counted


def told_apart(labels: Sequence[str], paths: Sequence[Place], names: Sequence[str] = ()) -> list[str]:
    """What runs are called: the labels given, names that differ, or ends of their paths that do.

    Args:
        labels: One for each, or none.
        paths: Of the runs. Of the same path twice the names are alike too.
        names: What they are called if that tells them apart, one for each, or none.

    Raises:
        InputError: For labels of another number than the runs, or two that are alike.
    """
    if labels and (len(labels) != len(paths) or len(set(labels)) != len(labels)):
        raise InputError(
            f"{counted(len(labels), 'label')} for {counted(len(paths), 'run')}: expected one for each, all "
            "different"
        )
    found, parts = list(labels or names), [path.resolve().parts for path in paths]
    for count in range(1, max(map(len, parts), default=0) + 1):
        if len(set(found)) == len(paths):
            break
        found = ["/".join(some[-count:]) for some in parts]
    return found
