"""What a model predicts of sequences: a folder of parts, and one table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from relevome.models.predictions import Likelihood, Predicted
from relevome.results.notebook import as_html, plotted
from relevome.results.parts.manifest import AGAIN, Folder
from relevome.results.parts.part import Counts, Rows
from relevome.results.parts.reader import PartsReader
from relevome.results.parts.writer import PartsWriter
from relevome.results.record import reading
from relevome.results.tables import write_tsv
from relevome.stores.place import Place
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NAME, TABLE, LIKELIHOODS = "prediction.json", "predictions.tsv", "likelihoods.tsv"

_TEXT, _WHOLE, _REAL = pa.string(), pa.int64(), pa.float64()
_REALS = pa.list_(pa.float32())

SCHEMA = pa.schema([
    pa.field("sequence_id", _TEXT, nullable=False),
    pa.field("sequence", _TEXT, nullable=False),
    pa.field("chrom", _TEXT),
    pa.field("start", _WHOLE),
    pa.field("end", _WHOLE),
    pa.field("strand", _TEXT),
    pa.field("label", _TEXT),
    pa.field("predicted", _TEXT),
    pa.field("probability", _REAL),
    pa.field("logits", _REALS, nullable=False),
    pa.field("probabilities", _REALS),
    pa.field("log_likelihood", _REAL),
    pa.field("counted_tokens", _WHOLE),
])  # fmt: skip


_OF_LIKELIHOODS = [
    "sequence_id", "chrom", "start", "end", "strand", "tokens", "log_likelihood", "perplexity",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class PredictedRow:
    """What is kept of one sequence; each field is a column.

    ``logits`` and ``probabilities`` are of all outputs, whose names are in ``prediction.json``, or letters x
    outputs, row-major, where there are outputs for every letter; then ``predicted``, the label of the most
    probable output, and its ``probability`` are null. Both, and ``probabilities``, are null of numbers.
    ``label`` is the true one, where it is known; the place is null without an interval. ``log_likelihood``
    and how many ``counted_tokens`` it has are of causal language models, else null.
    """

    sequence_id: str
    sequence: str
    chrom: str | None
    start: int | None
    end: int | None
    strand: str | None
    label: str | None
    predicted: str | None
    probability: float | None
    logits: Float32[np.ndarray, " values"]
    probabilities: Float32[np.ndarray, " values"] | None
    log_likelihood: float | None = None
    counted_tokens: int | None = None

    @property
    def likelihood(self) -> Likelihood | None:
        """The log-likelihood with its number of tokens, of causal language models."""
        if self.log_likelihood is None or self.counted_tokens is None:
            return None
        return Likelihood(self.log_likelihood, self.counted_tokens)


def predicted_row(found: Predicted, label: str | None) -> PredictedRow:
    """The row of what was predicted, beside the true label."""
    place, chance = found.sequence.interval, found.probabilities
    told, probability, likelihood = found.predicted, found.probability, found.likelihood
    return PredictedRow(
        sequence_id=found.sequence.id,
        sequence=found.sequence.letters,
        chrom=place.chrom if place else None,
        start=place.start if place else None,
        end=place.end if place else None,
        strand=place.strand if place else None,
        label=label,
        predicted=told if isinstance(told, str) else None,
        probability=probability if isinstance(probability, float) else None,
        logits=found.logits.ravel().astype(np.float32),
        probabilities=None if chance is None else chance.ravel().astype(np.float32),
        log_likelihood=None if likelihood is None else likelihood.value,
        counted_tokens=None if likelihood is None else likelihood.tokens,
    )


def _to_table(rows: Sequence[PredictedRow]) -> pa.Table:
    columns = [pa.array([getattr(row, field.name) for row in rows], type=field.type) for field in SCHEMA]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _from_row(table: pa.Table, row: int, _: tuple[int, int] | None) -> PredictedRow:
    values = {name: table[name][row] for name in SCHEMA.names}
    lists = ("logits", "probabilities")
    return PredictedRow(**{
        name: value.values.to_numpy().copy() if name in lists and value.is_valid else value.as_py()
        for name, value in values.items()
    })  # fmt: skip


PREDICTION = Folder(
    manifest=NAME,
    what="prediction",
    command="predict",
    done="predicted",
    rows=Rows(SCHEMA, _to_table, _from_row),
    schema_version=1,
    kinds={"outputs": list, "by_letter": bool, "long": str, "on_bad": str, "metrics": dict},
)


class PredictionWriter(PartsWriter):
    """A prediction that is being written; see `PartsWriter`."""

    def __init__(self, folder: str | Place, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        super().__init__(folder, PREDICTION, manifest, overwrite)


class Prediction(PartsReader[PredictedRow]):
    """The predictions of a folder, in the order of the input; one part is held in memory at a time.

    ``manifest`` is what ``prediction.json`` says. Raises InputError for a folder that is no prediction, of a
    later schema, or with a part that is damaged or missing.
    """

    kind = PREDICTION

    def __init__(self, path: str | Place) -> None:
        super().__init__(path)
        with reading(self.path / NAME, AGAIN):
            self._outputs = tuple(self.manifest["outputs"])
            self._metrics = {
                name: np.nan if value is None else float(value)
                for name, value in self.manifest.get("metrics", {}).items()
            }
            if not all(isinstance(name, str) for name in self._outputs):
                raise TypeError(f"outputs {self._outputs}")

    def _check_row(self, row: PredictedRow) -> None:
        expected = len(self.outputs) * (len(row.sequence) if self.by_letter else 1)
        lists = (row.logits, row.probabilities)
        if any(values is not None and len(values) != expected for values in lists):
            raise ValueError(f"expected {expected} logits and probabilities")

    def __repr__(self) -> str:
        counts: Counts = self.counts
        outputs = ", ".join(self.outputs[:4]) + (", ..." if len(self.outputs) > 4 else "")
        lines = [
            f"Prediction({str(self.path)!r}: {outputs}; {counts.explained:,} of "
            f"{counted(counts.read, 'sequence')}; "
            f"{self.status})"
        ]
        if self.metrics:
            lines.append("  " + ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items()))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        header = ("sequence_id", "letters", "label", "predicted", "probability")
        rows = (
            (one.sequence_id, len(one.sequence), one.label, one.predicted, one.probability) for one in self
        )
        return as_html(repr(self), header, rows)

    def plot(self) -> list[Axes]:
        """How probabilities, or numbers, of every output are spread over sequences, or over letters.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Where nothing was predicted.
        """
        return plotted(self)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels of the model's outputs."""
        return self._outputs

    @property
    def by_letter(self) -> bool:
        """Whether there are outputs for every letter."""
        return self.manifest["by_letter"]

    @property
    def metrics(self) -> dict[str, float]:
        """How well predictions agree with the true labels, where those were given."""
        return self._metrics

    def logits(self, row: PredictedRow) -> Float32[np.ndarray, "*letters outputs"]:
        """The logits of a row, (outputs) or (letters, outputs)."""
        return row.logits.reshape(-1, len(self.outputs)) if self.by_letter else row.logits

    def predicted_counts(self) -> dict[str, int]:
        """Of how many sequences each output is the most probable; nothing of letters and numbers."""
        found = Counter(name for part in self.tables(["predicted"]) for name in part["predicted"].to_pylist())
        return {name: count for name, count in found.items() if name is not None}

    @property
    def total_likelihood(self) -> Likelihood | None:
        """The sum over sequences, of a causal language model; its perplexity counts every token alike."""
        sums = [
            [part[name].drop_null().to_numpy().sum() for name in ("log_likelihood", "counted_tokens")]
            for part in self.tables(["log_likelihood", "counted_tokens"])
        ]
        value, tokens = np.sum(sums, axis=0) if sums else (0.0, 0)
        return Likelihood(float(value), int(tokens)) if tokens else None

    def to_pandas(self) -> pd.DataFrame:
        """A row for every sequence, or for every letter of it, as in ``predictions.tsv``."""
        import pandas as pd

        return pd.DataFrame(list(self._lines()), columns=self._header())

    def write_table(self) -> None:
        """Write ``predictions.tsv`` into the folder: what `to_pandas` gives; and any ``likelihoods.tsv``."""
        write_tsv(self.path / TABLE, self._header(), self._lines())
        if self.total_likelihood is not None:
            write_tsv(self.path / LIKELIHOODS, _OF_LIKELIHOODS, self._likelihoods())

    def _likelihoods(self) -> Iterator[list[Any]]:
        for row in self:
            if (one := row.likelihood) is not None:
                place = [row.chrom, row.start, row.end, row.strand]
                yield [row.sequence_id, *place, one.tokens, one.value, one.perplexity]

    def _header(self) -> list[str]:
        place = ["position", "letter"] if self.by_letter else ["chrom", "start", "end", "strand"]
        return ["sequence_id", *place, "label", "predicted", "probability", *self.outputs]

    def _lines(self) -> Iterator[list[Any]]:
        """Values of the outputs are probabilities, or numbers where outputs are numbers."""
        for row in self:
            shown = row.logits if row.probabilities is None else row.probabilities
            if self.by_letter:
                yield from self._letters(row, shown.reshape(-1, len(self.outputs)))
                continue
            place = [row.chrom, row.start, row.end, row.strand]
            probability = None if row.probability is None else np.float32(row.probability)
            yield [row.sequence_id, *place, row.label, row.predicted, probability, *shown]

    def _letters(self, row: PredictedRow, shown: np.ndarray) -> Iterator[list[Any]]:
        labels = row.label if row.label is not None else [None] * len(row.sequence)
        for position, (letter, label, values) in enumerate(zip(row.sequence, labels, shown, strict=True)):
            best = int(values.argmax())
            unknown = row.probabilities is None or np.isnan(values[best])
            told = [None, None] if unknown else [self.outputs[best], values[best]]
            shown_here = [None] * len(values) if unknown and np.isnan(values[best]) else values
            yield [row.sequence_id, position, letter, label, *told, *shown_here]
