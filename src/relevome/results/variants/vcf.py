"""The VCF that variants came from, with what was found in its INFO column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from relevome.data.formats.vcf import COLUMNS, malformed, vcf_header, vcf_lines
from relevome.data.lines import PathLike
from relevome.results.folder import whole_file
from relevome.results.variants.rows import COMPRESSED, INDEX, PLAIN, Variants
from relevome.stores.place import local

_PREFIX = "RELEVOME_"
_ALLELE, _GENE = f"{_PREFIX}ALLELE", f"{_PREFIX}GENE"
_INFO = 7  # the column
_HEADER = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
_RESERVED = re.compile(r"[:;=%,\s]")  # VCF 4.5, section 1.2
_MEANING = {
    "delta_score": "logit, number or log-likelihood of {}: alternative minus reference",
    "delta_probability": "probability of {}: alternative minus reference",
    "delta_log_odds": "log-odds of {} in nats: alternative minus reference",
    "gain": "largest rise of {} near the variant",
    "gain_at": "letters from POS to the largest rise of {}",
    "loss": "largest fall of {} near the variant",
    "null_p": "share of other places where the same change does as much to {}",
    "loss_at": "letters from POS to the largest fall of {}",
}


def write_variants_vcf(found: Variants, source: PathLike) -> Path:
    """Write the lines of a VCF file with what was found, as ``variants.vcf.gz`` with an index of tabix.

    Every line that is one of VCF is kept as it is, but for its INFO column, which gets a value of every score
    for every alternative; ``.`` for one that was left out. Where variants lie in genes, the values are of
    pairs of an alternative and a gene, which RELEVOME_ALLELE and RELEVOME_GENE name in the same order.
    Without pysam, or where the lines are in no order, the file is ``variants.vcf``.

    Returns:
        The file.
    """
    keys = _Keys(found)
    plain = local(found.path) / PLAIN
    order = _Order()
    with whole_file(plain) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in keys.header(source))
        for fields in keys.lines(source):
            order.add(fields)
            file.write("\t".join(fields) + "\n")
    for name in (COMPRESSED, INDEX):
        (found.path / name).unlink(missing_ok=True)
    return _compressed(plain) if order.kept else plain


def _compressed(plain: Path) -> Path:
    """The file with an index in place of the plain one, if pysam is there."""
    try:
        import pysam
    except ImportError:
        return plain
    with whole_file(plain.with_name(COMPRESSED)) as temporary:
        pysam.tabix_compress(str(plain), str(temporary), force=True)
    with whole_file(plain.with_name(INDEX)) as temporary:
        pysam.tabix_index(str(plain.with_name(COMPRESSED)), preset="vcf", index=str(temporary), force=True)
    plain.unlink()
    return plain.with_name(COMPRESSED)


class _Said(NamedTuple):
    """What is written of a row."""

    line: int
    alternative: int
    gene: str | None
    target: str
    scores: tuple[str, ...]


def _line(row: _Said) -> int:
    return row.line


class _Order:
    """Whether lines are in the order that an index needs: contigs together, places rising."""

    def __init__(self) -> None:
        self.kept = True
        self._seen: set[str] = set()
        self._last = ("", 0)

    def add(self, fields: Sequence[str]) -> None:
        """The next line."""
        contig, position = fields[0], int(fields[1])
        before, at = self._last
        if contig == before:
            self.kept &= position >= at
        else:
            self.kept &= contig not in self._seen
            self._seen.add(contig)
        self._last = (contig, position)


class _Keys:
    """The keys of the INFO column: one for every target and score."""

    def __init__(self, found: Variants) -> None:
        self._found = found
        self._by_gene = found.manifest["windows"]["genes"] is not None
        names = _words(found.targets)
        pairs = [(place, score) for place in range(len(names)) for score in found.scores]
        self._of = {
            (found.targets[place], score): f"{_PREFIX}{names[place]}_{score.upper()}"
            for place, score in pairs
        }
        self._ours = {*self._of.values(), _ALLELE, _GENE}
        self._keys = {one: [self._of[one, score] for score in found.scores] for one in found.targets}

    def header(self, source: PathLike) -> Iterator[str]:
        """Header lines of the source without those of our keys, then ours."""
        lines = list(vcf_header(source))
        columns = next((line for line in lines if line.startswith("#CHROM")), _HEADER)
        yield from [line for line in lines if line.startswith("##") and not self._is_ours(line)] or [
            "##fileformat=VCFv4.3"
        ]
        number = "." if self._by_gene else "A"
        for (target, score), key in self._of.items():
            kind = "Integer" if score.endswith("_at") else "Float"
            said = _quoted(_MEANING[score].format(target))
            yield f'##INFO=<ID={key},Number={number},Type={kind},Description="{said}">'
        if self._by_gene:
            said = "number of the alternative, from 1 on, that a value is of"
            yield f'##INFO=<ID={_ALLELE},Number=.,Type=Integer,Description="{said}">'
            yield f'##INFO=<ID={_GENE},Number=.,Type=String,Description="gene that a value is of">'
        yield columns if columns.count("\t") >= _INFO else _HEADER

    def _is_ours(self, line: str) -> bool:
        return any(line.startswith(f"##INFO=<ID={key},") for key in self._ours)

    def lines(self, source: PathLike) -> Iterator[list[str]]:
        """The fields of the lines of the source, with their values."""
        rows = groupby(self._rows(), key=_line)
        at, here = next(rows, (0, iter(())))
        for number, line in vcf_lines(source):
            fields = line.split("\t")
            if number == at:
                self._add(fields, list(here))
                at, here = next(rows, (0, iter(())))
            elif malformed(fields):
                continue
            else:
                self._add(fields, [])
            yield fields

    def _rows(self) -> Iterator[_Said]:
        columns = ("line", "alternative", "gene", "target", *self._found.scores)
        for table in self._found.tables(columns):
            which, scores = columns[:4], ([_written(x) for x in table[y].to_pylist()] for y in columns[4:])
            yield from map(_Said, *(table[name].to_pylist() for name in which), zip(*scores, strict=True))

    def _add(self, fields: list[str], rows: Sequence[_Said]) -> None:
        """Put the values of a line into its INFO field."""
        fields += ["."] * (_INFO + 1 - len(fields))
        kept = [
            one
            for one in fields[_INFO].split(";")
            if one not in ("", ".") and one.partition("=")[0] not in self._ours
        ]
        if self._by_gene or [row.target for row in rows] != [*self._keys] or "," in fields[COLUMNS - 1]:
            ours = self._values(rows, fields[COLUMNS - 1].count(",") + 1)
            kept += [f"{key}={','.join(x)}" for key, x in ours.items()]
        else:  # most lines: of one alternative a value for every key
            for row in rows:
                kept += map("=".join, zip(self._keys[row.target], row.scores, strict=True))
        fields[_INFO] = ";".join(kept) or "."

    def _values(self, rows: Sequence[_Said], alternatives: int) -> dict[str, list[str]]:
        """The values of every key; none at all of a line without any."""
        if not rows:
            return {}
        pairs: list[tuple[int, str | None]]
        pairs = list(dict.fromkeys((row.alternative, row.gene) for row in rows))
        if not self._by_gene:
            pairs = [(number, None) for number in range(1, alternatives + 1)]
        values = {key: ["."] * len(pairs) for key in self._of.values()}
        for row in rows:
            place = pairs.index((row.alternative, row.gene))
            for score, value in zip(self._found.scores, row.scores, strict=True):
                values[self._of[row.target, score]][place] = value
        if self._by_gene:
            values[_ALLELE] = [str(number) for number, _ in pairs]
            values[_GENE] = [_RESERVED.sub(lambda c: quote(c[0]), gene or ".") for _, gene in pairs]
        return values


def _written(value: float | int | None) -> str:
    if value is None:
        return "."
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _words(targets: Sequence[str]) -> list[str]:
    """Labels as they can stand in a key, no two the same."""
    plain = [re.sub(r"[^A-Za-z0-9_.]", "_", target) or "_" for target in targets]
    alike = len(set(plain)) < len(plain)
    return [f"{word}_{place}" if alike else word for place, word in enumerate(plain)]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
