"""Reading a run, part by part, also while it is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from relevome.data.sites import meant_by
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.results.notebook import as_html, plotted, reported
from relevome.results.parts.arrow import arrow_indices
from relevome.results.parts.part import read_part
from relevome.results.parts.reader import PartsReader
from relevome.results.run.columns import Explanation, no_rows
from relevome.results.run.manifest import RUN
from relevome.stores.place import Place
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from relevome.jobs.report import WrittenPage

_NAMES = ("sequence_id", "target")


class Run(PartsReader[Explanation]):
    """The explanations of a run folder, in the order of its parts.

    One part is held in memory at a time. Of a run that is still being written it shows the parts that
    were there when it was opened. ``manifest`` is what ``run.json`` says.

    Args:
        path: The folder, or its address in a store, such as ``s3://bucket/run``, of which only what is asked
            for is fetched.

    Raises:
        InputError: For a folder that is no run, of a later schema, or with a part that is damaged or missing.
    """

    kind = RUN

    def __init__(self, path: str | Place) -> None:
        super().__init__(path)
        self._index: pa.Table | None = None

    def __repr__(self) -> str:
        said, counts = self.manifest, self.counts
        targets = ", ".join(str(target["label"]) for target in said.get("targets", ()))
        refused = f", {len(counts.refused):,} refused" if counts.refused else ""
        return (
            f"Run({str(self.path)!r}: {said.get('method')}, target {targets}; {counts.explained:,} of "
            f"{counted(counts.read, 'sequence')} explained{refused}; {self.status})"
        )

    def _repr_html_(self) -> str:
        header = ("row", "sequence_id", "letters", "target", "score", "sum of relevance")
        rows = (
            (i, one.sequence_id, len(one.sequence), one.target, one.score, float(one.relevance.sum()))
            for i, one in enumerate(self)
        )
        return as_html(repr(self), header, rows)

    def plot(self, rows: int = 3, *, inches: float = 7.2) -> list[Axes]:
        """The relevance of its first sequences as logos below each other, all on one scale.

        ``run[i].plot()`` draws one of them, and `relevome.show` all that there is to choose.

        Args:
            rows: How many rows of the run are drawn. Default: 3.
            inches: Width of the picture. Default: 7.2, two columns in most journals.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For a run without rows, and for less than 1 or more than a page can hold.
        """
        return plotted(self, rows=rows, inches=inches)

    def report(self, out: str | Path | None = None, **options: Any) -> WrittenPage:
        """This run as one page: in a notebook in a frame, else as a file.

        Args:
            out: The file; None, the default, is for a notebook, which keeps the page.
            **options: ``labels``, ``title``, ``top``, ``sites``, ``features``, ``structures``,
                ``overwrite``, as of `relevome.report`, which takes several results too.

        Returns:
            What was written; it shows itself in a notebook.

        Raises:
            InputError: As `relevome.report`.
        """
        return reported(self, out, **options)

    def _check_row(self, row: Explanation) -> None:
        # which no column has; the row was read just now, and is nobody else's yet
        object.__setattr__(row, "alphabet", self.manifest.get("alphabet"))

    def audit(self) -> Ledger:
        """Where all relevance went, over all sequences. Raises InputError for a run without ``--audit``."""
        ledger = self.counts.ledger
        if ledger is None:
            raise InputError(f"{self.path} has no account of its relevance: explain with --audit")
        return ledger

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that were explained, in order of their first row."""
        return tuple(self._names["target"].unique().to_pylist())

    @property
    def of_predicted(self) -> bool:
        """Whether every sequence was explained for its own most probable output."""
        return any(target["index"] < 0 for target in self.manifest.get("targets", ()))

    @overload
    def __getitem__(self, key: int | str) -> Explanation: ...
    @overload
    def __getitem__(self, key: slice) -> list[Explanation]: ...
    def __getitem__(self, key: int | str | slice) -> Explanation | list[Explanation]:
        """By row; by sequence id (see `id_of`), the first of its targets; or a slice of rows."""
        if isinstance(key, str):
            return self._row(self._rows_of(self.id_of(key), None)[0])
        if isinstance(key, slice):
            return [self._row(row) for row in range(*key.indices(len(self)))]
        row = key + len(self) if key < 0 else key
        if not 0 <= row < len(self):
            raise IndexError(f"row {key} of a run with {counted(len(self), 'row')}")
        return self._row(row)

    def find(self, sequence_id: str, target: str | None = None) -> list[Explanation]:
        """All rows of a sequence, or those of one target. Raises InputError if there are none."""
        return [self._row(row) for row in self._rows_of(sequence_id, target)]

    def id_of(self, asked: str) -> str:
        """The id that is meant: this very one, or the only one with this UniProt accession in it.

        ``P01308`` means ``sp|P01308|INS_HUMAN``, as for known sites. Raises InputError for an accession of
        several sequences; an id that means none is given back.
        """
        ids = self._names["sequence_id"].unique().to_pylist()
        found = [asked] if asked in ids else meant_by(asked, ids)
        if len(found) > 1:
            several = ", ".join(map(repr, found[:5])) + (f" and {len(found) - 5} more" if found[5:] else "")
            raise InputError(f"{asked!r} could be {several} of {self.path}: give the whole id")
        return found[0] if found else asked

    def take(self, rows: np.ndarray, columns: Sequence[str]) -> pa.Table:
        """Some rows in the order asked for; every part that has one is read once."""
        parts = np.searchsorted(self._first_rows, rows, side="right") - 1
        found, order = [no_rows(columns)], [np.zeros(0, dtype=np.int64)]
        for part in np.unique(parts):
            chosen = np.flatnonzero(parts == part)
            table = read_part(self._paths[part], self._schema(columns))
            found.append(table.take(arrow_indices(rows[chosen] - self._first_rows[part])))
            order.append(chosen)
        back = arrow_indices(np.argsort(np.concatenate(order)))
        return pa.concat_tables(found).take(back).combine_chunks()

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows as a data frame, which holds them all in memory; lists become arrays."""
        return pa.concat_tables([no_rows(columns), *self.tables(columns)]).to_pandas()

    def keep_names(self, rows: pa.Table) -> None:
        """Look ids and targets up in these rows, which are all, read by somebody who needed more of them."""
        self._index = _numbered(rows)

    @property
    def _names(self) -> pa.Table:
        """Id, target and number of every row, for look-ups."""
        if self._index is None:
            self._index = _numbered(pa.concat_tables([no_rows(_NAMES), *self.tables(_NAMES)]))
        return self._index

    def _rows_of(self, sequence_id: str, target: str | None) -> list[int]:
        found = self._names.filter(pc.field("sequence_id") == sequence_id)
        if not len(found):
            some = ", ".join(repr(name) for name in self._names["sequence_id"].slice(0, 3).to_pylist())
            raise InputError(
                f"{self.path} has no sequence {sequence_id!r}: expected one of its ids, such as "
                f"{some or 'none yet'}"
            )
        chosen = found if target is None else found.filter(pc.field("target") == target)
        if not len(chosen):
            raise InputError(
                f"sequence {sequence_id!r} of {self.path} has no target {target!r}: expected one of "
                f"{', '.join(found['target'].to_pylist())}"
            )
        return chosen["row"].to_pylist()


def _numbered(rows: pa.Table) -> pa.Table:
    return rows.select(_NAMES).append_column("row", arrow_indices(np.arange(len(rows))))


def rows_of(run: Run, target: str | None = None) -> Iterator[Explanation]:
    """The rows of one target, one for each sequence.

    Raises InputError for an empty run, a target that it lacks, several targets of which none is named, and,
    on the way, an id that several rows have.
    """
    if not run.targets:
        raise InputError(f"{run.path} holds no explanations: there is nothing to evaluate")
    if target is None and len(run.targets) > 1 and not run.of_predicted:
        raise InputError(f"{run.path} has several targets: choose one of {', '.join(run.targets)}")
    if target is not None and target not in run.targets:
        raise InputError(f"{run.path} has no target {target!r}: expected one of {', '.join(run.targets)}")
    return _each_once(run, (row for row in run if target is None or row.target == target))


def _each_once(run: Run, rows: Iterator[Explanation]) -> Iterator[Explanation]:
    seen: set[str] = set()
    for row in rows:
        if row.sequence_id in seen:
            raise InputError(
                f"{row.sequence_id!r} is in {run.path} more than once: expected every id once, since "
                "results are kept by it"
            )
        seen.add(row.sequence_id)
        yield row
