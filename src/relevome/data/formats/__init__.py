"""What a file may hold: one format, one file, and one table that says which format a file has.

A file of readers registers a `Format`. Every reader is lazy: nothing is read before the first item is asked
for, and then one item at a time. What concerns one sequence (a letter outside the alphabet, no letters, an
id that was used before, an interval off its chromosome) comes out as a Problem in the place of the sequence,
and the caller decides by ``refuse_or_skip``; a feature of which nobody knows the place as an Unplaced. What
concerns the file is raised as an InputError of one line. Memory grows by a short hash per sequence and by
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from relevome.data.features import FeatureItem
from relevome.data.lines import PathLike
from relevome.data.problems import Problem, Stops
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.registry import Registry

ReadAs: TypeAlias = Literal["sequences", "sites"]
SequenceReader: TypeAlias = Callable[[PathLike, Alphabet, Stops | None], Iterator[Sequence | Problem]]
SiteReader: TypeAlias = Callable[[PathLike, Collection[str]], Iterator[FeatureItem]]

_COMPRESSED = (".gz", ".bgz")


@dataclass(frozen=True)
class Format:
    """A format of files: how one is known (see `format_of`), and what it can be read as.

    Args:
        name: Its public name, under which it is registered.
        endings: Ends of the names of such files, in lower case, without that of a compression: ``(".gff",)``.
        within: Likewise, what may stand anywhere among the endings of a name: ``.3line``.
        looks_like: Whether a file looks like it. Where there are ``endings``, only a file with one of them is
            asked, else any. May raise InputError for a file that cannot be read.
        sequences: ``sequences(path, alphabet, stops)`` gives the sequences of a file, in its order;
            ``stops``, where given, take the ``*`` off the ends of proteins. None if it has no sequences of
            its own.
        sites: ``sites(path, kinds)`` gives the features of a file, in its order and of all types; ``kinds``
            are those that are wanted, for a reader that has to know. None if it has no features.
        exact_types: Whether types of features are taken as they are written, and ``sites`` gives ``kinds``
            alone; else ``ACT_SITE`` and ``Active site`` are the same, and others are left out elsewhere.
    """

    name: str
    endings: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    looks_like: Callable[[PathLike], bool] | None = None
    sequences: SequenceReader | None = None
    sites: SiteReader | None = None
    exact_types: bool = False

    def read_sequences(
        self, path: PathLike, alphabet: Alphabet, stops: Stops | None = None
    ) -> Iterator[Sequence | Problem]:
        """The sequences of a file. Raises InputError for a format that has none."""
        if self.sequences is None:
            raise InputError(f"{path} is read as {self.name}, which has no sequences")
        return self.sequences(path, alphabet, stops)

    def read_sites(self, path: PathLike, kinds: Collection[str] = ()) -> Iterator[FeatureItem]:
        """The features of a file. Raises InputError for a format that has none."""
        if self.sites is None:
            raise InputError(f"{path} is read as {self.name}, which has no sites")
        return self.sites(path, kinds)


formats: Registry[Format] = Registry("format", "relevome.data.formats")

# What a file is read as that no other format claims.
_OTHERWISE: dict[ReadAs, str] = {"sequences": "fasta", "sites": "bed"}


def format_of(path: PathLike, read_as: ReadAs) -> Format:
    """The format of a file that is to be read as ``sequences`` or as ``sites``.

    Of all formats that can be read so, the one that claims the file, and the name goes before the content:

    1. by the end of its name alone, a compression set aside: GFF3;
    2. by a part of its name, wherever that stands: 3-line;
    3. by the end of its name and what it looks like, together: a table of features;
    4. by what it looks like, whatever its name: UniProt;
    5. where none does, FASTA for sequences and BED for sites, whatever the name: before that they claim
       nothing, so that a file called ``.bed`` that begins like UniProt's is UniProt's.

    Raises InputError for a file that two formats claim in the same way, and for one that has to be looked
    into and cannot be read.
    """
    otherwise = formats[_OTHERWISE[read_as]]
    asked = [one for _, one in formats.items() if getattr(one, read_as) and one is not otherwise]
    for claims in (_by_ending, _by_part, _by_ending_and_content, _by_content):
        found = [one for one in asked if claims(one, path)]
        if len(found) > 1:
            several = " and ".join(one.name for one in found)
            raise InputError(f"{path} could be {several}: expected a name that tells which")
        if found:
            return found[0]
    return otherwise


def format_by_ending(path: PathLike, among: Iterable[str]) -> Format | None:
    """The format, of those named, that has the end of a file's name among its endings; None if none has."""
    return next((formats[name] for name in among if ending_of(path) in formats[name].endings), None)


def ending_of(path: PathLike) -> str:
    """The end of a file's name that tells its format, such as ``.gff``: lower case, compression set aside."""
    parts = [part for part in _parts(path) if part not in _COMPRESSED]
    return parts[-1] if parts else ""


def _parts(path: PathLike) -> list[str]:
    return [part.lower() for part in Path(path).suffixes]


def _by_ending(one: Format, path: PathLike) -> bool:
    return one.looks_like is None and ending_of(path) in one.endings


def _by_part(one: Format, path: PathLike) -> bool:
    return not set(one.within).isdisjoint(_parts(path))


def _by_ending_and_content(one: Format, path: PathLike) -> bool:
    return one.looks_like is not None and ending_of(path) in one.endings and one.looks_like(path)


def _by_content(one: Format, path: PathLike) -> bool:
    return one.looks_like is not None and not one.endings and one.looks_like(path)


__all__ = ["Format", "ReadAs", "ending_of", "format_by_ending", "format_of", "formats"]
