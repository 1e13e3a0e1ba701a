"""The score of every letter at every place, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relevome.data.names import table_line, table_text
from relevome.errors import InputError
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.tables import shortest

HEADER = ("sequence_id", "target", "position", "letter")


@exporters.register("letter-scores")
@dataclass(frozen=True)
class LetterScores:
    """A matrix of positions by letters for each sequence, one under the other, from runs with such scores.

    A line for each position: sequence id, target, position (0-based), the letter that is there, and a column
    for each letter of the model's alphabet in its order (4 of nucleic acids, 20 of proteins), in logits, as
    the method gives them; values in the fewest digits that give the same float32. With ``centre``, 0 is the
    average letter of a position. All targets in one file.
    """

    centre: bool = False

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file; see `Exporter`. Raises InputError for a run without a score for every letter."""
        targets, letters = wanted_targets(run, target), _alphabet(run)
        check_free([out], overwrite)
        positions = 0
        with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(table_line([*HEADER, *letters]))
            for part in run.tables(["sequence_id", "sequence", "target", "letter_scores"]):
                for lines in self._lines(run, part.filter(pc.field("target").isin(targets)), letters):
                    file.writelines(lines)
                    positions += len(lines)
        return ExportReport((out,), positions, "positions")

    def _lines(self, run: Run, part: pa.Table, letters: Sequence[str]) -> Iterator[list[str]]:
        """The lines of each sequence."""
        for row, given in zip(part.drop("letter_scores").to_pylist(), part["letter_scores"], strict=True):
            if not given.is_valid:
                raise InputError(
                    f"{run.path} has no score for every letter of {row['sequence_id']!r}: explain with "
                    "--method mutagenesis or, for a model that reads single letters, with --letter-scores "
                    "and a gradient method at --site word"
                )
            scores = given.values.to_numpy().reshape(-1, len(letters))
            if self.centre:
                scores = scores - scores.mean(axis=1, keepdims=True)
            names = f"{table_text(row['sequence_id'])}\t{table_text(row['target'])}"
            yield [
                f"{names}\t{place}\t{letter}\t" + "\t".join(shortest(each)) + "\n"
                for place, (letter, each) in enumerate(zip(row["sequence"], scores, strict=True))
            ]


def _alphabet(run: Run) -> list[str]:
    letters = list(run.manifest.get("alphabet_letters", ""))
    if not letters:
        raise InputError(f"{run.path} does not say the letters of its model's alphabet: explain anew")
    return letters
