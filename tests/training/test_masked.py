"""Masked language models: what is hidden, what is learnt, and what a user is told."""

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
import transformers

import relevome
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.jobs.train import train
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens
from relevome.training.architectures import Architecture
from relevome.training.masked import MaskedObjective, Masking
from relevome.training.settings import TrainingSettings
from tests.training.killed import killed_and_resumed

BERT = {
    "model_type": "bert",
    "hidden_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 34,
}
DNABERT2 = BERT | {"model_type": "relevome-dnabert2", "hidden_size": 24, "num_hidden_layers": 2}

Make = Callable[..., TrainingSettings]


def bases(length: int, seed: int = 0) -> str:
    """Random letters, A more often than others."""
    return "".join(random.Random(seed).choices("ACGT", weights=[4, 2, 2, 1], k=length))


@pytest.fixture
def settings(tmp_path: Path) -> Make:
    """A small model on a small genome, in this test's own folder."""

    def make(
        arch: str | dict[str, Any] = BERT, letters: str = bases(3000), name: str = "model", **more: Any
    ) -> TrainingSettings:
        if isinstance(arch, dict):
            (tmp_path / "arch.json").write_text(json.dumps(arch))
            arch = str(tmp_path / "arch.json")
        (tmp_path / "genome.fa").write_text(f">chr\n{letters}\n")
        usual = {"genome": tmp_path / "genome.fa", "window": 30, "epochs": 2, "batch_size": 16}
        given = {"train": None, "validation": None, "output": tmp_path / name, "device": "cpu"}
        return TrainingSettings(arch, objective="mlm", **given | usual | more)

    return make


def letter_masking() -> tuple[LetterTokenizer, Masking]:
    tokenizer = LetterTokenizer(letter_tokenizer(DNA, specials=True), DNA)
    return tokenizer, Masking(np.array(tokenizer.ordinary_ids()), tokenizer.mask_id or 0)


