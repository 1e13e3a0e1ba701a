"""What a model predicts of sequences, kept part by part, beside how well it agrees with true labels."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from relevome.data.formats.table import label_rows
from relevome.data.inputs import Input, given_sequences, sha256_of
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import Sequence
from relevome.data.sites import listed_as
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs import Progress, nobody
from relevome.jobs.running.estimates import Planned
from relevome.jobs.running.planning import estimate_shards
from relevome.jobs.running.shards import (
    SHARD_LETTERS,
    SHARD_SEQUENCES,
    Item,
    Shard,
    ShardResult,
    letters_of,
    refused,
    result_of,
    shards,
)
from relevome.jobs.running.writing import remembered, write_shards
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.models.predictions import (
    Predicted,
    output_labels,
    outputs,
    predict_each,
    predicted_kind,
    predicts_letters,
)
from relevome.models.targets import place_of
from relevome.options import check_choice
from relevome.results.parts.part import Counts
from relevome.results.parts.pieces import Keeping, Outcome, Pieces
from relevome.results.parts.writer import parts_there
from relevome.results.prediction import (
    PREDICTION,
    Prediction,
    PredictionWriter,
    predicted_row,
)
from relevome.results.record import provenance
from relevome.stores.place import Place, named_place
from relevome.training.labels import LabelScheme
from relevome.words import counted

Labels: TypeAlias = Mapping[str, str]


def predict(
    model: Model,
    sequences: str | Path | Iterable[str | Sequence] | Mapping[str, str] | Input,
    out: str | Place,
    *,
    labels: str | Path | Labels | None = None,
    labels_column: str | None = None,
    long: str = "refuse",
    on_bad: str = "refuse",
    batch_size: int | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    progress: Progress | None = None,
    planned: Planned | None = None,
) -> Prediction:
    """Logits and probabilities of all outputs of a model for sequences, kept in a folder.

    In memory, without a folder, ``model.predict(sequences)`` does it.

    Args:
        model: The model, as `relevome.load_model` gives it.
        sequences: As for `relevome.explain`.
        out: Folder for the result, or its address in an object store, such as ``s3://bucket/predicted`` (see
            `docs/clusters.md`); one that was stopped goes on.
        labels: True labels, which bring metrics: a table with ids and labels, or a dictionary of labels by
            ids. They are written as for training: a class, or its index; several classes joined by ``;``; a
            number; one character for every letter. None: none.
        labels_column: The column of the table with labels. None: that of the usual name.
        long: What to do with sequences that are too long for the model: ``refuse``, or ``window`` to predict
            overlapping windows of them.
        on_bad: What to do with sequences that cannot be used: ``refuse`` or ``skip``.
        batch_size: Sequences that go through the model at once. None: what suits the model.
        overwrite: Replace a prediction that is there.
        engine: Where it is computed, one of `relevome list engines`.
        progress: Called with how many sequences are done, and of how many.
        planned: As that of `relevome.explain`.

    Returns:
        The prediction, which reads its rows from ``out``: ``prediction.json`` has the record and the metrics,
        ``predictions.tsv`` a table for people, and of causal language models ``likelihoods.tsv`` another.

    Raises:
        InputError: For what cannot be read, labels that the model does not have, labels of none of the
            sequences, and a folder that holds anything else.
    """
    check_choice("--long", long, ("refuse", "window"))
    check_choice("--on-bad", on_bad, ("refuse", "skip"))
    source, folder = given_sequences(sequences, model.alphabet), named_place(out)
    truth, about = _truth(labels, labels_column)
    scheme = None if labels is None else _scheme(model)
    count = _check(source, on_bad, scheme, truth)
    tell = progress or nobody
    tell(0, count)
    known = remembered(folder, PREDICTION, overwrite)
    sized = model.with_batch_sizes(batch_sizes_of(batch_size, known))
    asked = _manifest(sized, source, long, on_bad, about)
    if planned is not None:
        there = parts_there(folder, PREDICTION, asked, overwrite)
        tried = model.with_batch_sizes(batch_sizes_of(batch_size, known))  # leaves no trace in the record
        every, task = shards(tried, source, long), PredictShard(tried, truth, on_bad)
        planned(estimate_shards(Shard, every, task, PREDICTION.rows, engine, letters_of, there))
    with PredictionWriter(folder, asked, overwrite) as writer:
        task = PredictShard(sized, truth, on_bad, writer.pieces)
        every = shards(sized, source, long)
        write_shards(writer, task, every, engine, lambda done: tell(done, count))
        found = Prediction(folder)
        if scheme is not None:
            writer.conclude(_metrics(found, scheme))
        found.write_table()
    return Prediction(folder)


@dataclass(frozen=True)
class PredictShard:
    """What an engine does with every shard of a prediction; ``labels`` are the true ones, by id."""

    model: Model
    labels: Labels
    on_bad: str
    pieces: Pieces | None = None

    def __call__(self, shard: Shard) -> ShardResult:
        """Predict all sequences of a shard; one that is refused is counted, or raised if that is asked."""
        keeping = Keeping(self.pieces, shard.number)
        places: list[int] = []
        sequences: list[Sequence] = []
        for place, item in enumerate(shard.items):
            if isinstance(item.what, Sequence):
                places.append(place)
                sequences.append(item.what)
            elif place not in keeping.known:
                keeping.add(place, refused(item, str(item.what)))
        known = {number for number, place in enumerate(places) if place in keeping.known}
        for number, found in predict_each(self.model, sequences, known):
            keeping.add(places[number], self._outcome(shard.items[places[number]], found))
        return result_of(shard, keeping, self.model)

    def _outcome(self, item: Item, found: Predicted | InputError) -> Outcome:
        if isinstance(found, InputError):
            if self.on_bad == "refuse":
                raise found
            return refused(item, str(found))
        one = int(item.begins_sequence)
        windows = {} if one else {"windows": 1}
        row = predicted_row(found, _label_of(found.sequence.id, self.labels))
        return Outcome((row,), Counts(one, one, (), windows))


def _truth(given: str | Path | Labels | None, column: str | None) -> tuple[Labels, dict[str, str]]:
    """Labels by id, and what the record says of them."""
    if given is None:
        return {}, {}
    if isinstance(given, Mapping):
        return given, {"labels": f"{counted(len(given), 'label')}"}
    about = {"labels": str(given), "labels_sha256": sha256_of(given)}
    found = {id: label for _, id, label in label_rows(given, column) if label}
    return found, about | ({} if column is None else {"labels_column": column})


def _scheme(model: Model) -> LabelScheme:
    """What labels mean to a model. Raises InputError for one whose outputs have no true labels."""
    kind = outputs(model)
    if model.kind.language or (kind == "a number" and len(model.labels) > 1):
        what = "letters" if model.kind.language else "several numbers"
        raise InputError(f"the model predicts {what}, with which no label is compared: leave --labels out")
    if model.task == "token":
        return LabelScheme("token", model.labels)
    if kind == "a number":
        return LabelScheme("regression", model.labels)
    if kind == "any of several":
        return LabelScheme("multi-label", model.labels)
    return LabelScheme("multi-class" if len(model.labels) > 2 else "binary", model.labels)


def _encoded(scheme: LabelScheme, id: str, label: str) -> Any:
    """A label as `performance` takes it; classes are called by their names, or by their indices."""
    if scheme.task == "regression":
        try:
            number = float(label)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"sequence {id!r} has label {label!r}: expected a finite number")
        return number
    if scheme.task == "token":
        return [_output(scheme, id, part) for part in label]
    if scheme.task == "multi-label":
        chosen = {_output(scheme, id, part.strip()) for part in label.split(";") if part.strip()}
        return [float(index in chosen) for index in range(len(scheme.names))]
    return _output(scheme, id, label)


def _output(scheme: LabelScheme, id: str, label: str) -> int:
    index = place_of(scheme.names, label)
    if index is None:
        known = ", ".join(scheme.names[:20])
        raise InputError(f"sequence {id!r} has label {label!r}: expected one of {known}, or an index from 0")
    return index


def _label_of(id: str, labels: Labels) -> str | None:
    """The true label of a sequence, by its id or the accession in it."""
    named = listed_as(id, labels.keys())
    return None if named is None else labels[named]


def _check(source: Input, on_bad: str, scheme: LabelScheme | None, labels: Labels) -> int:
    """How many sequences there are. Raises InputError for what is wrong with them, or with labels."""
    count = labelled = 0
    for sequence in refuse_or_skip(source.read(), "skip" if on_bad == "skip" else "refuse", []):
        count += 1
        label = _label_of(sequence.id, labels)
        if scheme is None or label is None:
            continue
        labelled += 1
        _encoded(scheme, sequence.id, label)
        if scheme.task == "token" and len(label) != len(sequence):
            raise InputError(
                f"sequence {sequence.id!r} has {counted(len(sequence), 'letter')} but "
                f"{counted(len(label), 'label')}: expected one character for every letter"
            )
    if scheme is not None and not labelled:
        raise InputError("none of the labels is of one of the sequences: expected labels by their ids")
    return count


def _manifest(
    model: Model, source: Input, long: str, on_bad: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """What ``prediction.json`` says about the question."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "model": model.about() | {"task": model.task, "max_tokens": model.max_tokens},
        "input": dict(source.description) | dict(labels),
        "outputs": list(output_labels(model)),
        "output_kind": predicted_kind(model),
        "by_letter": predicts_letters(model),
        "alphabet": model.alphabet.name,
        "long": long,
        "on_bad": on_bad,
        "shard": {"sequences": SHARD_SEQUENCES, "letters": SHARD_LETTERS},
        "batch_size": model.batch_sizes.on_record(),
        **provenance(),
    }


def _metrics(found: Prediction, scheme: LabelScheme) -> dict[str, float | None]:
    """Scores by name over all rows with a label, and how many those are; what is undefined is None."""
    from relevome.training.performance import performance  # scikit-learn takes a second to import

    logits: list[np.ndarray] = []
    truth: list[Any] = []
    for row in found:
        if row.label is not None:
            truth.append(_encoded(scheme, row.sequence_id, row.label))
            logits.append(found.logits(row))
    if not truth:
        raise InputError(f"no sequence of {found.path} with a label was predicted: there are no metrics")
    if scheme.task == "token":
        scores = performance("token", np.concatenate(logits), np.concatenate(truth))
    else:
        scores = performance(scheme.task, np.stack(logits), np.array(truth))
    known = {name: None if math.isnan(value) else value for name, value in scores.items()}
    return {"labelled": float(len(truth)), **known}
