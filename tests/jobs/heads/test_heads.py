"""Heads from Python: of a model by attention, of a run by relevance."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.jobs.explain import explain
from relevome.jobs.heads.heads import heads
from relevome.models.base import Model
from relevome.models.hugging_face import load_model
from relevome.results.attention_heads.folder import read_attention_heads
from relevome.results.attention_heads.heads import AttentionHeads
from relevome.results.relevance_heads.folder import read_relevance_heads
from relevome.results.relevance_heads.heads import RelevantHeads
from relevome.results.run.reader import Run
from relevome.stores.place import local
from tests.evaluation.example_runs import changed
from tests.results.same import assert_same
from tests.toys import TOYS

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def dna(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(TOYS["bpe"].save(tmp_path_factory.mktemp("toy") / "model"))


@pytest.fixture
def windows(write: Write) -> Path:
    rng = np.random.default_rng(0)
    return write("w.fa", "".join(f">w{i}\n{''.join(rng.choice(list('ACGT'), 31))}\n" for i in range(12)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    toy, folder = TOYS["protbert"], tmp_path_factory.mktemp("toy")
    model = load_model(toy.save(folder / "model"), device="cpu")
    return explain(model, toy.sequences(*range(20, 30)), target=1, out=folder / "run", heads=True)


@pytest.fixture
def sites(write: Write) -> Path:
    return write("sites.bed", "".join(f"s{i}\t{2 + i}\t{7 + i}\n" for i in range(8)))


def test_a_model_is_asked_by_attention(dna: Model, windows: Path, tmp_path: Path) -> None:
    said: list[str] = []
    found = heads(dna, fasta=windows, target="0", ablate=4, out=tmp_path / "out", say=said.append)
    assert isinstance(found, AttentionHeads)
    assert len(found.to_pandas()) == 6
    assert said[0] == "reading attention in 12 windows around sites"
    assert_same(read_attention_heads(tmp_path / "out"), found)


def test_a_run_or_its_folder_is_asked_by_relevance(run: Run, sites: Path, tmp_path: Path) -> None:
    found = heads(run, annotations=sites, points="pca", out=tmp_path / "out")
    assert isinstance(found, RelevantHeads)
    assert found.with_sites == {"any": 8}
    assert_same(read_relevance_heads(tmp_path / "out"), found)
    assert_same(heads(local(run.path), annotations=sites, points="pca"), found)


def test_proteins_are_aligned_by_their_first_residue(run: Run, sites: Path, tmp_path: Path) -> None:
    found = heads(run, annotations=sites, out=tmp_path / "out")
    assert isinstance(found, RelevantHeads)
    assert len({len(row.sequence) for row in run}) > 1
    assert found.unaligned is None
    aligned = found.aligned["any"]
    assert aligned.proteins + aligned.without == 8
    assert all("position" in one.nulls for one in found.effects)
    assert "over position" in (tmp_path / "out" / "heads.md").read_text()


@pytest.mark.parametrize("lengths", [(31,), (31, 34)])
def test_nucleic_acids_are_aligned_where_all_have_one_length(
    dna: Model, write: Write, tmp_path: Path, lengths: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(1)
    sizes = [lengths[i % len(lengths)] for i in range(8)]
    fasta = write(
        "d.fa", "".join(f">s{i}\n{''.join(rng.choice(list('ACGT'), n))}\n" for i, n in enumerate(sizes))
    )
    sites = write("s.bed", "".join(f"s{i}\t{2 + i}\t{9 + i}\n" for i in range(8)))
    run = explain(dna, fasta, method="attnlrp", target=0, out=tmp_path / "run", heads=True)
    found = heads(run, annotations=sites, out=tmp_path / "out")
    assert isinstance(found, RelevantHeads)
    page = (tmp_path / "out" / "heads.md").read_text()
    why = "no null of positions: sequences have 2 lengths, from 31 to 34 letters, where one is expected"
    assert (why in page) == (len(lengths) == 2)
    assert all(("position" in one.nulls) == (len(lengths) == 1) for one in found.effects)
    assert_same(read_relevance_heads(tmp_path / "out"), found)


def test_classes_and_sites_are_found_by_accession(run: Run, write: Write, tmp_path: Path) -> None:
    bars = {row.sequence_id: f"sp|P0000{number}|X" for number, row in enumerate(run)}
    called = changed(run, tmp_path / "called", lambda values: values, rename=bars.__getitem__)
    classes = write("classes.csv", "Entry,class\nP00000,one\nP00001,two\nsp|P00002|X,one\n")
    cell = 'ACT_SITE 3; /note="Proton donor"; ACT_SITE 5'
    rows = "".join(f"P0000{number}\t{cell}\n" for number in range(8))
    annotations = write("entries.tsv", f"Entry\tActive site\n{rows}")
    found = heads(called, annotations=annotations, types=["active_site"], classes=classes)
    assert isinstance(found, RelevantHeads)
    assert found.with_sites == {"active_site": 8}
    assert dict(zip(found.proteins, found.classes, strict=True)) == dict.fromkeys(bars.values(), "") | {
        "sp|P00000|X": "one", "sp|P00001|X": "two", "sp|P00002|X": "one",
    }  # fmt: skip


def test_nothing_is_left_where_no_folder_is_named(
    run: Run, sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    found = heads(run, annotations=sites, random=1)
    assert isinstance(found, RelevantHeads)
    assert all("random" in one.nulls for one in found.effects)
    assert not list((tmp_path / "here").iterdir())


def test_a_result_is_replaced_only_if_asked(dna: Model, windows: Path, tmp_path: Path) -> None:
    asked = {"fasta": windows, "target": "0", "ablate": 0, "out": tmp_path / "out"}
    heads(dna, **asked)
    with pytest.raises(InputError, match="or replace it with --overwrite"):
        heads(dna, **asked)
    heads(dna, **asked, overwrite=True)


def test_what_the_other_kind_of_source_reads_is_refused(dna: Model, run: Run, sites: Path) -> None:
    with pytest.raises(
        InputError, match="annotations, random with heads by attention, of a model: leave out"
    ):
        heads(dna, fasta=sites, annotations=sites, random=2)
    with pytest.raises(InputError, match="bed with heads by relevance, of a run: leave out"):
        heads(run, annotations=sites, bed=sites)
    with pytest.raises(InputError, match="of a run, need annotations: expected a file with sites"):
        heads(run)


def test_every_parameter_is_said() -> None:
    text = heads.__doc__ or ""
    assert all(f"\n        {name}: " in text for name in signature(heads).parameters)
