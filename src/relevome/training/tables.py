"""Tables of labelled sequences, read and turned into token ids and labels as numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel

from relevome.data.formats.table import LabelledSequence, read_table
from relevome.data.formats.uniprot import is_uniprot
from relevome.data.inputs import sha256_of
from relevome.data.problems import OnBad, Problem, Stops, refuse_or_skip
from relevome.data.sequences import Alphabet, Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.models.hugging_face import most_tokens
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens
from relevome.training.labels import LabelScheme
from relevome.words import counted

Example = dict[str, Any]
Encode = Callable[[LabelledSequence], Example]

# Labels of a table that has positives only, and of what is made beside them.
POSITIVE, NEGATIVE = "1", "0"


@dataclass(frozen=True)
class LabelledTable:
    """One table: its usable rows, what was wrong with the others, and a digest of the file."""

    path: Path
    sha256: str
    rows: tuple[LabelledSequence, ...]
    problems: tuple[Problem, ...]

    def examples(
        self, module: PreTrainedModel, tokenizer: LetterTokenizer, scheme: LabelScheme
    ) -> list[Example]:
        """``input_ids`` and ``labels`` of every row; an ``InputError`` names table and sequence."""
        encode = self.encoder(module, tokenizer, scheme)
        return [encode(row) for row in self.rows]

    def encoder(self, module: PreTrainedModel, tokenizer: LetterTokenizer, scheme: LabelScheme) -> Encode:
        """What makes an example of a row of this table; its ``InputError`` names table and sequence."""
        longest = most_tokens(module, tokenizer.hf)
        exactly = getattr(module.config, "sequence_length", None)

        def encode(row: LabelledSequence) -> Example:
            try:
                tokens = tokenizer.encode(row.sequence)
                _check_length(tokens, longest, exactly)
                labels = _labels(row, tokens, scheme)
            except InputError as error:
                raise InputError(f"{self.path}: {error}") from error
            return {"input_ids": tokens.ids.tolist(), "labels": labels}

        return encode

    def cropped(self, fewer: int, per_letter: bool) -> LabelledTable:
        """The middle of every sequence, ``fewer`` letters shorter: that from letter ``fewer`` // 2 on.

        ``per_letter`` is whether a label has a character for every letter, and is cut as these are.
        Raises InputError for a sequence of which nothing is left.
        """
        for row in self.rows:
            if len(row.sequence) <= fewer:
                raise InputError(
                    f"{self.path}: sequence {row.sequence.id!r} has {counted(len(row.sequence), 'letter')}, "
                    f"of which --shifts {fewer} leaves none: expected longer sequences, or smaller shifts"
                )
        return replace(self, rows=tuple(crop(row, fewer // 2, fewer, per_letter) for row in self.rows))

    def as_positives(self) -> LabelledTable:
        """The same rows, labelled 1. Raises InputError for a row that says something else."""
        for row in self.rows:
            if row.label not in (None, POSITIVE):
                raise InputError(
                    f"{self.path}: sequence {row.sequence.id!r} has label {row.label!r}: --negatives makes "
                    f"the negatives of a table of positives, which has no label column, or {POSITIVE} in "
                    "every row; leave it out, or those that are no positives"
                )
        return replace(self, rows=tuple(replace(row, label=POSITIVE) for row in self.rows))

    def with_negatives(self, seed: int, part: int) -> LabelledTable:
        """The rows, and after them a shuffle of each, drawn by the seed and the number of the table."""
        drawn = (shuffled(row, np.random.default_rng([seed, part, at])) for at, row in enumerate(self.rows))
        return replace(self, rows=(*self.rows, *drawn))

    def unchanged(self) -> int:
        """Of a table `with_negatives`: how many shuffles are the very letters of what was shuffled."""
        half = len(self.rows) // 2
        pairs = zip(self.rows[:half], self.rows[half:], strict=True)
        return sum(one.sequence.letters == other.sequence.letters for one, other in pairs)

    def describe(self, training: LabelledTable, tokenizer: LetterTokenizer) -> dict[str, Any]:
        """For the record: path, digest, counts, how many sequences are in ``training`` too, and codes.

        ``codes`` are letters that are no plain ones: how many, and as which token each is read.
        """
        seen = {row.sequence.letters for row in training.rows}
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "sequences": len(self.rows),
            "also_in_training": sum(row.sequence.letters in seen for row in self.rows),
            "skipped": [asdict(problem) for problem in self.problems],
            "codes": self._codes(tokenizer),
        }

    def _codes(self, tokenizer: LetterTokenizer) -> dict[str, dict[str, Any]]:
        if not tokenizer.one_letter_always:
            return {}
        alphabet, found = tokenizer.alphabet, {}
        for code in alphabet.ambiguous:
            count = sum(row.sequence.letters.count(code) for row in self.rows)
            if count:
                tokens = tokenizer.encode(Sequence("code", code, alphabet))
                found[code] = {"count": count, "read_as": tokens.texts[int(tokens.covering(0))]}
        return found


def read_labelled(
    path: Path,
    alphabet: Alphabet,
    on_bad: OnBad,
    labels_column: str | None = None,
    id_column: str | None = None,
    stops: Stops | None = None,
) -> LabelledTable:
    """A table of labelled sequences, whole; ``on_bad`` says what happens to unusable rows."""
    if is_uniprot(path):
        raise InputError(f"{path} holds UniProt entries: say what they teach with --labels-from ec or go")
    problems: list[Problem] = []
    found = read_table(path, alphabet, None, labels_column, id_column, stops)
    rows = tuple(refuse_or_skip(found, on_bad, problems))
    if not rows:
        raise InputError(f"{path} has no usable sequence: all {len(problems)} were skipped")
    return LabelledTable(path, sha256_of(path), rows, tuple(problems))


def crop(row: LabelledSequence, first: int, fewer: int, per_letter: bool) -> LabelledSequence:
    """``fewer`` letters less, from letter ``first`` on; of a label ``per_letter`` what belongs to these."""
    last = first + len(row.sequence) - fewer
    label = row.label[first:last] if per_letter and row.label else row.label
    letters = row.sequence.letters[first:last]
    return LabelledSequence(replace(row.sequence, letters=letters, interval=None), label)


def turned(row: LabelledSequence, per_letter: bool) -> LabelledSequence:
    """The reverse complement, and a label ``per_letter`` from its end on."""
    label = row.label[::-1] if per_letter and row.label else row.label
    return LabelledSequence(row.sequence.reverse_complement(), label)


def shuffled(row: LabelledSequence, rng: np.random.Generator) -> LabelledSequence:
    """A negative with as many of every pair of letters as a row: see `dinucleotide_shuffle`."""
    letters = dinucleotide_shuffle(row.sequence.letters, rng)
    sequence = replace(row.sequence, id=f"{row.sequence.id}_shuffled", letters=letters, interval=None)
    return LabelledSequence(sequence, NEGATIVE)


def _labels(row: LabelledSequence, tokens: Tokens, scheme: LabelScheme) -> Any:
    """The row's label, spread over tokens (special ones: -100) where there is one per letter."""
    labels = scheme.encode(row)
    if scheme.task != "token" or not isinstance(labels, list):
        return labels
    if not tokens.one_letter_each:
        raise InputError(
            f"sequence {row.sequence.id!r} has tokens of more than one letter: for one label per letter "
            "choose a model with single-letter tokens"
        )
    return [
        -100 if special else labels[start]
        for start, special in zip(tokens.starts, tokens.special, strict=True)
    ]


def _check_length(tokens: Tokens, longest: int | None, exactly: int | None) -> None:
    name, found = tokens.sequence.id, len(tokens)
    if exactly is not None and found != exactly:
        raise InputError(
            f"sequence {name!r} has {counted(found, 'letter')} but the CNN is made for exactly {exactly}: "
            'cut or extend it, or ask for "pooling": "max" in a config.json'
        )
    if longest is not None and found > longest:
        raise InputError(
            f"sequence {name!r} has {counted(found, 'token')} ({counted(len(tokens.sequence), 'letter')}) "
            f"but the model takes {longest}: cut it into shorter ones, or choose a model that takes more"
        )