def hidden(tokens: Tokens, masking: Masking, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    example = masking.hide(tokens, np.random.default_rng(seed))
    return np.array(example["input_ids"]), np.array(example["labels"])


# Masking


def test_so_many_tokens_are_chosen_and_share_the_three_fates() -> None:
    tokenizer, masking = letter_masking()
    tokens = tokenizer.encode(Sequence("s", bases(60_000), DNA))
    ids, labels = hidden(tokens, masking)

    def assert_share(count: int, of: int, share: float) -> None:
        assert abs(count - of * share) < 4 * np.sqrt(of * share * (1 - share))

    chosen = labels != -100
    assert_share(chosen.sum(), 60_000, 0.15)
    masked, same = ids[chosen] == masking.mask, ids[chosen] == tokens.ids[chosen]
    assert_share(masked.sum(), chosen.sum(), 0.8)
    # one of four letters that are drawn is the one that was there
    assert_share(same.sum(), chosen.sum(), 0.1 + 0.1 / 4)
    others = ids[chosen][~masked & ~same]
    assert set(others) == set(masking.words)


def test_labels_are_what_was_there_where_something_was_chosen_and_nowhere_else() -> None:
    tokenizer, masking = letter_masking()
    tokens = tokenizer.encode(Sequence("s", bases(500), DNA))
    ids, labels = hidden(tokens, masking)
    chosen = labels != -100
    np.testing.assert_array_equal(labels[chosen], tokens.ids[chosen])
    np.testing.assert_array_equal(ids[~chosen], tokens.ids[~chosen])


def test_special_tokens_and_codes_are_never_chosen_nor_put_in() -> None:
    tokenizer = LetterTokenizer(bpe_tokenizer([bases(999)], 60), DNA)
    masking = Masking(np.array(tokenizer.ordinary_ids()), tokenizer.mask_id or 0)
    tokens = tokenizer.encode(Sequence("s", "NR".join(bases(9, i) for i in range(3000)), DNA))
    ids, labels = hidden(tokens, masking)
    kept = tokens.special | np.isin(tokens.texts, ["N", "R"])
    assert kept.sum() == 2 + 2 * 2999
    assert (labels[kept] == -100).all()
    put_in = ids[(ids != tokens.ids) & (ids != masking.mask)]
    words = tokenizer.hf.convert_ids_to_tokens(put_in.tolist())
    assert len(words) > 100
    assert all(set(word) <= set("ACGT") for word in words)


def test_even_of_two_letters_one_is_chosen() -> None:
    tokenizer, masking = letter_masking()
    tokens = tokenizer.encode(Sequence("s", "GT", DNA))
    chosen = [hidden(tokens, masking, seed)[1] != -100 for seed in range(200)]
    assert min(row.sum() for row in chosen) == 1
    assert not np.any(chosen, axis=0)[[0, -1]].any()
    assert np.any(chosen, axis=0)[1:-1].all()


# Windows


def examples(asked: TrainingSettings) -> tuple[MaskedObjective, dict[str, Any]]:
    objective = MaskedObjective(asked, Architecture(asked.arch))
    module, _ = objective.module()
    return objective, objective.examples(module)


def originals(objective: MaskedObjective, rows: Any) -> list[str]:
    """The letters before any were hidden."""
    texts = []
    for row in rows:
        ids = [x if y == -100 else y for x, y in zip(row["input_ids"], row["labels"], strict=True)]
        texts.append("".join(objective.tokenizer.hf.convert_ids_to_tokens(ids, skip_special_tokens=True)))
    return texts


def test_validation_windows_come_from_the_part_that_is_held_out_and_others_from_the_rest(
    settings: Make,
) -> None:
    genome = bases(3000, 5)
    objective, found = examples(settings(letters=genome))
    both = {"train": genome[:2700], "validation": genome[2700:]}
    turned = str.maketrans("ACGT", "TGCA")
    for name, part in both.items():
        texts = originals(objective, found[name])
        forward = [text in part for text in texts]
        reverse = [text in part.translate(turned)[::-1] for text in texts]
        assert all(np.logical_or(forward, reverse))
        assert any(forward)
        assert any(reverse)
    assert (len(found["train"]), len(found["validation"])) == (90, 10)


def test_every_epoch_has_windows_of_its_own_and_a_seed_the_same_ones(settings: Make) -> None:
    _, first = examples(settings())
    _, again = examples(settings())
    _, other = examples(settings(seed=1))
    epochs = []
    for epoch in range(2):
        for found in (first, again, other):
            found["train"].epoch = epoch
        epochs.append(list(first["train"]))
        assert epochs[-1] == list(again["train"])
        assert epochs[-1] != list(other["train"])
    assert sum(row in epochs[0] for row in epochs[1]) < 3
    assert first["validation"] == again["validation"] != other["validation"]


# Training


def test_a_periodic_genome_is_learnt_better_than_its_frequencies(settings: Make) -> None:
    result = train(settings(DNABERT2, "AC" * 900, epochs=6, learning_rate=0.01, windows=128, window=33))
    reached, unigram = result.metrics["validation"], result.metrics["unigram"]
    assert (reached["accuracy"] or 0) > (unigram["accuracy"] or 1) + 0.2
    assert (reached["loss"] or 9) < (unigram["loss"] or 0) - 0.3
    measured = {"validation_loss", "validation_accuracy", "validation_perplexity"}
    assert all(measured <= epoch.keys() for epoch in result.history)


def test_the_transformer_on_letters_learns_a_language_and_keeps_it(settings: Make, tmp_path: Path) -> None:
    asked = settings("transformer", "ACCG" * 500, epochs=3, learning_rate=0.005, windows=128, window=33)
    language = train(asked)
    assert (language.metrics["validation"]["loss"] or 9) < (language.metrics["unigram"]["loss"] or 0) - 0.3
    rows = [f"{bases(24, i)}{'TATAAT' * (i % 2)},{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["sequence,label", *rows]))
    tables = (tmp_path / "t.csv", tmp_path / "t.csv", tmp_path / "fine")
    given: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-9, "device": "cpu"}
    fine = train(TrainingSettings(str(language.output), *tables, **given))
    assert {name.partition(".")[0] for name in fine.new_weights} == {"classifier"}
    before, after = (load_model(one.output, device="cpu").module.state_dict() for one in (language, fine))
    kept = [name for name in after if name.startswith("transformer.")]
    assert len(kept) > 15
    for name in kept:
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-6)


