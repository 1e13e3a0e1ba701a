from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import T5Config, T5EncoderModel, T5ForConditionalGeneration, T5Tokenizer

import relevome
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.jobs.train import TrainingResult, train
from relevome.models.hugging_face import load_model
from relevome.training.function.proteins import FunctionData, read_function_data
from relevome.training.settings import TrainingSettings
from relevome.training.splits import split_of
from tests.data.formats.test_uniprot import xml
from tests.data.test_ontology import BINDING, CATALYSIS, GONE, LYASE, MERGED, REPLACED, ROOT, SMALL
from tests.toys import ESM_RESIDUES

Row = tuple[str, str]
Given = Callable[..., TrainingSettings]

ESM = {
    "model_type": "esm", "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3,
    "intermediate_size": 40, "max_position_embeddings": 66, "position_embedding_type": "rotary",
    "token_dropout": True,
}  # fmt: skip
T5 = {"model_type": "t5", "d_model": 24, "d_kv": 7, "d_ff": 40, "num_layers": 1, "num_heads": 3}


def enzymes(count: int, labels: tuple[str, ...], seed: int = 0) -> list[Row]:
    """Each label in turn; proteins of a label are rich in a residue of their own."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        rich = "WCHK"[i % len(labels)]
        rows.append(
            ("".join(draw.choices("AGLSV" + 5 * rich, k=draw.randint(20, 30))), labels[i % len(labels)])
        )
    return rows


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Settings for tables of these rows, or of one to be split."""

    def make(rows: list[Row], arch: Any = ESM, kind: str = "ec", **more: Any) -> TrainingSettings:
        if isinstance(arch, dict):
            (tmp_path / "arch.json").write_text(json.dumps(arch))
            arch = tmp_path / "arch.json"
        with (tmp_path / "t.csv").open("w", newline="") as file:
            named = [(f"p{i}", *row) for i, row in enumerate(rows)]
            csv.writer(file).writerows([("id", "sequence", kind), *named])
        if kind == "go":
            (tmp_path / "go.obo").write_text(SMALL)
            more = {"obo": tmp_path / "go.obo"} | more
        asked: dict[str, Any] = {
            "train": tmp_path / "t.csv", "validation": None, "output": tmp_path / "model", "device": "cpu",
            "labels_from": kind, "epochs": 2, "batch_size": 16, "learning_rate": 0.01,
        }  # fmt: skip
        if "validation" not in more:
            asked["split"] = "0.6,0.2,0.2"
        return TrainingSettings(str(arch), **(asked | more))

    return make


def read(settings: TrainingSettings) -> FunctionData:
    return read_function_data(settings, split_of(settings), None)


def labels(data: FunctionData) -> dict[str, str | None]:
    return {row.sequence.id: row.label for table in data.tables.values() for row in table.rows}


def test_a_class_is_that_of_the_level_and_what_has_none_or_several_is_counted(given: Given) -> None:
    odd = [("MKA", ""), ("MKC", "1.1.1.1;2.7.1.1"), ("MKD", "1.1.1.1 1.1.-.-"), ("MKE", "2.-.-.-"),
           ("MKF", "7.1.1.1"), ("MKG", "1.2.-.-;2.1.1.1")]  # fmt: skip
    rows = [*enzymes(40, ("1.1.1.5", "2.7.1.1")), *odd]
    data = read(given(rows))
    assert (data.scheme.task, data.scheme.names) == ("multi-class", ("1", "2"))
    assert {labels(data)[f"p{i}"] for i in range(0, 40, 2)} == {"1"}
    assert labels(data)["p42"] == "1"
    assert labels(data)["p43"] == "2"
    assert data.record["left_out"] == {
        "without an EC number": 1,
        "of several classes at level 1": 2,
        "of a class with fewer than 6 to train on": 1,
    }
    assert data.record["proteins_read"] == 46
    counts = data.record["proteins"]["1"]
    assert sum(counts.values()) == 21
    assert set(counts) == {"train", "validation", "test"}
    deeper = read(given(rows, ec_level=3))
    assert deeper.scheme.names == ("1.1.1", "2.7.1")
    assert deeper.record["left_out"]["with no EC number down to level 3"] == 1
    assert deeper.record["left_out"]["of several classes at level 3"] == 2


def test_several_classes_are_labels_where_that_is_asked_for(given: Given) -> None:
    rows = [*enzymes(40, ("1.1.1.5", "2.7.1.1")), ("MKC", "2.7.1.1;1.1.1.1"), ("MKG", "1.2.-.-;2.1.1.1")]
    data = read(given(rows, task="multi-label"))
    assert data.scheme.task == "multi-label"
    assert labels(data)["p40"] == "1;2"
    deeper = read(given(rows, task="multi-label", ec_level=3))
    assert deeper.record["terms"] == {"EC numbers coarser than the level, passed over": 1}


