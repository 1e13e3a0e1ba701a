"""Predictions that are kept: rows, labels and metrics, kills, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

import relevome
from relevome.data.inputs import from_bed
from relevome.errors import InputError
from relevome.jobs.running import shards
from relevome.results.prediction import Prediction
from tests.toys import TOYS, load, saved  # noqa: F401 - fixtures

DNA = {f"s{i}": "".join(np.random.default_rng(i).choice(list("ACGT"), 20)) for i in range(12)}


@pytest.fixture
def cnn(load):  # noqa: F811
    return load("cnn")


def test_rows_are_what_the_model_predicts(cnn, tmp_path):
    found = relevome.predict(cnn, DNA, tmp_path / "p")
    told = cnn.predict(DNA)
    assert (len(found), found.status, found.outputs) == (12, "finished", cnn.labels)
    for row, one in zip(found, told, strict=True):
        assert (row.sequence_id, row.sequence) == (one.sequence.id, one.sequence.letters)
        np.testing.assert_allclose(row.logits, one.logits, atol=1e-5)
        assert row.predicted == one.predicted
        assert row.probability == pytest.approx(one.probability, abs=1e-6)
    assert sum(found.predicted_counts().values()) == 12
    said = json.loads((tmp_path / "p" / "prediction.json").read_text())
    assert said["model"]["sha256"] == cnn.sha256
    assert said["counts"] == {"read": 12, "predicted": 12, "refused": 0}


def test_the_table_for_people_has_every_output(cnn, tmp_path):
    found = relevome.predict(cnn, DNA, tmp_path / "p")
    table = pd.read_csv(tmp_path / "p" / "predictions.tsv", sep="\t")
    assert list(table.columns[-len(cnn.labels) :]) == list(cnn.labels)
    np.testing.assert_allclose(table[list(cnn.labels)].sum(axis=1), 1, atol=1e-6)
    assert list(table["predicted"]) == [row.predicted for row in found]
    assert list(found.to_pandas()["sequence_id"]) == list(DNA)


def test_intervals_keep_their_place(cnn, write, tmp_path):
    bed = write("i.bed", "chr1\t5\t25\ta\t0\t-\n")
    genome = write("g.fa", ">chr1\n" + "ACGGTTAACCGTAAGCTTGCATTACGGATT\n")
    (row,) = relevome.predict(cnn, from_bed(bed, genome, cnn.alphabet), tmp_path / "p")
    assert (row.chrom, row.start, row.end, row.strand) == ("chr1", 5, 25, "-")


@pytest.mark.parametrize("index", [False, True])
def test_labels_bring_metrics(cnn, write, tmp_path, index):
    """By name or by index of the class; against scikit-learn asked by hand."""
    truth = np.random.default_rng(5).integers(0, len(cnn.labels), 12)
    names = [str(t) if index else cnn.labels[t] for t in truth]
    table = write("t.tsv", "id\tlabel\n" + "".join(f"{n}\t{x}\n" for n, x in zip(DNA, names, strict=True)))
    found = relevome.predict(cnn, DNA, tmp_path / "p", labels=table)
    guess = [cnn.labels.index(row.predicted) for row in found]
    assert found.metrics["labelled"] == 12
    assert found.metrics["accuracy"] == pytest.approx(np.mean(np.array(guess) == truth))
    assert found.metrics["mcc"] == pytest.approx(matthews_corrcoef(truth, guess))
    if len(cnn.labels) == 2:
        margin = [row.logits[1] - row.logits[0] for row in found]
        assert found.metrics["auroc"] == pytest.approx(roc_auc_score(truth, margin))


def test_every_letter_may_have_a_label(load, tmp_path):  # noqa: F811
    model = load("protbert-residues")
    given = {"a": "MKTAYIAKQR", "b": "GAVLIM"}
    labels = {"a": "0120120120", "b": "111000"}
    found = relevome.predict(model, given, tmp_path / "p", labels=labels)
    hits = [
        label == str(int(best))
        for row in found
        for label, best in zip(labels[row.sequence_id], found.logits(row).argmax(1), strict=True)
    ]
    assert found.metrics["accuracy"] == pytest.approx(np.mean(hits))
    table = pd.read_csv(tmp_path / "p" / "predictions.tsv", sep="\t")
    assert "".join(table["letter"]) == "MKTAYIAKQRGAVLIM"
    with pytest.raises(InputError, match=r"sequence 'b' has 6 letters but 3 labels: expected one character"):
        relevome.predict(model, given, tmp_path / "q", labels={"b": "111"})


def test_numbers_are_compared_with_numbers(load, tmp_path):  # noqa: F811
    model = load("esm-absolute")
    given = {"a": "MKTAYIAKQR", "b": "GAVLIM", "c": "WWKDE"}
    truth = {"a": "0.5", "b": "-1", "c": "2e-1"}
    found = relevome.predict(model, given, tmp_path / "p", labels=truth)
    numbers = [float(row.logits[0]) for row in found]
    expected = np.sqrt(np.mean((np.array(numbers) - [0.5, -1, 0.2]) ** 2))
    assert found.metrics["rmse"] == pytest.approx(expected)
    assert found.predicted_counts() == {}
    with pytest.raises(InputError, match=r"sequence 'a' has label 'nan': expected a finite number"):
        relevome.predict(model, given, tmp_path / "q", labels={"a": "nan"})


def test_labels_that_say_nothing_are_refused_before_anything_is_computed(cnn, load, tmp_path):  # noqa: F811
    with pytest.raises(InputError, match=r"sequence 's0' has label 'x': expected one of"):
        relevome.predict(cnn, DNA, tmp_path / "p", labels={"s0": "x"})
    with pytest.raises(InputError, match=r"none of the labels is of one of the sequences"):
        relevome.predict(cnn, DNA, tmp_path / "p", labels={"other": "1"})
    with pytest.raises(InputError, match=r"the model predicts letters, with which no label is compared"):
        relevome.predict(load("letters-masked"), DNA, tmp_path / "p", labels={"s0": "1"})
    assert not (tmp_path / "p").exists()


def test_a_prediction_that_was_stopped_goes_on(cnn, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 4)
    relevome.predict(cnn, DNA, tmp_path / "whole", batch_size=4)

    def stop(done, of):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relevome.predict(cnn, DNA, tmp_path / "cut", batch_size=4, progress=stop)
    assert Prediction(tmp_path / "cut").status == "failed"
    relevome.predict(cnn, DNA, tmp_path / "cut", batch_size=4)
    for path in (tmp_path / "whole").glob("*.parquet"):
        assert (tmp_path / "cut" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match=r"holds another prediction, which differs in .*input"):
        relevome.predict(cnn, {"other": "ACGTACGTACGT"}, tmp_path / "cut")


def test_bad_sequences_are_counted_and_long_ones_windowed(load, write, tmp_path):  # noqa: F811
    model = load("protbert")
    given = write("p.fa", ">a\nMKT\n>b\nMK1\n>c\n" + "A" * 90 + "\n")
    found = relevome.predict(model, given, tmp_path / "p", on_bad="skip")
    assert [refusal.sequence_id for refusal in found.counts.refused] == ["b", "c"]
    windowed = relevome.predict(model, given, tmp_path / "q", on_bad="skip", long="window")
    assert (windowed.counts.read, windowed.counts.explained) == (3, 2)
    assert next(iter(windowed)).sequence_id == "a"
    assert windowed.counts.other["windows"] == len(windowed) - 2


def test_a_folder_of_something_else_is_no_prediction(cnn, tmp_path):
    relevome.explain(cnn, DNA, "saliency", 1, out=tmp_path / "run")
    with pytest.raises(InputError, match=r"is no prediction: it has no prediction\.json"):
        Prediction(tmp_path / "run")
    with pytest.raises(InputError, match=r"holds files that are no prediction, such as"):
        relevome.predict(cnn, DNA, tmp_path / "run")


def test_the_command_says_what_came_of_it(relevome_cli, saved, write, tmp_path):  # noqa: F811
    sequences = TOYS["cnn"].sequences(20, 20, 20)
    table = write("t.tsv", "id\tsequence\tlabel\n" + "".join(f"{s.id}\t{s.letters}\t1\n" for s in sequences))
    code, out, _ = relevome_cli(
        "predict", "--model", saved("cnn"), "--table", table, "--labels", table, "-o", tmp_path / "p"
    )
    assert code == 0
    assert "3 of 3 sequences predicted" in out
    assert "3 with a label: accuracy" in out
