"""Every reader of ours ends in a result or in one line, whatever bytes it is given."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import relevome
from relevome.data.formats import Format, formats
from relevome.errors import InputError
from tests.damage import of_data
from tests.damage.campaign import ACCEPTED, REFUSED, Verdict, drawn, empty, judge
from tests.damage.readers import Reader, readers
from tests.damage.watched import watch

pytestmark = pytest.mark.filterwarnings("ignore")

SOURCE = Path(relevome.__file__).parent
READERS = readers()
INPUTS = 40  # of each: a campaign reads a million (python -m benchmarks damaged_inputs)
SLOW = ("model",)

# Functions that read by way of others, or text that is no file.
ELSEWHERE = {
    "relevome.data.ec_numbers:read_ec": "text",
    "relevome.data.formats.bed:bed_lines": "genome with BED",
    "relevome.data.formats.fasta:read_fasta": "fasta.fa as sequences",
    "relevome.data.windows.places:read_places": "genome with BED",
    "relevome.data.windows.site_windows:read_site_windows": "genome with BED",
    "relevome.models.light.folder:read_light": "model",
    "relevome.models.loading.checkpoint:read_checkpoint": "model",
    "relevome.models.loading.checkpoint:read_config": "model",
    "relevome.results.tables:read_tsv": "evaluation",
    "relevome.models.tokenizing.bpe_dropout:read_byte_pairs": "a tokenizer in memory",
    "relevome.data.formats.meme:read_databases": "meme",
    "relevome.jobs.substitute:read_labels": "labelled table",
    "relevome.evaluation.truth:read_truth": "any format by its name",
    "relevome.training.tables:read_labelled": "labelled table",
    "relevome.data.shares:read_shares": "text",
    "relevome.training.function.proteins:read_function_data": "ec terms",
    "relevome.training.corpus:read_source": "fasta.fa as sequences",
    "relevome.results.record:read_record": "every result",
    "relevome.results.parts.manifest:read_manifest": "run",
    "relevome.results.parts.part:read_info": "run",
    "relevome.results.parts.part:read_part": "run",
    "relevome.results.parts.part:read_foot": "run",
    "relevome.results.arrays:read_arrays": "substitution",
    "relevome.results.evaluation.folder:read_settings": "evaluation",
    "relevome.results.evaluation.folder:read_score": "evaluation",
    "relevome.studies.enzymes:read_enzymes": "uniprot.xml as sequences",
    "relevome.studies.protein_tasks:read_membrane": "three-line.3line as sequences",
    "relevome.studies.protein_tasks:read_signal": "uniprot.xml as sites",
}


def covered() -> set[str]:
    return {function for reader in READERS.values() for function in reader.covers}


def functions_that_read() -> set[str]:
    """Public functions of modules whose names begin with ``read_``."""
    return {
        f"{'.'.join(path.relative_to(SOURCE.parent).with_suffix('').parts)}:{one.name}"
        for path in SOURCE.rglob("*.py")
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("read_")
    }


def test_every_function_that_reads_is_tried_with_damaged_input() -> None:
    assert functions_that_read() - covered() == set(ELSEWHERE) & functions_that_read()


@pytest.mark.parametrize("name", list(formats))
def test_every_registered_format_is_tried_in_every_use(name: str) -> None:
    uses = [use for use in of_data.USES if getattr(formats[name], use) is not None]
    assert {f"format {name} {use}" for use in uses} <= covered()


def test_a_format_without_an_example_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        formats, "_entries", {**dict(formats.items()), "x": Format("x", sites=lambda *_: iter(()))}
    )
    with pytest.raises(AssertionError):
        test_every_registered_format_is_tried_in_every_use("x")


@pytest.mark.parametrize("name", list(READERS))
def test_what_is_whole_is_accepted(name: str, tmp_path: Path) -> None:
    for files in READERS[name].examples:
        assert judge(READERS[name], files, tmp_path) == Verdict(ACCEPTED)
        empty(tmp_path)


@pytest.mark.parametrize("name", list(READERS))
def test_what_is_damaged_ends_in_a_result_or_one_line(name: str, tmp_path: Path) -> None:
    for number in range(INPUTS // 4 if name in SLOW else INPUTS):
        verdict = judge(READERS[name], drawn(READERS[name], 0, number), tmp_path)
        assert verdict.said in (ACCEPTED, REFUSED), f"input {number}: {verdict.fault}"
        empty(tmp_path)


def test_an_input_is_the_same_whenever_it_is_drawn() -> None:
    reader = READERS["table.csv as sequences"]
    assert drawn(reader, 1, 7) == drawn(reader, 1, 7) != drawn(reader, 1, 8)


def broken(folder: Path) -> None:
    text = (folder / "a").read_text()
    if text == "raise":
        raise KeyError(text)
    raise InputError("one line\nand \x1b[31m another")


def test_faults_are_told_from_refusals(tmp_path: Path) -> None:
    reader = Reader("x", lambda: [{"a": b"raise"}], broken, (), lambda folder, found: "all of it")
    assert judge(reader, {"a": b"raise"}, tmp_path).said == "traceback"
    assert judge(reader, {"a": b"line"}, tmp_path).said == REFUSED
    silent = Reader("x", lambda: [], lambda folder: None, (), lambda folder, found: "all of it")
    assert judge(silent, {}, tmp_path) == Verdict("differs", "all of it")


def test_a_reader_that_hangs_or_ends_the_process_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(folder: Path) -> None:
        import os

        text = (folder / "a").read_bytes()
        while b"y" in text:
            pass
        if b"x" in text:
            os._exit(3)

    monkeypatch.setattr("tests.damage.watched.LONGEST", 0.1)
    monkeypatch.setattr(
        "tests.damage.watched.drawn", lambda reader, seed, number: {"a": b"-xy-"[number : number + 1]}
    )
    monkeypatch.setitem(READERS, "x", Reader("x", lambda: [{"a": b"-"}], read, ()))
    tally = watch("x", 0, range(4))
    assert {number: verdict.said for number, verdict in tally.faults.items()} == {1: "died", 2: "hang"}
    assert tally.counts[ACCEPTED] == 2