def test_level_0_is_enzyme_or_not_with_enzymes_as_positives(given: Given) -> None:
    data = read(given(enzymes(40, ("1.1.1.5", "")), ec_level=0))
    assert (data.scheme.task, data.scheme.names) == ("binary", ("non-enzyme", "enzyme"))
    assert labels(data)["p0"] == "enzyme"
    assert not data.record["left_out"]


def test_go_terms_are_propagated_and_old_ids_read_as_what_they_are_now(given: Given) -> None:
    rows = [*enzymes(60, (CATALYSIS, BINDING, LYASE)), ("MKA", ""), ("MKC", GONE), ("MKD", MERGED),
            ("MKE", f"{REPLACED};{GONE}"), ("MKF", ROOT)]  # fmt: skip
    data = read(given(rows, kind="go"))
    assert (data.scheme.task, data.scheme.names) == ("multi-label", (CATALYSIS, LYASE, BINDING))
    found = labels(data)
    assert found["p0"] == found["p62"] == found["p63"] == CATALYSIS
    assert found["p2"] == f"{CATALYSIS};{LYASE};{BINDING}"
    assert found["p64"] == ""
    assert data.record["left_out"] == {"without a GO term": 1, "with obsolete GO terms only": 1}
    assert data.record["terms"] == {
        "obsolete GO terms without a replacement, passed over": 2,
        "merged GO terms, read as what replaced them": 1,
        "obsolete GO terms, read as what replaced them": 1,
    }
    assert sum(data.record["without_any_label"].values()) == 1
    assert data.record["ontology"]["version"] == "releases/2026-01-01"


def test_terms_can_be_named_in_an_order(given: Given) -> None:
    rows = enzymes(60, (CATALYSIS, BINDING, LYASE))
    assert read(given(rows, kind="go", go_terms=(BINDING, MERGED))).scheme.names == (BINDING, CATALYSIS)


def test_long_proteins_are_left_out_only_if_asked_and_counted(given: Given) -> None:
    rows = [*enzymes(40, ("1.1.1.5", "2.7.1.1")), ("M" * 31, "1.1.1.1")]
    assert len(labels(read(given(rows)))) == 41
    left = read(given(rows, max_length=30))
    assert len(labels(left)) == 40
    assert left.record["left_out"] == {"of more than 30 letters": 1}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"kind": "go", "go_terms": ("GO:7654321",)}, "term GO:7654321 is not in the ontology"),
        ({"kind": "go", "go_terms": (GONE,)}, f"--go-terms: {GONE} is obsolete and nothing replaces it"),
        ({"kind": "go", "go_terms": (LYASE,), "rows": enzymes(40, (CATALYSIS, BINDING))},
         f"0 of .* proteins to train on have {LYASE}: expected at least 6"),
        ({"kind": "go", "rows": [("MK", "GO:7654321")] * 9}, "'p0': term GO:7654321 is not in the ontology"),
        ({"kind": "go", "obo": None}, "--labels-from go needs the ontology: expected --obo"),
        ({"kind": "go", "task": "multi-class"}, "labels from go can be multi-label"),
        ({"rows": enzymes(12, ("1.1.1.1", "2.1.1.1"))}, "0 classes have at least 6 .*smaller --min-p"),
        ({"rows": [("MK", "kinase")] * 9}, "'p0': 'kinase' is no EC number"),
        ({"ec_level": 5}, "ec_level is 5: expected 1 to 4"),
        ({"obo": Path("x")}, "--obo belongs to --labels-from go"),
        ({"alphabet": "dna"}, "--labels-from ec is about proteins, not dna"),
        ({"labels_from": None, "min_proteins": 3}, "--min-proteins belongs to --labels-from ec or go"),
        ({"split": None}, "expected --train and --validation, or --train and --split"),
        ({"validation": Path("v.csv"), "split": "0.9,0.1"}, "--split and --clusters part one table"),
        ({"min_proteins": 0}, "min_proteins is 0: expected a number above 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_refused_in_one_line(
    given: Given, more: dict[str, Any], message: str
) -> None:
    rows = more.pop("rows", enzymes(40, (CATALYSIS, BINDING) if more.get("kind") else ("1.1.1.5", "2.7.1.1")))
    with pytest.raises(InputError, match=message) as refusal:
        read(given(rows, **more))
    assert "\n" not in str(refusal.value)


