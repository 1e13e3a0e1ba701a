"""Training on a genome: what is read, what is held out, what is learnt, and what a user is told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score, roc_auc_score

import relevome
from relevome.data.positions import Position
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.jobs.train import train
from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification
from relevome.models.hugging_face import load_model
from relevome.training.annotation import AnnotationObjective
from relevome.training.architectures import Architecture
from relevome.training.genome_fitting import REGIMES, Fit, regime_of
from relevome.training.genome_strands import (
    IGNORED,
    Lane,
    Strand,
    both_strands,
    cut_lanes,
    group_of,
    held_out_part,
    predictions,
    side_by_side,
)  # fmt: skip
from relevome.training.settings import TrainingSettings

SIZES: dict[str, Any] = {
    "num_hidden_layers": 2, "num_attention_heads": 3, "head_size": 6, "hidden_size": 10, "convolution": 5,
    "segment": 32, "memory": 11, "downstream": 7, "dropout": 0.1,
}  # fmt: skip
ARCH = {"model_type": "relevome-annotator", **SIZES}

Make = Callable[..., TrainingSettings]


def bases(length: int, seed: int = 0) -> str:
    return "".join(random.Random(seed).choices("ACGT", weights=[4, 2, 2, 1], k=length))


def turned(letters: str) -> str:
    return letters[::-1].translate(str.maketrans("ACGTN", "TGCAN"))


def planted(length: int = 4000, apart: int = 40, seed: int = 3) -> tuple[str, list[tuple[int, str]]]:
    """A genome with boxes on either strand, and sites four letters after their ends."""
    draw = random.Random(seed)
    letters, sites = bases(length, seed), []
    for start in range(20, length - 40, apart):
        plus = draw.random() < 0.5
        box = "GGTACC"[:5] + "TT"
        letters = letters[:start] + (box if plus else turned(box)) + letters[start + 7 :]
        sites.append((start + 10, "+") if plus else (start - 4, "-"))
    return letters, sites


@pytest.fixture
def settings(tmp_path: Path) -> Make:
    """A small annotator, a genome, and its sites as BED, in this test's own folder."""

    def make(
        contigs: dict[str, str] | None = None, sites: list[tuple[str, int, str]] | None = None, **more: Any
    ) -> TrainingSettings:
        if contigs is None or sites is None:
            letters, found = planted()
            contigs, sites = {"chr": letters}, [("chr", *site) for site in found]
        (tmp_path / "arch.json").write_text(json.dumps(ARCH))
        fasta = "".join(f">{name}\n{letters}\n" for name, letters in contigs.items())
        (tmp_path / "genome.fa").write_text(fasta)
        lines = [f"{name}\t{index}\t{index + 1}\tsite\t0\t{sign}\n" for name, index, sign in sites]
        (tmp_path / "sites.bed").write_text("".join(lines))
        usual: dict[str, Any] = {
            "arch": str(tmp_path / "arch.json"), "train": None, "validation": None, "device": "cpu",
            "genome": tmp_path / "genome.fa", "labels": tmp_path / "sites.bed", "objective": "annotate",
            "output": tmp_path / "model", "steps": 40, "streams": 3, "learning_rate": 0.01,
        }  # fmt: skip
        return TrainingSettings(**usual | more)

    return make


def network(**more: Any) -> AnnotatorForTokenClassification:
    torch.manual_seed(0)
    sizes: dict[str, Any] = SIZES | more | {"num_labels": 2}
    return AnnotatorForTokenClassification(AnnotatorConfig(**sizes)).eval()


def strands_of(
    contigs: dict[str, str],
    sites: list[tuple[str, int, str]],
    split: str = "20%",
    circular: bool = False,
) -> list[Strand]:
    sequences = [Sequence(name, letters, DNA) for name, letters in contigs.items()]
    positions = [Position(name, index, sign, "", "") for name, index, sign in sites]
    held = held_out_part(split, {name: len(letters) for name, letters in contigs.items()})
    return list(both_strands(sequences, positions, held, circular))


# Strands and what is held out


