"""A run whose most relevant letters are exchanged, to see whether that changes predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from relevome.data.formats.table import label_rows
from relevome.data.sequences import Sequence
from relevome.data.sites import listed_as
from relevome.engines.base import Engine, in_order
from relevome.errors import InputError
from relevome.evaluation.exchange import exchanged_curves
from relevome.evaluation.exchange_curves import Label, curves_and_areas
from relevome.evaluation.explainer import Explainer, explainer, model_of
from relevome.jobs import Progress, Say, nobody
from relevome.models.base import Model, Target
from relevome.models.batching import batch_sizes_of
from relevome.models.predictions import outputs, outputs_of
from relevome.models.targets import place_of
from relevome.report.substitution import write_substitution_page
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of
from relevome.results.substitution import FOLDER, Exchange, Exchanged, Substitution, write_substitution
from relevome.words import counted

AT_ONCE = 32  # sequences that are exchanged together


@FOLDER.alone
@torch.inference_mode(mode=False)
@torch.enable_grad()
def substitute(
    run: Run | str | Path,
    *,
    by: str | None = None,
    most: int = 64,
    orders: int = 10,
    labels: str | Path | None = None,
    head: tuple[int, int | None] | None = None,
    target: str | None = None,
    sequences: int = 100,
    model: Model | str | Path | None = None,
    tokenizer: str | Path | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> Substitution:
    """Exchange the 1, 2, 4, ... most relevant letters of sequences: does the prediction change soon?

    Letters are exchanged most relevant first, least relevant first, and in random orders; every changed
    sequence is tokenised afresh (Wenzel, Gruner, Strodthoff 2024, doi 10.1093/bioinformatics/btae031).

    Args:
        run: A run of `explain`, or its folder.
        by: The letter that takes their place, or ``random`` for others than those they replace. Default:
            ``A`` (alanine) for proteins, ``random`` otherwise.
        most: Letters that are exchanged at most. Default: 64.
        orders: Random orders to compare with, and draws of random letters. Default: 10.
        labels: A table of true classes, with the ids of the run, or the UniProt accessions in them, and
            columns as for `train`, sequences not needed; several classes joined by ``;``. Accuracy and AUROC
            come with it. Default: none.
        head: A layer and one of its heads, both from 0, by whose relevance letters are ordered, of a run
            with ``heads=True``; the second is None for all heads of the layer together. Default: the
            relevance of the letters.
        target: Which target, needed of a run of several. Default: the only one.
        sequences: How many sequences are drawn at random, 2 or more; 0 for all. Default: 100.
        model: The run's model, or its folder, where it moved. Default: where the run says.
        tokenizer: Where its tokenizer is, if that is elsewhere. Default: where the run says.
        device: Where to put it. Default: ``auto``.
        trust_remote_code: Whether to run code that comes with the checkpoint. Default: False.
        batch_size: Sequences that go through the model at once. Default: derived from the model and the
            number of tokens, so that the same call gives the same digits.
        seed: Of everything that is drawn. Default: 0.
        out: Folder for tables, the picture and the record. Default: nothing is written.
        overwrite: Replace an earlier result in ``out``. Default: False.
        engine: Where sequences are exchanged, 32 at a time: an `Engine`, or the name of one, of
            `relevome list engines`. Default: ``local``, this process.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many sequences are done, and of how many in all.

    Returns:
        Curves of the logit, for models of classes of the probability too, and with ``labels`` of accuracy
        and AUROC, each the mean over sequences with its 95% interval; areas between them over doublings of
        the number of letters; and what the model answered for every sequence.

    Raises:
        InputError: For what the run, its model or the table does not have, for fewer than two sequences
            that can be changed, and for a folder that is not free.
    """
    folder = None if out is None else Path(out)
    opened = run if isinstance(run, Run) else Run(run)
    by = by or ("A" if opened.manifest["alphabet"] == "protein" else "random")
    sizes = batch_sizes_of(batch_size)
    exchange = Exchange(by, most, orders, seed)
    rows = _drawn(list(rows_of(opened, target)), sequences, seed)
    relevance = [relevance_of(row, head) for row in rows]
    read = (
        model if isinstance(model, Model) else model_of(opened, model, device, trust_remote_code, tokenizer)
    )
    made = explainer(opened, read.with_batch_sizes(sizes))
    listed = {} if labels is None else read_labels(labels, made)
    named = {row.sequence_id: listed_as(row.sequence_id, listed) for row in rows}
    known = {id: listed[name] for id, name in named.items() if name is not None}
    say("exchanging letters")
    targets = {row.sequence_id: made.target(row) for row in rows}
    letters = [made.sequence(row) for row in rows]
    asked = list(zip(letters, targets.values(), relevance, strict=True))
    found: list[Exchanged | InputError] = []
    parts = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
    for some in in_order(engine, _Exchanging(made.model, exchange), parts):
        found += some
        progress(len(some), len(asked))
    kept, left_out = _apart(opened, rows, found)
    if labels is not None and not kept.keys() & known.keys():
        raise InputError(f"no sequence of {opened.path} is in {labels}: expected the ids of the run in it")
    say("statistics")
    kind = outputs_of(made.model, made.targets[0])
    curves, areas = curves_and_areas(kept, targets, known, kind, exchange)
    notes = _notes(kept, exchange, None if labels is None else known)
    about = _about(opened, rows[0], head, labels) | {"batch_size": made.model.batch_sizes.on_record()}
    result = Substitution(about, exchange, kept, tuple(curves), tuple(areas), left_out, tuple(notes))
    if folder is not None:
        FOLDER.clear(folder)
        write_substitution_page(result, folder)
        write_substitution(result, folder)
    return result


@dataclass(frozen=True)
class _Exchanging:
    """What an engine does with some sequences, their targets and relevance."""

    model: Model
    exchange: Exchange

    def __call__(self, some: Many[tuple[Sequence, Target, np.ndarray]]) -> list[Exchanged | InputError]:
        sequences, targets, relevance = (list(column) for column in zip(*some, strict=True))
        return exchanged_curves(self.model, sequences, targets, relevance, self.exchange)


def _apart(
    run: Run, rows: list[Explanation], found: list[Exchanged | InputError]
) -> tuple[dict[str, Exchanged], dict[str, int]]:
    """Curves by sequence, and how many have none for each reason. Raises InputError for fewer than two."""
    kept: dict[str, Exchanged] = {}
    left_out: Counter[str] = Counter()
    for row, one in zip(rows, found, strict=True):
        if isinstance(one, Exchanged):
            kept[row.sequence_id] = one
        else:
            left_out[str(one).replace(f" {row.sequence_id!r}", "")] += 1
    if len(kept) < 2:
        reasons = "; ".join(left_out) or "it has no more"
        raise InputError(
            f"{counted(len(kept), 'sequence')} of {run.path} can be changed: expected two or more ({reasons})"
        )
    return kept, dict(left_out)


def _drawn(rows: list[Explanation], sequences: int, seed: int) -> list[Explanation]:
    """All rows, or as many as are wanted."""
    if sequences < 0 or sequences == 1:
        raise InputError(f"--sequences {sequences}: expected 2 or more, or 0 for all")
    if not sequences or len(rows) <= sequences:
        return rows
    chosen = np.random.default_rng(seed).permutation(len(rows))[:sequences]
    return [rows[i] for i in sorted(chosen)]


def relevance_of(row: Explanation, head: tuple[int, int | None] | None) -> Float[np.ndarray, " letters"]:
    """Relevance of every letter: that of the run, or of one head or one layer, tokens shared out equally.

    Raises InputError for a run without heads, and for one that it lacks.
    """
    if head is None:
        return row.relevance.astype(np.float64)
    if row.head_relevance is None:
        raise InputError(f"sequence {row.sequence_id!r} has no relevance of heads: explain with --heads")
    layer, number = head
    layers, heads, _ = row.head_relevance.shape
    if not (0 <= layer < layers and (number is None or 0 <= number < heads)):
        raise InputError(
            f"layer {layer}{'' if number is None else f', head {number}'}: expected layers 0 to {layers - 1} "
            f"and heads 0 to {heads - 1}"
        )
    of_layer = row.head_relevance[layer].astype(np.float64)
    return _shared_out(row, of_layer.sum(0) if number is None else of_layer[number])


def _shared_out(row: Explanation, tokens: Float[np.ndarray, " tokens"]) -> Float[np.ndarray, " letters"]:
    letters = np.zeros(len(row.sequence))
    for start, end, value in zip(row.token_start, row.token_end, tokens, strict=True):
        letters[start:end] += value / max(end - start, 1)
    return letters


def read_labels(path: str | Path, made: Explainer) -> dict[str, Label]:
    """The true outputs of every sequence by its id, several of them joined by ``;``.

    Raises InputError for a table without labels, a label that the model does not have, and a model whose
    output is no class.
    """
    model = made.model
    if model.task != "sequence" or outputs(model) == "a number":
        raise InputError("--labels needs a model that predicts classes of sequences: leave it out")
    known: dict[str, Label] = {}
    for where, id, label in label_rows(path):
        known[id] = Label(
            frozenset(_index(f"{where}: {id!r}", name, model) for name in label.split(";") if name)
        )
    return known


def _index(whose: str, name: str, model: Model) -> int:
    index = place_of(model.labels, name.strip())
    if index is None:
        raise InputError(f"{whose} has label {name!r}: expected one of {', '.join(model.labels[:8])}")
    return index


def _about(
    run: Run, row: Explanation, head: tuple[int, int | None] | None, labels: str | Path | None
) -> dict[str, Any]:
    said = run.manifest
    kept = ("method", "parameters", "lift", "model", "input")
    by = "letters" if head is None else f"layer {head[0]}" + ("" if head[1] is None else f", head {head[1]}")
    return {"run": str(run.path), "target": row.target, "relevance": by} | {
        "labels": None if labels is None else str(labels)
    } | {name: said.get(name) for name in kept}  # fmt: skip


def _notes(
    found: Mapping[str, Exchanged], exchange: Exchange, known: Mapping[str, Label] | None
) -> list[str]:
    """What a reader of the curves should know."""
    notes = []
    same, all_letters = sum(one.same for one in found.values()), sum(one.letters for one in found.values())
    if same:
        share = same / (same + all_letters)
        notes.append(
            f"{share:.1%} of the letters are {exchange.by} already and were passed over in every order"
        )
    if short := sum(one.letters < exchange.most for one in found.values()):
        notes.append(
            f"{counted(short, 'sequence has', 'sequences have')} fewer than {exchange.most} letters to "
            "exchange: from there on all are"
        )
    others, changed = (sum(getattr(one, name) for one in found.values()) for name in ("others", "changed"))
    if changed:
        notes.append(
            f"exchanging letters changed {changed / others:.1%} of the other tokens too, since sequences are "
            "tokenised afresh"
        )
    if known is not None and (missing := len(found.keys() - known.keys())):
        unlabelled = counted(missing, "sequence has no label, and is", "sequences have no label, and are")
        notes.append(f"{unlabelled} not in accuracy and AUROC")
    return notes
