"""Files of PROSITE's patterns."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from relevome.data.lines import PathLike, numbered_lines
from relevome.data.patterns import Pattern
from relevome.errors import InputError


def read_patterns(path: PathLike) -> Iterator[Pattern]:
    """The patterns of a file like ``prosite.dat``, called by their accessions; its profiles are passed over.

    Biopython reads it (the extra ``uniprot``). Raises InputError for a file without patterns.
    """
    if find_spec("Bio") is None:
        raise InputError("PROSITE files need the library biopython: pip install relevome[uniprot]")
    from Bio.ExPASy import Prosite

    lines = (line + "\n" for _, line in numbered_lines(path))
    empty = True
    try:
        for record in Prosite.parse(lines):
            if record.pattern:
                empty = False
                yield Pattern(record.pattern, record.accession)
    except InputError:
        raise
    except (ValueError, LookupError, AttributeError) as error:
        raise InputError(f"{path} is no PROSITE file that Biopython reads: {error}") from error
    if empty:
        raise InputError(f"{path} has no patterns: expected a file like prosite.dat")