def test_a_site_is_labelled_on_its_strand_only_and_unknown_letters_on_none() -> None:
    plus, minus = strands_of({"chr": "ACGNNACGTA"}, [("chr", 2, "+"), ("chr", 5, "-"), ("chr", 3, "+")])
    assert plus.read(0, 10) == "ACGNNACGTA"
    assert minus.read(0, 10) == turned("ACGNNACGTA")
    assert plus.labels.tolist() == [0, 0, 1, IGNORED, IGNORED, 0, 0, 0, 0, 0]
    assert minus.labels.tolist() == [0, 0, 0, 0, 1, IGNORED, IGNORED, 0, 0, 0]
    assert plus.held_out.tolist() == [False] * 8 + [True] * 2
    assert minus.held_out.tolist() == [True] * 2 + [False] * 8


def test_past_the_ends_are_unknown_letters_or_those_of_the_other_end() -> None:
    plus, minus = strands_of({"chr": "ACGTT"}, [])
    assert (plus.read(-2, 7), minus.read(-2, 7)) == ("NNACGTTNN", "NNAACGTNN")
    circle = replace(plus, circular=True)
    assert circle.read(-2, 7) == "TTACGTTAC"
    assert circle.read(-7, 1) == "TTACGTTA"


def test_a_run_goes_on_over_the_origin_of_a_circle() -> None:
    plus, _ = strands_of({"chr": bases(10)}, [])
    mask = np.array([True, True, False, False, True, False, False, False, True, True])
    line = replace(plus, held_out=mask)
    assert line.runs(held_out=True) == [(0, 2), (4, 5), (8, 10)]
    assert line.runs(held_out=False) == [(2, 4), (5, 8)]
    assert replace(line, circular=True).runs(held_out=True) == [(4, 5), (8, 12)]
    assert replace(line, circular=True, held_out=~mask).runs(held_out=False) == [(4, 5), (8, 12)]
    assert replace(line, circular=True, held_out=mask | True).runs(held_out=True) == [(0, 10)]


@pytest.mark.parametrize("circular", [False, True])
def test_nothing_is_learnt_from_what_looks_ahead_at_held_out_letters(circular: bool) -> None:
    plus, _ = strands_of({"chr": bases(40)}, [("chr", 9, "+")], circular=circular)
    held = np.isin(np.arange(40), [0, 1, 20, 21, 22])
    seen = replace(plus, held_out=held).to_learn_from(3)
    left_out = {0, 1, 17, 18, 19, 20, 21, 22} | ({37, 38, 39} if circular else set())
    assert set(np.flatnonzero(seen.labels == IGNORED).tolist()) == left_out
    letters = "".join("N" if hidden else letter for letter, hidden in zip(bases(40), held, strict=True))
    assert seen.read(0, 40) == letters


def test_a_share_is_the_end_of_every_contig_and_regions_are_those_of_a_file(tmp_path: Path) -> None:
    held = held_out_part("25%", {"a": 8, "b": 20})
    assert held["a"].tolist() == [False] * 6 + [True] * 2
    assert np.flatnonzero(held["b"]).tolist() == [15, 16, 17, 18, 19]
    (tmp_path / "r.bed").write_text("b\t3\t5\nb\t4\t7\n")
    held = held_out_part(str(tmp_path / "r.bed"), {"a": 8, "b": 20})
    assert not held["a"].any()
    assert np.flatnonzero(held["b"]).tolist() == [3, 4, 5, 6]


