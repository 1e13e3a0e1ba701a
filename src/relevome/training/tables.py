"""Tables of labelled sequences, read and turned into token ids and labels as numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from relevome.data.formats.table import LabelledSequence, read_table
from relevome.data.formats.uniprot import is_uniprot
from relevome.data.inputs import sha256_of
from relevome.data.problems import OnBad, Problem, Stops, refuse_or_skip
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.models.hugging_face import most_tokens
from relevome.models.tokens import LetterTokenizer, Tokens
from relevome.training.labels import LabelScheme

Example = dict[str, Any]


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
            f"sequence {name!r} has {found} letters but the CNN is made for exactly {exactly}: "
            'cut or extend it, or ask for "pooling": "max" in a config.json'
        )
    if longest is not None and found > longest:
        raise InputError(
            f"sequence {name!r} has {found} tokens ({len(tokens.sequence)} letters) but the model takes "
            f"{longest}: cut it into shorter ones, or choose a model that takes more"
        )
