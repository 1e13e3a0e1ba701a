"""Tables of labelled sequences, read and turned into token ids and labels as numbers."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from relevome.data.errors import InputError
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.sequence import Alphabet
from relevome.data.tables import Labelled, read_table
from relevome.models.huggingface import most_tokens
from relevome.models.tokenization import LetterTokenizer, Tokens
from relevome.models.training.labels import LabelScheme

Example = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table: its usable rows, what was wrong with the others, and a digest of the file."""

    path: Path
    sha256: str
    rows: tuple[Labelled, ...]
    problems: tuple[Problem, ...]

    def examples(
        self, module: PreTrainedModel, tokenizer: LetterTokenizer, scheme: LabelScheme
    ) -> list[Example]:
        """``input_ids`` and ``labels`` of every row; an ``InputError`` names table and sequence."""
        longest = most_tokens(module, tokenizer.hf)
        exactly = getattr(module.config, "sequence_length", None)
        examples = []
        for row in self.rows:
            try:
                tokens = tokenizer.encode(row.sequence)
                _check_length(tokens, longest, exactly)
                labels = _labels(row, tokens, scheme)
            except InputError as error:
                raise InputError(f"{self.path}: {error}") from error
            examples.append({"input_ids": tokens.ids.tolist(), "labels": labels})
        return examples

    def describe(self, training: Table) -> dict[str, Any]:
        """For the record: path, digest, counts, and how many sequences are in ``training`` too."""
        seen = {row.sequence.letters for row in training.rows}
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "sequences": len(self.rows),
            "also_in_training": sum(row.sequence.letters in seen for row in self.rows),
            "skipped": [asdict(problem) for problem in self.problems],
        }


def read_labelled(path: Path, alphabet: Alphabet, on_bad: OnBad) -> Table:
    """A table of labelled sequences, whole; ``on_bad`` says what happens to unusable rows."""
    problems: list[Problem] = []
    rows = tuple(refuse_or_skip(read_table(path, alphabet), on_bad, problems))
    if not rows:
        raise InputError(f"{path} has no usable sequence: all {len(problems)} were skipped")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Table(path, digest, rows, tuple(problems))


def _labels(row: Labelled, tokens: Tokens, scheme: LabelScheme) -> Any:
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
            f"sequence {name!r} has {found} letters but the CNN is made for exactly {exactly}: "
            'cut or extend it, or ask for "pooling": "max" in a config.json'
        )
    if longest is not None and found > longest:
        raise InputError(
            f"sequence {name!r} has {found} tokens ({len(tokens.sequence)} letters) but the model takes "
            f"{longest}: cut it into shorter ones, or choose a model that takes more"
        )