# Lanes


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("size", [13, 25, 500])
def test_lanes_have_every_letter_of_both_strands_once_and_none_that_is_held_out(
    circular: bool, size: int, tmp_path: Path
) -> None:
    (tmp_path / "r.bed").write_text("a\t30\t45\nb\t0\t9\n")
    contigs = {"a": bases(90), "b": bases(50, 1), "c": bases(7, 2)}
    strands = strands_of(contigs, [], str(tmp_path / "r.bed"), circular)
    drawn = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        lanes = cut_lanes(strands, size, rng)
        groups = side_by_side(lanes, 3, rng)
        assert sorted(map(len, groups))[1:] == [3] * (len(groups) - 1)
        assert sum(map(len, groups)) == len(lanes)
        seen = [
            (lane.strand.contig, lane.strand.sign, index % len(lane.strand))
            for group in groups
            for lane in group
            for index in range(lane.start, lane.end)
        ]
        free = [
            (strand.contig, strand.sign, int(index))
            for strand in strands
            for index in np.flatnonzero(~strand.held_out)
        ]
        assert sorted(seen) == sorted(free)
        assert max(map(len, lanes)) <= size
        drawn.append(seen)
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_logits_and_labels_of_lanes_are_of_the_same_letters(bidirectional: bool) -> None:
    module = network(bidirectional=bidirectional)
    letters = bases(300)
    [strand, _] = strands_of({"chr": letters}, [("chr", index, "+") for index in range(0, 300, 7)], "1%")
    lanes = [Lane(strand, 10, 111), Lane(strand, 150, 290), Lane(strand, 5, 29)]
    with torch.no_grad():
        pairs = list(predictions(group_of(lanes, module), module))
    logits, labels = (torch.cat(parts, 1).numpy() for parts in zip(*pairs, strict=True))
    assert len(pairs) > 3
    ahead = module.config.look_ahead
    for row, lane in enumerate(lanes):
        own = np.flatnonzero(labels[row] != IGNORED)
        np.testing.assert_array_equal(own, np.arange(ahead, ahead + len(lane)))
        np.testing.assert_array_equal(labels[row, own], np.arange(lane.start, lane.end) % 7 == 0)
        # what follows the lane is looked ahead at
        text = letters[lane.start : lane.end + ahead]
        expected = module.logits(text)[: len(lane)]
        if bidirectional:  # the memory of a shorter lane has unknown letters to its right
            text += "N" * (140 - len(lane))
            expected = module.logits(text)[: len(lane)]
        np.testing.assert_allclose(logits[row, own], expected, atol=1e-5)


# Scores


@pytest.mark.parametrize(("circular", "bidirectional"), [(False, False), (True, False), (True, True)])
def test_scores_are_over_every_held_out_position_of_both_strands_as_the_whole_genome_gives_them(
    settings: Make, tmp_path: Path, circular: bool, bidirectional: bool
) -> None:
    (tmp_path / "r.bed").write_text("a\t0\t90\na\t200\t260\n")
    contigs = {"a": bases(300)[:100] + "NNN" + bases(300)[103:], "b": bases(120, 1)}
    sites = [("a", index, "+-"[index % 2]) for index in range(1, 300, 9) if index != 100]
    asked = settings(contigs, sites, split=str(tmp_path / "r.bed"), circular=circular)
    objective = AnnotationObjective(asked, Architecture(asked.arch))
    module = network(bidirectional=bidirectional)
    margins, truth = [], []
    for sign, letters in {"+": contigs["a"], "-": turned(contigs["a"])}.items():
        logits = module.logits(letters * 3)[300:600] if circular else module.logits(letters)
        for index in range(300):
            place = index if sign == "+" else 299 - index
            if place < 90 or 200 <= place < 260:
                margins.append(logits[index, 1] - logits[index, 0])
                truth.append(("a", place, sign) in sites)
    measured = objective.score(module)
    assert measured["auroc"] == pytest.approx(roc_auc_score(truth, margins), abs=1e-6)
    assert measured["average_precision"] == pytest.approx(average_precision_score(truth, margins), abs=1e-6)
    odds = np.array(margins, dtype=np.float64) * np.where(truth, -1, 1)
    assert measured["loss"] == pytest.approx(np.log1p(np.exp(odds)).mean(), rel=1e-5)
    assert objective.chance()["average_precision"] == pytest.approx(np.mean(truth))
    assert len(truth) == 300


@pytest.mark.parametrize("circular", [False, True])
def test_regions_named_test_are_held_out_and_choose_nothing(
    settings: Make, tmp_path: Path, circular: bool
) -> None:
    (tmp_path / "all.bed").write_text("chr\t0\t80\ttest\nchr\t200\t260\tvalidation\nchr\t250\t300\n")
    (tmp_path / "some.bed").write_text("chr\t200\t300\n")
    sites = [("chr", index, "+-"[index % 2]) for index in range(1, 400, 9)]
    both, choosing = (
        AnnotationObjective(asked, Architecture(asked.arch))
        for asked in (
            settings({"chr": bases(400)}, sites, split=str(tmp_path / name), circular=circular)
            for name in ("all.bed", "some.bed")
        )
    )
    module = network()
    assert both.score(module) == choosing.score(module)
    assert both.chance() == choosing.chance()
    for strand in both.strands:
        place = np.arange(400) if strand.sign == "+" else 399 - np.arange(400)
        held = (place < 80) | ((place >= 200) & (place < 300))
        np.testing.assert_array_equal(strand.held_out, held)
    said, usual = both.describe(), choosing.describe()
    assert (said["held_out"], said["test"]) == (["chr:200-300(.)"], ["chr:0-80(.)"])
    assert said["labels"]["held_out"] == usual["labels"]["held_out"]
    assert said["labels"]["test"] == sum(index < 80 for _, index, _ in sites)
    assert both.digests["held_out"] == choosing.digests["held_out"]
    assert "test" in both.digests
    assert not {"test"} & {*choosing.digests, *usual, *usual["labels"]}