def test_uniprot_entries_without_a_question_are_refused(given: Given, tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_text(xml("P00001"))
    with pytest.raises(InputError, match="holds UniProt entries: say what they teach with --labels-from"):
        train(given([], labels_from=None, train=tmp_path / "p.xml"))


def test_a_term_that_the_ontology_lacks_leaves_its_protein_out_with_on_bad_skip(given: Given) -> None:
    rows = [*enzymes(60, (CATALYSIS, BINDING, LYASE)), ("MK", "GO:7654321")]
    data = read(given(rows, kind="go", on_bad="skip"))
    assert "p60" not in labels(data)
    assert [problem.id for problem in data.tables["train"].problems] == ["p60"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingResult]:
    """A small ESM that tells three GO terms, split by clusters, rare residues read as X."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "esm.json").write_text(json.dumps(ESM))
    (folder / "go.obo").write_text(SMALL)
    rows = enzymes(150, (CATALYSIS, BINDING, LYASE))
    rows[0] = ("MKU" + rows[0][0] + "*", rows[0][1])
    lines = [f"p{i}\t{letters}\t{terms}" for i, (letters, terms) in enumerate(rows)]
    (folder / "t.tsv").write_text("\n".join(["id\tsequence\tgo", *lines]) + "\n")
    (folder / "c.tsv").write_text("".join(f"p{i - i % 3}\tp{i}\n" for i in range(150)))
    settings = TrainingSettings(
        str(folder / "esm.json"), folder / "t.tsv", None, folder / "model", labels_from="go",
        obo=folder / "go.obo", clusters=folder / "c.tsv", split="0.6,0.2,0.2", epochs=12, batch_size=8,
        learning_rate=0.01, device="cpu", best="fmax", rare_as_x=True, strip_stop=True,
    )  # fmt: skip
    return folder, train(settings)


def test_functions_are_learnt_and_scored(trained: tuple[Path, TrainingResult]) -> None:
    _, result = trained
    assert result.task == "multi-label"
    assert result.labels == (CATALYSIS, LYASE, BINDING)
    test = result.metrics["test"]
    assert (test["fmax"] or 0) > 0.9
    assert 0 <= (test["smin"] or 0) < 0.5
    assert (test["micro_average_precision"] or 0) > 0.9
    best = max(entry["validation_fmax"] for entry in result.history)
    assert result.metrics["validation"]["fmax"] == best


def test_what_was_done_with_the_data_is_recorded_and_said(trained: tuple[Path, TrainingResult]) -> None:
    folder, result = trained
    said = json.loads((folder / "model" / "training.json").read_text())["data"]
    assert said["function"]["split"]["by"] == "clusters"
    assert said["stops_stripped"] == 1
    codes = [said[part]["codes"] for part in ("train", "validation", "test")]
    assert sorted(map(len, codes)) == [0, 0, 1]
    assert {"U": {"count": 1, "read_as": "X"}} in codes
    assert "split by 50 clusters of a file" in result.notes
    assert any("letters U of" in note and note.endswith("are read as X") for note in result.notes)
    assert "stripped 1 '*' from the ends of proteins" in result.notes


def test_parts_are_kept_as_tables_and_no_cluster_is_in_two(trained: tuple[Path, TrainingResult]) -> None:
    folder, _ = trained
    parts = {}
    for name in ("train", "validation", "test"):
        with (folder / "model" / f"{name}.tsv").open() as file:
            parts[name] = {row["id"] for row in csv.DictReader(file, delimiter="\t")}
    assert sorted(map(len, parts.values())) == pytest.approx([30, 30, 90], abs=3)
    home = {id: name for name, ids in parts.items() for id in ids}
    assert all(home[f"p{i}"] == home[f"p{i - i % 3}"] for i in range(150))


def test_a_model_remembers_that_rare_residues_are_x(trained: tuple[Path, TrainingResult]) -> None:
    folder, _ = trained
    model = load_model(folder / "model", device="cpu")
    rare, plain = (Sequence("s", letters, PROTEIN) for letters in ("MUZOBJK", "MXXXXXK"))
    assert model.tokenize(rare).ids.tolist() == model.tokenize(plain).ids.tolist()
    assert model.tokenize(rare).sequence.letters == "MUZOBJK"
    run = relevome.explain(model, [rare], method="gradient-x-input", target=0, out=folder / "run")
    assert run.counts.other["rare_letters_read_as_X"] == 5
    assert run.manifest["model"]["rare_as_x"] is True
    kept = load_model(folder / "model", device="cpu", rare_as_x=False)
    assert kept.tokenize(rare).ids.tolist() != kept.tokenize(plain).ids.tolist()


def save_prott5(folder: Path, kind: Any) -> Path:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *(("▁" + x, -2.0) for x in ESM_RESIDUES)]
    sizes = {name: value for name, value in T5.items() if name != "model_type"}
    kind(T5Config(vocab_size=37, pad_token_id=0, eos_token_id=1, **sizes)).save_pretrained(folder)
    T5Tokenizer(vocab=pieces, extra_ids=0).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", [T5EncoderModel, T5ForConditionalGeneration], ids=["encoder", "whole"])
def test_a_prott5_gets_a_head_over_its_encoder_and_is_explained(
    given: Given, tmp_path: Path, kind: Any
) -> None:
    checkpoint = save_prott5(tmp_path / "prott5", kind)
    result = train(given(enzymes(60, ("1.1.1.5", "2.7.1.1")), arch=checkpoint, epochs=1))
    assert set(result.new_weights) == {"classifier.weight", "classifier.bias"}
    model = load_model(tmp_path / "model", device="cpu")
    assert type(model.module).__name__ == "T5EncoderForSequenceClassification"
    run = relevome.explain(model, ["MKWWUWK", "MKK"], method="attnlrp", target="2", out=tmp_path / "run")
    assert run[0].relevance.shape == (7,)
    assert run[0].relevance.any()
