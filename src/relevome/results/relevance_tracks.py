"""Relevance per base as bigWig files, one for each target: what exporters for genome browsers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from relevome.data.features import DIGITS
from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.coverage import Coordinates, Layout, lay_out, skipped
from relevome.results.run.reader import Run
from relevome.results.tracks import write_bigwig


@dataclass(frozen=True)
class RelevanceTracks:
    """bigWig files that can be written, by target.

    Args:
        paths: The file of each target.
        layouts: Where its rows lie.
        sizes: Chromosomes in the order of the track, and their lengths in bases.
    """

    paths: Mapping[str, Path]
    layouts: Mapping[str, Layout]
    sizes: Mapping[str, Mapping[str, int]]

    def write(self) -> int:
        """All files; gives how many bases they hold together. Raises InputError as `write_bigwig` does."""
        return sum(
            write_bigwig(path, self.sizes[target], self.layouts[target].track())
            for target, path in self.paths.items()
        )

    @property
    def skipped(self) -> dict[str, int]:
        """Rows that are in none of them, by reason."""
        return skipped(self.layouts.values())


def relevance_tracks(
    run: Run,
    paths: Mapping[str, Path],
    coordinates: Coordinates = "genome",
    chrom_sizes: Path | None = None,
) -> RelevanceTracks:
    """What bigWig files of a run hold: the mean over the windows that cover a base, as float32.

    Args:
        run: The run.
        paths: The file of each target.
        coordinates: ``genome``, or ``sequence`` to count along each sequence, with its id as chromosome.
        chrom_sizes: A file of chromosome names and lengths (``chrom.sizes`` or ``.fai``); without it a
            chromosome ends where its last window does.

    Raises:
        InputError: If no row has an interval, for sizes that cannot be read, and for those of a genome that
            has not all that the run reaches.
    """
    layouts = {target: lay_out(run, target, coordinates) for target in paths}
    sizes = {target: sizes_within(layout.sizes, chrom_sizes) for target, layout in layouts.items()}
    return RelevanceTracks(paths, layouts, sizes)


def served_at(url: str | None, path: Path) -> str:
    """The address of a file: its name, percent-encoded, under the address of its folder if that is known."""
    name = quote(path.name, safe="")
    return name if url is None else f"{url.rstrip('/')}/{name}"


def check_url(url: str | None) -> None:
    """Raises InputError for what is no address of a folder on the web."""
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ftp") or not parts.netloc or quote(url, safe=_IN_URL) != url:
        raise InputError(
            f"url {visible(url)!r}: expected the address of the folder where the files will be, such as "
            "https://example.org/tracks, blanks percent-encoded"
        )


_IN_URL = "%/:@!$&'()*+,;=?[]~#"


def track_label(run: Run, target: str) -> str:
    """What a track is called: the target and the method, on one line."""
    return " ".join(visible(f"{target} ({run.manifest.get('method', 'relevance')})").split())


def sizes_within(ends: Mapping[str, int], chrom_sizes: Path | None) -> dict[str, int]:
    """Lengths of chromosomes, of a file or else where each ends. Raises InputError where one is short."""
    if chrom_sizes is None:
        return dict(ends)
    known = _read_sizes(chrom_sizes)
    for chrom, end in ends.items():
        if end > known.get(chrom, 0):
            length = f"has {known[chrom]} bases" if chrom in known else "is not there"
            raise InputError(
                f"{chrom_sizes}: chromosome {chrom!r} {length} but the run reaches base {end}: give the "
                "sizes of the genome that was explained"
            )
    return dict(sorted(known.items()))


def _read_sizes(path: Path) -> dict[str, int]:
    """Lengths by chromosome, from the first two columns of a tab-separated file."""
    sizes = {}
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            fields = line.split("\t")
            if len(fields) < 2 or not (fields[1].isdecimal() and len(fields[1]) <= DIGITS):
                raise InputError(
                    f"{path}, line {number}: expected a chromosome, a tab and its length, got {line[:60]!r}"
                )
            sizes[fields[0]] = int(fields[1])
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read chromosome sizes from {path}: {error}; expected chrom.sizes or .fai"
        ) from error
    return sizes