# Training


def test_planted_sites_are_learnt_on_both_strands(settings: Make) -> None:
    result = train(settings(steps=260))
    reached, chance = result.metrics["validation"], result.metrics["chance"]
    assert (reached["average_precision"] or 0) > 20 * (chance["average_precision"] or 1)
    assert (reached["auroc"] or 0) > 0.97
    assert (result.task, result.labels) == ("token", ("none", "site"))
    best = max(epoch["validation_average_precision"] for epoch in result.history)
    assert reached["average_precision"] == pytest.approx(best)
    model = load_model(result.output, device="cpu")
    assert (model.task, model.labels) == ("token", ("none", "site"))


def test_a_model_may_be_trained_on_and_explained(settings: Make) -> None:
    first = train(settings())
    again = replace(settings(), arch=str(first.output), output=first.output.with_name("on"), steps=1)
    on = train(replace(again, learning_rate=1e-9))
    assert on.new_weights == ()
    one, other = (load_file(x.output / "model.safetensors") for x in (first, on))
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=1e-6)
    model = load_model(on.output, device="cpu")
    run = relevome.explain(model, [bases(30, 8)], method="gradient-x-input", target="site", position=12)
    assert run[0].relevance.any()


def test_the_folder_tells_what_was_read_and_held_out(settings: Make) -> None:
    letters, sites = planted()
    letters = letters[:100] + "n" * 5 + letters[105:]
    more = [("chr", 102, "+"), ("chr", *sites[0]), ("plasmid", 7, "-")]
    contigs = {"chr": letters.lower(), "plasmid": bases(50)}
    result = train(settings(contigs, [("chr", *site) for site in sites] + more, steps=2))
    record = json.loads((result.output / "training.json").read_text())
    data, held = record["data"], sum(index >= 3200 for index, _ in sites)
    assert data["genome"] | {"path": ""} == {
        "path": "", "contigs": 2, "letters": 4050, "unknown_letters": 5, "circular": False,
    }  # fmt: skip
    assert data["labels"] | {"path": ""} == {
        "path": "", "positions": len(sites) + 3, "to_learn_from": len(sites) - held + 1, "held_out": held,
        "repeated": 1, "on_unknown_letters": 1,
    }  # fmt: skip
    assert data["held_out"] == ["chr:3200-4000(.)", "plasmid:40-50(.)"]
    assert record["metrics"] == json.loads((result.output / "metrics.json").read_text())
    assert record["history"][-1]["step"] == 2
    assert (record["settings"]["steps"], record["chosen"]["learning_rate"]) == (2, 0.01)


def test_held_out_letters_and_labels_change_no_weight(settings: Make, tmp_path: Path) -> None:
    letters, sites = planted()
    others = letters[:3200] + bases(800, 9)
    apart = [site for site in sites if site[0] < 3200] + [(3201, "+"), (3990, "-")]
    outputs = []
    for name, (text, found) in {"one": (letters, sites), "other": (others, apart)}.items():
        named = [("chr", *site) for site in found]
        outputs.append(train(settings({"chr": text}, named, steps=9, output=tmp_path / name)).output)
    one, other = (load_file(output / "model.safetensors") for output in outputs)
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(settings: Make, tmp_path: Path) -> None:
    outputs = [
        train(settings(steps=5, seed=seed, output=tmp_path / f"m{i}")).output
        for i, seed in enumerate((7, 7, 8))
    ]
    for name in ("model.safetensors", "metrics.json"):
        one, again, other = ((output / name).read_bytes() for output in outputs)
        assert one == again != other


