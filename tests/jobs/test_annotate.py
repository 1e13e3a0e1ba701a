from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.metrics import average_precision_score, roc_auc_score

from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.jobs import annotate as annotation
from relevome.jobs.explain import explain
from relevome.jobs.running import stretches
from relevome.models.base import Model
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.results.annotation import scores as scores_module
from relevome.results.annotation.folder import read_annotation
from tests.backwards import Backwards
from tests.models.annotator.tiny import letters, tiny

pyBigWig = pytest.importorskip("pyBigWig", reason="reads the files that pybigtools has written")
pytest.importorskip("pybigtools", reason="needs the extra `bigwig`")

ODD = "gi|7|ref:(1)#x%"
GAP = "N" * 12
TEXTS = {
    "chr": letters(140, 1, "ACGT") + GAP + "T" + letters(59, 2, "ACGTN"),
    ODD: letters(75, 3, "ACGT").lower(),
    "short": "G",
}
Cli = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    path = tmp_path / "genome.fa"
    lines = {
        name: "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) for name, text in TEXTS.items()
    }
    path.write_text("".join(f">{name} more\n{text}\n" for name, text in lines.items()))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny annotator with two classes."""
    network = tiny(num_labels=2)
    network.config.id2label = {0: "none", 1: "site"}
    network.config.label2id = {"none": 0, "site": 1}
    network.save_pretrained(tmp_path / "model")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def model(folder: Path) -> Model:
    return load_model(folder, device="cpu", dtype="float64")


def expected_odds(model: Model, circular: bool = False) -> dict[tuple[str, str], np.ndarray]:
    """Log-odds of the class `site` along the strand +, from whole contigs at once; NaN in the gap."""
    found = {}
    for name, text in TEXTS.items():
        turns = -(-60 // len(text)) if circular else 0
        for sign in "+-":
            one = Sequence(name, text.upper(), DNA)
            own = one.letters if sign == "+" else one.reverse_complement().letters
            logits: Any = model.module.logits(own * (2 * turns + 1))  # pyright: ignore[reportCallIssue]
            odds = (logits[:, 1] - logits[:, 0])[turns * len(text) :][: len(text)]
            found[name, sign] = odds if sign == "+" else odds[::-1].copy()
            found[name, sign][[i for i in range(len(text)) if name == "chr" and 140 <= i < 152]] = np.nan
    return found


def tracks(out: Path, named: Collection[str] = TEXTS) -> dict[tuple[str, str], np.ndarray]:
    """Values of every contig; those that are not ``named`` in the files have none."""
    found = {}
    for sign, name in (("+", "plus"), ("-", "minus")):
        with pyBigWig.open(str(out / f"{name}.bw")) as track:
            assert track.chroms() == {contig: len(TEXTS[contig]) for contig in named}
            for contig, text in TEXTS.items():
                values = track.values(contig, 0, len(text)) if contig in named else [np.nan] * len(text)
                found[contig, sign] = np.array(values)
    return found


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("stretch", [1_000_000, 50])
def test_every_position_of_both_strands_is_there_but_gaps(
    model: Model, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, circular: bool, stretch: int
) -> None:
    cut = scores_module.stretches
    monkeypatch.setattr(annotation, "stretches", lambda regions: cut(regions, stretch))
    settings = annotation.AnnotationSettings(genome, circular, values="logit")
    annotation.annotate(model, settings, tmp_path / "out")
    found = tracks(tmp_path / "out")
    for key, odds in expected_odds(model, circular).items():
        np.testing.assert_allclose(found[key], odds, rtol=1e-6, atol=1e-6)
    annotation.annotate(model, annotation.AnnotationSettings(genome, circular), tmp_path / "out")
    for key, shown in tracks(tmp_path / "out").items():
        np.testing.assert_allclose(shown, 1 / (1 + np.exp(-found[key])), rtol=1e-5)


@pytest.fixture
def truth(model: Model, tmp_path: Path) -> Path:
    """Labelled positions: some of the highest, some at random, two in the gap."""
    rng = np.random.default_rng(0)
    places = [("chr", 145, "+"), ("chr", 150, "-")]
    for (name, sign), odds in expected_odds(model).items():
        likely = np.argsort(np.nan_to_num(odds, nan=-99))[::-1][:3]
        places += [(name, int(i), sign) for i in {*likely, *rng.integers(0, len(odds), 2)}]
    places = [(n, i, s) for n, i, s in places if n != "chr" or i in (145, 150) or not 140 <= i < 152]
    path = tmp_path / "truth.bed"
    path.write_text("".join(f"{n}\t{i}\t{i + 1}\tx\t0\t{s}\n" for n, i, s in dict.fromkeys(places)))
    return path


def labelled(truth: Path) -> set[tuple[str, str, int]]:
    rows = [line.split("\t") for line in truth.read_text().splitlines()]
    return {(row[0], row[5], int(row[1])) for row in rows}


def test_numbers_are_those_of_all_positions_at_once(
    model: Model, genome: Path, truth: Path, tmp_path: Path
) -> None:
    settings = annotation.AnnotationSettings(genome, truth=truth, precision=0.4, values="logit")
    found = annotation.annotate(model, settings, tmp_path / "out")
    odds, known = tracks(tmp_path / "out"), labelled(truth)
    keys = [(n, s, i) for (n, s), v in odds.items() for i in range(len(v)) if not np.isnan(v[i])]
    values = np.array([odds[n, s][i] for n, s, i in keys])
    labels = np.array([key in known for key in keys])
    assert found.truth is not None
    numbers = found.truth["all"]
    assert found.truth["without_score"] == 2
    assert (numbers["positions"], numbers["sites"]) == (len(keys), labels.sum()) == (2 * 276, len(known) - 2)
    assert numbers["roc_auc"] == pytest.approx(roc_auc_score(labels, values))
    assert numbers["average_precision"] == pytest.approx(average_precision_score(labels, values))
    for strand in found.truth["strands"]:
        here = np.array([key[:2] == (strand["contig"], strand["strand"]) for key in keys])
        assert strand["positions"] == here.sum()
        if strand["contig"] != "short":
            assert strand["average_precision"] == pytest.approx(
                average_precision_score(labels[here], values[here])
            )
    called = labelled(tmp_path / "out" / "sites.bed")
    assert numbers["calls"] == found.counts["sites"] == len(called) > 0
    assert numbers["precision"] == pytest.approx(len(called & known) / len(called))
    assert numbers["precision"] >= 0.4
    assert numbers["recall"] == pytest.approx(len(called & known) / labels.sum())
    lowest = min(odds[n, s][i] for n, s, i in called)
    assert found.threshold == pytest.approx(1 / (1 + np.exp(-lowest)), rel=1e-4)
    table = found.to_pandas()
    assert set(zip(table["contig"], table["sign"], table["position"], strict=True)) == called
    assert np.min(table["probability"].to_numpy()) == pytest.approx(found.threshold, rel=1e-4)
    said = repr(found).splitlines()
    assert said[1] == f"  576 positions of 3 contigs, {len(called)} sites called (probability from " + (
        f"{found.threshold:.4g} on)"
    )
    assert said[2].startswith(f"  against truth: average_precision {numbers['average_precision']:.4g}, ")
    assert repr(read_annotation(tmp_path / "out")) == repr(found)


def test_calls_are_peaks_above_the_threshold(model: Model, genome: Path, tmp_path: Path) -> None:
    settings = annotation.AnnotationSettings(genome, threshold=0.3, apart=2, values="logit")
    found = annotation.annotate(model, settings, tmp_path / "out")
    expected = set()
    for (name, sign), odds in tracks(tmp_path / "out").items():
        around = np.pad(np.nan_to_num(odds, nan=-np.inf), 2, constant_values=-np.inf)
        for i, here in enumerate(odds):
            if here >= np.log(0.3 / 0.7) and here == around[i : i + 5].max():
                expected.add((name, sign, i))
    assert labelled(tmp_path / "out" / "sites.bed") == expected
    assert found.counts == {"contigs": 3, "letters": 2 * 288, "in_gaps": 2 * 12, "sites": len(expected)}
    again = annotation.annotate(
        model, annotation.AnnotationSettings(genome, precision=0.3, apart=2), tmp_path / "again"
    )
    assert again.counts["sites"] == len(expected)


def test_a_region_is_all_that_is_annotated_and_is_not_changed_by_that(
    model: Model, genome: Path, truth: Path, tmp_path: Path
) -> None:
    settings = annotation.AnnotationSettings(
        genome, regions=("chr:31-120", f"{ODD}:10-20"), truth=truth, values="logit"
    )
    found = annotation.annotate(model, settings, tmp_path / "out")
    assert found.truth is not None
    assert found.truth["all"]["positions"] == 2 * (90 + 11)
    shown = tracks(tmp_path / "out", named=("chr", ODD))
    for (name, sign), odds in expected_odds(model).items():
        first, last = {"chr": (30, 120), ODD: (9, 20)}.get(name, (0, 0))
        assert np.isnan(np.delete(shown[name, sign], np.s_[first:last])).all()
        np.testing.assert_allclose(shown[name, sign][first:last], odds[first:last], rtol=1e-6, atol=1e-6)


def test_several_classes_have_files_of_their_own(genome: Path, tmp_path: Path) -> None:
    network = tiny(num_labels=4)
    network.config.id2label = {0: "none", 1: "start", 2: "a/b", 3: "end"}
    network.save_pretrained(tmp_path / "model")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "model")
    model = load_model(tmp_path / "model", device="cpu", dtype="float64")
    settings = annotation.AnnotationSettings(genome, targets=("a/b", "1"), values="logit")
    annotation.annotate(model, settings, tmp_path / "out")
    logits: Any = model.module.logits(TEXTS[ODD].upper())  # pyright: ignore[reportCallIssue]
    for name, column in (("a_b", 2), ("start", 1)):
        with pyBigWig.open(str(tmp_path / "out" / f"plus.{name}.bw")) as track:
            expected = logits[:, column] - logsumexp(np.delete(logits, column, 1), axis=1)
            np.testing.assert_allclose(track.values(ODD, 0, 75), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(
        InputError, match="--truth is of one class: choose it by --target, of start, a/b, end"
    ):
        annotation.annotate(model, annotation.AnnotationSettings(genome, truth=genome), tmp_path / "out")


def test_a_classifier_is_slid_over_all_positions(genome: Path, tmp_path: Path) -> None:
    config = CnnConfig(
        pooling="flatten", sequence_length=9, filters=(4,), widths=(3,), pools=(2,), hidden_size=5
    )
    CnnForSequenceClassification(config).save_pretrained(tmp_path / "cnn")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "cnn")
    model = load_model(tmp_path / "cnn", device="cpu")
    settings = annotation.AnnotationSettings(genome, window=(6, 2), regions=(ODD,))
    found = annotation.annotate(model, settings, tmp_path / "out")
    assert found.counts["letters"] == 150
    assert found.counts["contigs"] == 1


class Killed(BaseException):
    """As if by kill -9: nothing is tidied up."""


def test_what_was_finished_is_kept(
    model: Model, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, out = annotation.AnnotationSettings(genome), tmp_path / "out"
    annotation.annotate(model, settings, tmp_path / "whole")
    compute, done = stretches.strand_logits, []

    def three(*arguments: Any) -> Any:
        if len(done) == 3:
            raise Killed
        done.append(arguments)
        return compute(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(stretches, "strand_logits", three)
        with pytest.raises(Killed):
            annotation.annotate(model, settings, out)
    assert json.loads((out / "annotation.json").read_text())["status"] == "running"
    with pytest.raises(InputError, match="is unfinished: the same `relevome annotate` goes on from there"):
        read_annotation(out)
    assert len(list((out / "scores").glob("*.npy"))) == 3
    (out / "scores" / ".000004-plus.npy.tmp").write_text("half")
    told: list[tuple[int, int]] = []
    annotation.annotate(model, settings, out, progress=lambda *counts: told.append(counts))
    assert told[0] == (2 * 212 + 75, 2 * 288)
    assert sum(count for count, _ in told) == 2 * 288
    for name in ("plus.bw", "minus.bw", "sites.bed", "sites.gff3", "annotation.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert {path.name for path in (out / "scores").iterdir()} == {
        path.name for path in (tmp_path / "whole" / "scores").iterdir()
    }


def test_scores_are_the_same_by_any_engine_and_whether_or_not_workers_see_the_folder(
    model: Model, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = annotation.AnnotationSettings(genome, tracks=False)
    annotation.annotate(model, settings, tmp_path / "here")
    annotation.annotate(model, settings, tmp_path / "there", engine=Backwards())
    monkeypatch.setattr(stretches, "is_marked", lambda folder, mark: False)
    annotation.annotate(model, settings, tmp_path / "unseen", engine=Backwards())
    scores = [
        {path.name: path.read_bytes() for path in (tmp_path / name / "scores").iterdir()}
        for name in ("here", "there", "unseen")
    ]
    assert len(scores[0]) == 6
    assert scores[0] == scores[1] == scores[2]


def test_tracks_are_those_of_what_was_asked_last(model: Model, genome: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotation.annotate(model, annotation.AnnotationSettings(genome), out)
    assert (out / "plus.bw").is_file()
    found = annotation.annotate(model, annotation.AnnotationSettings(genome, tracks=False), out)
    assert (found.settings["tracks"], list(out.glob("*.bw"))) == (False, [])


def test_a_folder_that_was_just_begun_is_gone_on_with(
    model: Model, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, settings = tmp_path / "out", annotation.AnnotationSettings(genome)

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(annotation.folders, "write_annotation", killed)
        with pytest.raises(Killed):
            annotation.annotate(model, settings, out)
    with pytest.raises(InputError, match=r"has no annotation.json: expected a folder of `relevome annotate"):
        read_annotation(out)
    annotation.annotate(model, settings, out)
    assert json.loads((out / "annotation.json").read_text())["status"] == "finished"


def test_logits_that_are_no_numbers_are_refused(model: Model, genome: Path, tmp_path: Path) -> None:
    with torch.no_grad():
        dict(model.module.named_parameters())["classifier.weight"][1, 0] = float("inf")
    with pytest.raises(InputError, match=r"no finite numbers from chr\(\+\), letter 1 .*float64"):
        annotation.annotate(model, annotation.AnnotationSettings(genome), tmp_path / "out")


def test_a_folder_of_another_question_is_not_touched(model: Model, genome: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotation.annotate(model, annotation.AnnotationSettings(genome), out)
    other = annotation.AnnotationSettings(genome, circular=("chr",))
    with pytest.raises(
        InputError, match=r"another annotation, which differs in circular \(\[\] there, \[\"chr\"\] now\)"
    ):
        annotation.annotate(model, other, out)
    found = annotation.annotate(model, other, out, overwrite=True)
    assert found.question["circular"] == ["chr"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with pytest.raises(InputError, match=r"holds files that are no annotation, such as letter.txt"):
        annotation.annotate(model, other, tmp_path / "mine")


@pytest.mark.parametrize("line", ["chr\t212\t213\tx\t0\t+", "nowhere\t1\t2\tx\t0\t+", "chr\t5\t6\tx\t0\t."])
def test_a_truth_off_the_genome_is_refused_or_counted(
    model: Model, genome: Path, truth: Path, tmp_path: Path, line: str
) -> None:
    truth.write_text(truth.read_text() + line + "\n")
    with pytest.raises(InputError, match=r"truth.bed, line \d+: .*--on-bad skip"):
        annotation.annotate(model, annotation.AnnotationSettings(genome, truth=truth), tmp_path / "out")
    found = annotation.annotate(
        model, annotation.AnnotationSettings(genome, truth=truth, on_bad="skip"), tmp_path / "out"
    )
    assert len(found.problems) == 1


def test_the_command_says_what_it_found(
    relevome_cli: Cli, folder: Path, genome: Path, truth: Path, tmp_path: Path
) -> None:
    given = ("annotate", "--model", folder, "--genome", genome, "--device", "cpu", "-o", tmp_path / "out")
    code, said, errors = relevome_cli(*given, "--truth", truth, "--circular-contig", ODD, "--precision", 0.3)
    assert (code, errors) == (0, [])
    assert "576 positions of 3 contigs" in said
    assert "average_precision" in said
    found = json.loads((tmp_path / "out" / "annotation.json").read_text())
    assert found["status"] == "finished"
    assert found["question"]["circular"] == [ODD]
    assert len(found["question"]["model"]["sha256"]) == len(found["question"]["genome_sha256"]) == 64
    assert (tmp_path / "out" / "sites.gff3").read_text().startswith("##gff-version 3\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threshold", 1.5], "--threshold 1.5: expected a number above 0 and below 1"),
        (["--precision", 0], "--precision 0.0: expected a number above 0 and below 1"),
        (["--apart", -1], "--apart -1: expected a number of letters"),
        (["--window", "70"], "--window 70: expected letters before and after"),
        (["--window", "7,2"], "--window is for models of whole sequences"),
        (["--target", "start"], "target 'start' is out of range: expected an index from 0 to 1, or one of"),
        (["--region", "chr:5-900"], "region 'chr:5-900': expected chr:first-last"),
        (["--circular-contig", "x"], "no contig 'x' in"),
        (["--circular", "--circular-contig", "chr"], "--circular is for every contig"),
        (["--feature-type", "a b"], "--feature-type 'a b': expected a word"),
    ],
)
def test_what_cannot_be_is_one_line(
    relevome_cli: Cli, folder: Path, genome: Path, tmp_path: Path, options: list[Any], said: str
) -> None:
    out = tmp_path / "out"
    code, _, errors = relevome_cli("annotate", "--model", folder, "--genome", genome, "-o", out, *options)
    assert code == 2
    assert len(errors) == 1
    assert said in errors[0]


def test_a_missing_library_is_named_before_anything_is_computed(
    model: Model, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(InputError, match=r"bigwig needs pybigtools: .* or do without"):
        annotation.annotate(model, annotation.AnnotationSettings(genome), tmp_path / "out")
    found = annotation.annotate(model, annotation.AnnotationSettings(genome, tracks=False), tmp_path / "out")
    assert json.loads((found.path / "annotation.json").read_text())["status"] == "finished"


METHODS = {"attnlrp": [], "integrated-gradients": ["--steps", 8], "mutagenesis": []}


@pytest.mark.parametrize("method", METHODS)
def test_called_sites_are_explained_from_windows_of_the_genome(
    relevome_cli: Cli, folder: Path, genome: Path, tmp_path: Path, method: str
) -> None:
    bed = tmp_path / "windows.bed"
    bed.write_text("chr\t20\t60\ta\t0\t+\nchr\t60\t100\tb\t0\t-\n")
    code, said, errors = relevome_cli(
        "explain", "--model", folder, "--bed", bed, "--genome", genome, "--method", method,
        "--target", "site", "--position", 30, "--device", "cpu", "-o", tmp_path / "run", *METHODS[method],
    )  # fmt: skip
    assert (code, errors) == (0, [])
    assert "2 of 2 sequences explained" in said
    from relevome import Run

    for explanation, reverse in zip(Run(tmp_path / "run"), (False, True), strict=True):
        window = Sequence("w", TEXTS["chr"][60 if reverse else 20 :][:40], DNA)
        window = window.reverse_complement() if reverse else window
        logits: Any = load_model(folder, device="cpu").module.logits(window.letters)  # pyright: ignore[reportCallIssue]
        assert explanation.score == pytest.approx(logits[30, 1], abs=1e-5)
        # letters that the logit cannot depend on have no relevance: the look-ahead is of 4
        assert np.abs(explanation.relevance[:35]).max() > 1e-4
        assert not np.abs(explanation.relevance[35:]).any()


@pytest.mark.parametrize(("position", "past"), [(35, None), (36, 2), (39, 2)])
def test_windows_that_end_within_the_look_ahead_are_counted(
    model: Model, position: int, past: int | None
) -> None:
    windows = [TEXTS["chr"][20:60], TEXTS["chr"][60:100]]
    run = explain(model, windows, "gradient-x-input", "site", position=position)
    assert model.look_ahead == 4
    assert run.counts.other.get("read_past_their_end") == past