def test_scores_are_means_over_hidden_tokens(settings: Make) -> None:
    asked = settings(tokens=40, batch_size=2, epochs=1)  # several batches to validate
    result = train(asked)
    _, found = examples(asked)
    model = load_model(result.output, device="cpu")
    losses, right, labels = [], [], []
    for example in found["validation"]:
        with torch.no_grad():
            scores = model.module(torch.tensor([example["input_ids"]])).logits[0].double().log_softmax(-1)
        for row, label in zip(scores, example["labels"], strict=True):
            if label != -100:
                losses.append(-row[label].item())
                right.append(row.argmax().item() == label)
                labels.append(label)
    reached = result.metrics["validation"]
    assert reached["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert reached["perplexity"] == pytest.approx(np.exp(np.mean(losses)), rel=1e-5)
    assert reached["accuracy"] == pytest.approx(np.mean(right))
    assert result.history[-1]["validation_loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert len(labels) > 10


def test_the_unigram_baseline_knows_how_frequent_each_letter_is(settings: Make) -> None:
    genome = "A" * 2700 + "C" * 300  # the end is held out, and so is every C
    asked = settings(letters=genome, epochs=1, window=20)
    objective, found = examples(asked)
    assert set("".join(originals(objective, found["validation"]))) == {"C", "G"}
    # 2,700 letters A and T were seen, and each of the four letters counts once more
    expected = {"loss": np.log(2704), "accuracy": 0, "perplexity": 2704}
    assert train(asked).metrics["unigram"] == pytest.approx(expected)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(settings: Make) -> None:
    outputs = [
        train(settings(DNABERT2, epochs=1, tokens=40, seed=seed, name=f"m{i}")).output
        for i, seed in enumerate((7, 7, 8))
    ]
    for name in ("model.safetensors", "tokenizer.json", "config.json", "metrics.json"):
        assert (outputs[0] / name).read_bytes() == (outputs[1] / name).read_bytes()
    for name in ("model.safetensors", "metrics.json"):
        assert (outputs[0] / name).read_bytes() != (outputs[2] / name).read_bytes()


@pytest.mark.parametrize("calls", [7, 3])
def test_a_killed_training_that_is_resumed_ends_as_if_never_killed(
    settings: Make, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    whole = train(settings(name="whole"))
    asked = settings(name="killed")
    resumed = killed_and_resumed(asked, calls, monkeypatch)  # six steps each epoch
    assert resumed.history == whole.history
    assert resumed.metrics == whole.metrics
    one, other = ((x.output / "model.safetensors").read_bytes() for x in (resumed, whole))
    assert one == other
    with pytest.raises(InputError, match=r"is from another training \(window 30\)"):
        train(replace(asked, resume=True, window=20))


def test_what_gets_no_better_is_stopped_and_the_best_kept(settings: Make) -> None:
    result = train(settings(epochs=30, patience=2, learning_rate=0.3, windows=32))
    losses = [epoch["validation_loss"] for epoch in result.history]
    assert len(losses) < 30
    assert result.best_epoch == 1 + int(np.argmin(losses)) == len(losses) - 2
    assert result.metrics["validation"]["loss"] == pytest.approx(min(losses))


def test_pretrain_then_fine_tune_then_explain(settings: Make, tmp_path: Path) -> None:
    language = train(settings(DNABERT2, tokens=40, epochs=1))
    assert (language.task, language.labels) == ("masked", ())
    model = load_model(language.output, device="cpu")
    assert (model.task, len(model.labels)) == ("masked", 40)
    rows = [f"{bases(24, i)}{'TATAAT' * (i % 2)},{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["sequence,label", *rows]))
    fine = train(
        TrainingSettings(
            str(language.output), tmp_path / "t.csv", tmp_path / "t.csv", tmp_path / "fine", epochs=1,
            learning_rate=1e-9, device="cpu",
        )
    )  # fmt: skip
    new = {"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"}
    assert set(fine.new_weights) == new
    tuned = load_model(fine.output, device="cpu")
    before, after = model.module.state_dict(), tuned.module.state_dict()
    for name in after.keys() & before.keys():
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-6)
    assert len(after.keys() & before.keys()) > 20
    run = relevome.explain(tuned, [bases(30, 8)], method="attnlrp", target=1)
    assert np.isfinite(run[0].relevance).all()
    assert run[0].relevance.any()


def test_a_language_model_learns_on_from_where_it_was(settings: Make) -> None:
    first = train(settings(epochs=1, name="first"))
    on = train(settings(str(first.output), epochs=1, name="on", learning_rate=1e-9))
    assert on.new_weights == ()
    one, other = (load_model(x.output, device="cpu").module.state_dict() for x in (first, on))
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=1e-6)


def test_a_table_to_learn_from_may_bring_its_own_to_validate_on(settings: Make, tmp_path: Path) -> None:
    for name, seeds in {"t": range(40), "v": range(40, 50)}.items():
        lines = [bases(20 + seed % 9, seed) for seed in seeds]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence", *lines]))
    tables = {"genome": None, "train": tmp_path / "t.csv", "validation": tmp_path / "v.csv"}
    result = train(settings(epochs=1, **tables))
    record = json.loads((result.output / "training.json").read_text())
    assert {name: table["sequences"] for name, table in record["data"].items()} == {
        "train": 40,
        "validation": 10,
    }
    alone = train(settings(epochs=1, name="alone", **tables | {"validation": None}))
    record = json.loads((alone.output / "training.json").read_text())
    held = [where.split(":")[0] for where in record["data"]["held_out"]]
    assert held == [f"row{number}" for number in range(36, 41)]


# The name of an architecture of our own


def test_dnabert2_is_a_shortcut_for_a_small_one_with_byte_pairs(settings: Make) -> None:
    result = train(settings("dnabert2", bases(30_000), epochs=1, windows=8))
    config: Any = load_model(result.output, device="cpu").module.config
    assert config.model_type == "relevome-dnabert2"
    assert (config.hidden_size, config.num_hidden_layers, config.vocab_size) == (128, 4, 512)


def test_dnabert2_learns_labels_too(tmp_path: Path) -> None:
    rows = [f"{bases(24, i)}{'TATAAT' * (i % 2)},{i % 2}" for i in range(30)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["sequence,label", *rows]))
    asked = TrainingSettings("dnabert2", table, table, tmp_path / "m", tokens=30, epochs=1, device="cpu")
    result = train(asked)
    assert result.task == "binary"
    assert load_model(result.output).tokenizer.longest_token > 1
    with pytest.raises(InputError, match="expected more sequences or a smaller vocabulary"):
        train(replace(asked, tokens=None, output=tmp_path / "other"))


# Mistakes


@pytest.mark.parametrize(
    ("arch", "more", "message"),
    [
        ("cnn", {}, "the CNN gives one prediction per sequence"),
        ({"model_type": "llama"}, {}, "arch.json is a llama, of which there is no masked language model"),
        (BERT, {"window": 40}, "windows of 40 letters have up to 42 tokens but the model takes 34"),
        (BERT, {"tokens": 15}, "a vocabulary of 15 is too small"),
        (BERT, {"genome": Path("nowhere.fa")}, "cannot read nowhere.fa"),
        (BERT, {"alphabet": "rna"}, "'T' at position"),
        (BERT, {"best": "auroc"}, "mlm has no score 'auroc': expected one of loss, accuracy"),
        (BERT, {"held_out": 0.995}, "too few to hold out a share of 0.995 with windows of 30"),
        ("./no/such/folder", {}, "./no/such/folder"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    settings: Make, arch: str | dict[str, Any], more: dict[str, Any], message: str
) -> None:
    asked = settings(arch, **more)
    with pytest.raises(InputError) as error:
        train(asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not asked.output.exists()


def test_a_tokenizer_that_is_there_is_not_learnt_anew(settings: Make, tmp_path: Path) -> None:
    bpe_tokenizer([bases(999)], 40).save_pretrained(tmp_path / "bpe")
    with pytest.raises(InputError, match=r"bpe says how letters are read: leave --tokens out"):
        train(settings(tokenizer=str(tmp_path / "bpe"), tokens=50))
    first = train(settings(tokenizer=str(tmp_path / "bpe"), epochs=1))
    with pytest.raises(InputError, match=r"model says how letters are read: leave --tokens out"):
        train(settings(str(first.output), tokens=50, name="other"))


def test_overlapping_words_are_refused(settings: Make, tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
    (tmp_path / "kmers").mkdir()
    vocabulary = {word: index for index, word in enumerate(words)}
    transformers.BertTokenizer(vocab=vocabulary, do_lower_case=False).save_pretrained(tmp_path / "kmers")
    with pytest.raises(InputError, match="overlapping words, so that the neighbours of a hidden one give it"):
        train(settings(tokenizer=str(tmp_path / "kmers")))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"test": Path("s.csv")}, "--test belongs to --objective classify, not to mlm: leave it out"),
        ({"bpe_dropout": 0.1}, "--bpe-dropout belongs to --objective classify"),
        ({"objective": "classify"}, "--genome belongs to --objective mlm or annotate, not to classify"),
        ({"objective": "classify", "genome": None}, "expected --train and --validation"),
        ({"genome": None}, "expected either --genome or --train"),
        ({"train": Path("t.csv")}, "expected either --genome or --train"),
        ({"validation": Path("v.csv")}, "is held out to validate on: leave --validation out"),
        ({"objective": "guess"}, "unknown objective 'guess': expected one of classify, mlm"),
        ({"window": 9}, "window is 9: expected at least 10 letters"),
        ({"windows": 0}, "windows is 0: expected a number above 0"),
        ({"held_out": 1.0}, "held_out is 1.0: expected a share"),
    ],
)
def test_settings_that_make_no_sense_are_refused(more: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"objective": "mlm", "genome": Path("g.fa"), "train": None, "validation": None}
    with pytest.raises(InputError, match=message):
        TrainingSettings("dnabert2", output=Path("model"), **given | more)


def test_the_command_line_says_how_it_compares_with_frequencies(
    settings: Make, relevome_cli: Callable[..., tuple[int, str, list[str]]]
) -> None:
    asked = settings(DNABERT2)
    arguments = (
        "train", "--objective", "mlm", "--arch", asked.arch, "--genome", asked.genome, "--tokens", 30,
        "--window", 50, "--windows", 16, "--epochs", 1, "--device", "cpu", "-o", asked.output,
    )  # fmt: skip
    code, out, err = relevome_cli(*arguments)
    assert (code, len(err)) == (0, 1)
    assert "epoch 1 of 1, loss 3." in err[0]
    assert f"{asked.output}: masked, best epoch 1\n  validation: loss " in out
    assert "  unigram: loss " in out