@pytest.mark.parametrize("method", ["_learn", "_save"])
def test_a_killed_training_that_is_resumed_ends_as_if_never_killed(
    settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    letters, sites = planted(1200)
    some = {"chr": letters}, [("chr", *site) for site in sites]
    whole = train(settings(*some, steps=60, output=tmp_path / "whole"))
    assert len(whole.history) == 3
    asked = settings(*some, steps=60, output=tmp_path / "killed")
    left = iter(range({"_learn": 40, "_save": 1}[method]))
    usual = getattr(Fit, method)

    def killed(*given: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return usual(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Fit, method, killed)
        with pytest.raises(KeyboardInterrupt):
            train(asked)
    assert not (asked.output / "config.json").exists()
    with pytest.raises(InputError, match="holds an unfinished training: add --resume"):
        train(asked)
    with pytest.raises(InputError, match=r"is from another training \(streams 3\)"):
        train(replace(asked, resume=True, streams=2))
    reached = asked.output / "checkpoints" / "reached.safetensors"
    state = reached.read_bytes()
    for damaged in (state[: len(state) // 2], b"", b"{}" * 99):
        reached.write_bytes(damaged)
        with pytest.raises(InputError, match=r"reached.safetensors is damaged .*: remove the folder"):
            train(replace(asked, resume=True))
    reached.write_bytes(state)
    resumed = train(replace(asked, resume=True))
    assert resumed.history == whole.history
    assert resumed.metrics == whole.metrics
    one, other = ((x.output / "model.safetensors").read_bytes() for x in (resumed, whole))
    assert one == other
    assert train(replace(asked, resume=True)).history == whole.history
    with pytest.raises(InputError, match="is from another training"):
        train(replace(asked, resume=True, split="30%"))


def test_what_gets_no_better_is_stopped_and_the_best_kept(
    settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([0.1, 0.3, 0.2, float("nan"), 0.3, 0.9, 0.3])

    def score(self: AnnotationObjective, module: Any) -> dict[str, float]:
        return {"average_precision": next(given), "loss": 0.0, "auroc": 0.5}

    monkeypatch.setattr(AnnotationObjective, "score", score)
    letters, sites = planted(600)
    result = train(settings({"chr": letters}, [("chr", *site) for site in sites], steps=500, patience=3))
    assert len(result.history) == 5
    assert result.best_epoch == 2


def test_without_a_number_there_is_no_model(settings: Make) -> None:
    asked = settings(learning_rate=1e30, steps=20, patience=1)
    with pytest.raises(InputError, match="undefined after every epoch: expected a learning rate low enough"):
        train(asked)


def test_sizes_and_regimes_go_by_name(settings: Make) -> None:
    small, published = (Architecture(name).fields for name in ("annotator", "annotator:published"))
    assert small == {"model_type": "relevome-annotator", **AnnotatorConfig.small}
    assert published == {"model_type": "relevome-annotator", **AnnotatorConfig.published}
    asked = settings(arch="annotator:published", steps=None, learning_rate=None)
    regime = regime_of(asked)
    assert (regime.steps, regime.streams, regime.learning_rate) == (85_000, 3, 1e-4)
    assert regime_of(settings(steps=None)).steps == REGIMES["small"].steps
    assert regime_of(settings(arch="annotator:published", steps=850)).warmup == 30


def test_the_learning_rate_rises_and_then_stays_or_falls() -> None:
    stays = REGIMES["published"]
    assert [stays.rate(step) for step in (0, 1499, 2999, 84_999)] == [1 / 3000, 0.5, 1, 1]
    falls = replace(stays, falls=True, steps=110, warmup=10)
    assert [falls.rate(step) for step in (4, 9, 60, 109)] == [0.5, 1, 0.5, 0.01]


def test_the_command_line_trains_on_a_table_of_positions(
    settings: Make, tmp_path: Path, relevome_cli: Callable[..., tuple[int, str, list[str]]]
) -> None:
    asked = settings()
    _, sites = planted()
    rows = [f"{index + 1}\t{sign}\tmine" for index, sign in sites] + ["1\t+\tother"]
    (tmp_path / "t.tsv").write_text("\n".join(["place\tstrand\tsource", *rows]))
    common = ("train", "--arch", asked.arch, "--genome", asked.genome, "--labels", tmp_path / "t.tsv")
    choice = ("--labels-column", "place", "--labels-where", "source=mine", "--steps", 3, "--device", "cpu")
    code, out, _ = relevome_cli(*common, *choice, "-o", tmp_path / "m")
    assert code == 0
    assert "labels none, site" in out
    record = json.loads((tmp_path / "m" / "training.json").read_text())
    assert record["data"]["labels"]["positions"] == len(sites)
    assert record["command"] == [str(part) for part in (*common, *choice, "-o", tmp_path / "m")]
    code, _, errors = relevome_cli(*common, "-o", tmp_path / "n")
    assert code == 2
    assert len(errors) == 1
    assert "has no column position or pos" in errors[0]


# Mistakes


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"split": "20"}, "--split is '20': expected a share such as 20%"),
        ({"split": "x%"}, "--split is 'x%': expected a share such as 20%, or the name of a BED file"),
        ({"split": "0.2"}, "--split is '0.2': expected a share such as 20%, or the name of a BED file"),
        ({"split": "no.bed"}, "--split is 'no.bed': expected a share such as 20%, or the name of a BED file"),
        ({"split": "0.001%"}, "--split 0.001% holds out 0 of 4,000 letters: expected some"),
        ({"split": "all.bed"}, "holds out 4000 of 4,000 letters"),
        ({"split": "off.bed"}, "chr:7-4001(.) is not on contig 'chr', which has 4,000 letters"),
        ({"split": "other.bed"}, "is not on contig 'chr9', which the genome does not have"),
        ({"split": "test.bed"}, "has no labelled position held out with --split"),
        ({"split": "none.bed"}, "has no labelled position held out with --split"),
        ({"labels": Path("gone.bed")}, "cannot read gone.bed"),
        ({"arch": "cnn"}, "the CNN gives one prediction per sequence"),
        ({"arch": "annotator:huge"}, "annotator:huge has no sizes 'huge': expected one of published, small"),
        ({"arch": "bert.json"}, "cannot read a genome with memory: expected --arch annotator"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    regions = {"all": "chr\t0\t4000", "off": "chr\t7\t4001", "other": "chr9\t0\t7", "none": "chr\t0\t5"}
    regions["test"] = "chr\t0\t900\ttest"
    for name, line in regions.items():
        (tmp_path / f"{name}.bed").write_text(line + "\n")
    sizes = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 20}
    (tmp_path / "bert.json").write_text(json.dumps({"model_type": "bert", **sizes}))
    asked = settings(**more)
    with pytest.raises(InputError) as error:
        train(asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not asked.output.exists()


def test_positions_off_the_genome_are_refused_or_left_out_and_listed(settings: Make) -> None:
    letters, sites = planted()
    named = [("chr", *site) for site in sites]
    asked = settings({"chr": letters}, [*named, ("chr", 4000, "+"), ("gone", 3, "-")], steps=2)
    with pytest.raises(
        InputError, match=f"line {len(sites) + 1}: position 4001 is off its contig, which has 4,000 letters"
    ):
        train(asked)
    trained = train(replace(asked, on_bad="skip"))
    assert trained.notes == ("left out 2 that could not be read, such as chr:4001(+): see training.json",)
    record = json.loads((trained.output / "training.json").read_text())
    assert [problem["id"] for problem in record["data"]["skipped"]] == ["chr:4001(+)", "gone:4(-)"]
    assert record["data"]["labels"]["positions"] == len(sites)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"batch_size": 3}, "--batch-size belongs to --objective classify or mlm, not to annotate"),
        ({"windows": 3}, "--windows belongs to --objective mlm, not to annotate"),
        ({"dtype": "bfloat16"}, "--dtype belongs to --objective classify or mlm, not to annotate"),
        ({"objective": "mlm"}, "--labels belongs to --objective annotate, not to mlm"),
        ({"labels": None}, "expected --genome and --labels"),
        ({"streams": 0}, "streams is 0: expected a number above 0"),
    ],
)
def test_what_belongs_to_another_objective_is_refused(
    settings: Make, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        settings(**more)
