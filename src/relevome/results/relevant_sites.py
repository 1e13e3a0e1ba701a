"""What `relevome sites` keeps: the sites of a run, how they were called, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from relevome.data.names import bed_chrom, bed_line
from relevome.errors import InputError
from relevome.options import check_choice
from relevome.results.coverage import Coordinates
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.kinds import of_its_kind
from relevome.results.notebook import as_html, plotted
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
NAME, TABLE = "sites.json", "sites.tsv"
FOLDER = ResultFolder((NAME,), (TABLE, "sites.bed", "sites.narrowPeak"))

SiteNull = Literal["order", "letters", "pairs"]
Sign = Literal["positive", "negative"]

_OWN = frozenset({
    "schema_version", "command", "library_versions", "settings", "threshold", "counts", "left_out", "sites",
})  # fmt: skip


@dataclass(frozen=True)
class SiteSettings:
    """How sites are called.

    Args:
        window: Letters over which relevance is averaged, an odd number. Default: 7.
        fdr: False discovery rate of the sites. Default: 0.05.
        null: What is in random order: all relevance of a covered stretch (``order``), or that of equal
            letters (``letters``) or of letters with equal ones before them (``pairs``). Default: ``pairs``.
        draws: Random orders, at least 1 / fdr. Default: 100.
        gap: Sites with no more letters than these between them are one. Default: 2.
        least_width: Letters of the narrowest site that is kept. Default: 3.
        sign: Sites that speak for the target (``positive``) or against it (``negative``).
        coordinates: ``genome``, or ``sequence`` to count along each sequence.
        by_strand: Whether each strand has sites of its own, or relevance is averaged over both.
        seed: Of random orders. Default: 0.

    Raises:
        InputError: For numbers that cannot be.
    """

    window: int = 7
    fdr: float = 0.05
    null: SiteNull = "pairs"
    draws: int = 100
    gap: int = 2
    least_width: int = 3
    sign: Sign = "positive"
    coordinates: Coordinates = "genome"
    by_strand: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.window < 1 or self.window % 2 == 0:
            raise InputError(f"--window {self.window}: expected an odd number of letters, such as 7")
        if not 0 < self.fdr < 1:
            raise InputError(f"--fdr {self.fdr}: expected a false discovery rate between 0 and 1")
        if self.draws * self.fdr < 1 - 1e-9:
            raise InputError(
                f"--draws {self.draws}: expected at least {math.ceil(1 / self.fdr - 1e-9)}, 1 over the false "
                f"discovery rate {self.fdr}: with fewer a single site cannot be told from chance"
            )
        if self.gap < 0 or self.least_width < 1:
            raise InputError(
                f"--gap {self.gap} and --least-width {self.least_width}: expected 0 or more, and 1 or more"
            )
        check_choice("--null", self.null, get_args(SiteNull))
        check_choice("--sign", self.sign, get_args(Sign))


class RelevantSite(NamedTuple):
    """A stretch of a chromosome whose relevance stands out.

    Attributes:
        chrom: The chromosome, or the sequence.
        start: Its first letter, 0-based.
        end: One after its last letter.
        strand: ``+`` or ``-`` where all windows over it are of that strand, else ``.``.
        summit: The letter around which averaged relevance is highest, 0-based on the chromosome.
        height: Averaged relevance there, in logits.
        total: The sum of its relevance, in logits.
        p: The share of peaks of the null that are as high.
        q: The false discovery rate of all sites that are as high.
        letters: Those that were explained, in the direction of its strand; ``+`` where it has both.
    """

    chrom: str
    start: int
    end: int
    strand: str
    summit: int
    height: float
    total: float
    p: float
    q: float
    letters: str


@dataclass(frozen=True, eq=False, repr=False)
class RelevantSites:
    """The sites of a run, by chromosome and start.

    ``about`` says which run, ``threshold`` what the lowest summit reaches in averaged relevance (None without
    sites), ``counts`` letters, stretches, peaks and peaks of the null, and ``left_out`` rows and sites that
    are not there, by reason.
    """

    about: Mapping[str, Any]
    settings: SiteSettings
    sites: tuple[RelevantSite, ...]
    threshold: float | None
    counts: Mapping[str, int]
    left_out: Mapping[str, int]

    def __repr__(self) -> str:
        said = f"{counted(len(self.sites), 'site')} of {self.about.get('run', 'a run')}"
        lines = [f"RelevantSites: {said}, false discovery rate {self.settings.fdr:g}"]
        lines += [f"  left out {count:,}: {why}" for why, count in self.left_out.items()]
        return "\n".join([*lines, "  .to_pandas() has them all"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), RelevantSite._fields, self.sites)

    def plot(self, most: int = 4) -> list[Axes]:
        """Sites along the chromosomes that have most of them, each as high as its summit.

        Args:
            most: How many chromosomes are drawn; how many sites are on others is said. Default: 4.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Without a site, and for less than 1.
        """
        return plotted(self, most=most)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every site; columns are the fields of `RelevantSite`."""
        import pandas as pd

        return pd.DataFrame(self.sites, columns=list(RelevantSite._fields))


def write_relevant_sites(found: RelevantSites, folder: Path) -> None:
    """``sites.narrowPeak``, ``sites.bed`` and ``sites.tsv``, then the record.

    A folder without ``sites.json`` is unfinished. The folder is one without an earlier result.
    """
    with ExitStack() as stack:
        paths = [stack.enter_context(whole_file(folder / f"sites.{end}")) for end in ("bed", "narrowPeak")]
        bed, peaks = (stack.enter_context(path.open("w", encoding="utf-8")) for path in paths)
        for name, score, site in _scored(found):
            bed.write(bed_line(site.chrom, site.start, site.end, name, score, site.strand))
            peaks.write(_narrow_peak(name, score, site))
    rows = ((name, *site) for name, _, site in _scored(found))
    write_tsv(folder / TABLE, ("name", *RelevantSite._fields), rows)
    content = {
        "schema_version": SCHEMA_VERSION, **provenance(), **found.about, "settings": asdict(found.settings),
        "threshold": found.threshold, "counts": dict(found.counts), "left_out": dict(found.left_out),
        "sites": len(found.sites),
    }  # fmt: skip
    write_record(folder / NAME, content)


def read_relevant_sites(folder: str | Path) -> RelevantSites:
    """What `relevome sites` left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of a later relevome, and for one that is
    damaged.
    """
    path = Path(folder) / NAME
    said = read_record(path, SCHEMA_VERSION, "relevome sites")
    with reading(path):
        rows = read_tsv(path.parent / TABLE, ("name", *RelevantSite._fields))
        sites = tuple(_site(row[1:]) for row in rows)
        if len(sites) != said["sites"]:
            raise ValueError(f"{counted(len(sites), 'site')} in {TABLE}, not {said['sites']}")
        about = {name: value for name, value in said.items() if name not in _OWN}
        found = RelevantSites(
            about,
            SiteSettings(**said["settings"]),
            sites,
            said["threshold"],
            said["counts"],
            said["left_out"],
        )
        return of_its_kind(found)


def _scored(found: RelevantSites) -> Iterator[tuple[str, int, RelevantSite]]:
    """Name, score from 0 to 1000 (the highest), and site."""
    highest = max((abs(site.height) for site in found.sites), default=1.0)
    for number, site in enumerate(found.sites, start=1):
        yield f"site{number}", round(1000 * abs(site.height) / highest), site


def _narrow_peak(name: str, score: int, site: RelevantSite) -> str:
    """Ten columns (https://genome.ucsc.edu/FAQ/FAQformat.html#format12)."""
    places = (bed_chrom(site.chrom), site.start, site.end, name, score, site.strand)
    numbers = (abs(site.height), -math.log10(site.p), -math.log10(site.q))
    written = (f"{number + 0.0:.6g}" for number in numbers)
    return "\t".join(map(str, (*places, *written, site.summit - site.start))) + "\n"


def _site(row: list[str]) -> RelevantSite:
    chrom, start, end, strand, summit, *numbers, letters = row
    height, total, p, q = map(float, numbers)
    site = RelevantSite(chrom, int(start), int(end), strand, int(summit), height, total, p, q, letters)
    inside = 0 <= site.start <= site.summit < site.end and len(letters) == site.end - site.start
    if not (inside and strand in ("+", "-", ".") and 0 < p <= 1 and 0 < q <= 1):
        raise ValueError(f"a site from {start} to {end} on {strand!r}, summit {summit}, p {p}, q {q}")
    if not (math.isfinite(height) and math.isfinite(total)):
        raise ValueError(f"a site of relevance {total}")
    return site
