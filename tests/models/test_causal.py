"""Causal language models: against transformers' own forward pass, asked by hand in float64."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model
from relevome.models.loading.tasks import AUTO
from relevome.models.questions import TASKS, Task, token_read
from relevome.models.responses import answers, responses
from relevome.models.targets import resolve_target, resolve_targets
from relevome.models.tokens import Tokens
from tests.architectures import ARCHITECTURES
from tests.toys import TOYS

Load = Callable[..., Model]
Saved = Callable[[str], Path]

CAUSAL = [name for name, toy in TOYS.items() if toy.head == "causal"]
LETTERS = ["residues-causal", "llama-causal"]


def logits_by_hand(folder: Path, ids: np.ndarray) -> Tensor:
    """What transformers gives for one sequence alone, without a mask, (tokens, vocabulary)."""
    module: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    with torch.no_grad():
        return module(torch.from_numpy(ids)[None]).logits[0]


def likelihood_by_hand(folder: Path, tokens: Tokens) -> float:
    """The sum over tokens of letters, token by token; the first of all has none before it."""
    chances = logits_by_hand(folder, tokens.ids).log_softmax(-1)
    counted = [t for t in range(1, len(tokens)) if tokens.ends[t] > tokens.starts[t]]
    return sum(chances[t - 1, tokens.ids[t]].item() for t in counted)


def scores(model: Model, tokens: tuple[Tokens, ...], *targets: Target) -> list[float]:
    batch = Batch(tokens, targets)
    with torch.no_grad():
        return model.scores(model.inputs(batch), batch).tolist()


def test_every_task_has_a_kind_and_a_class_of_transformers() -> None:
    assert set(TASKS) == set(AUTO) == set(get_args(Task))


@pytest.mark.parametrize("name", CAUSAL)
def test_the_logits_of_a_letter_are_read_at_the_token_before(load: Load, saved: Saved, name: str) -> None:
    model = load(name)
    tokens = tuple(model.tokenize(one) for one in TOYS[name].sequences(14, 9, 21))
    targets = (Target(7, "x", position=8), Target(5, "y", position=6), Target(3, "z", position=20))
    found = scores(model, tokens, *targets)
    against = scores(model, tokens, *(Target(t.index, "", t.position, contrast=11) for t in targets))
    answered = answers(model, list(zip(tokens, targets, strict=True)))
    for one, target, score, difference, answer in zip(tokens, targets, found, against, answered, strict=True):
        (over,) = np.flatnonzero((one.starts <= target.position) & (one.ends > target.position))
        logits = logits_by_hand(saved(name), one.ids)[over - 1]
        assert score == pytest.approx(logits[target.index].item(), abs=1e-10)
        assert difference == pytest.approx((logits[target.index] - logits[11]).item(), abs=1e-10)
        np.testing.assert_allclose(answer.logits, logits, atol=1e-10)
        assert answer.probability(target) == pytest.approx(logits.softmax(-1)[target.index].item())


@pytest.mark.parametrize("name", CAUSAL)
def test_the_log_likelihood_of_sequences_of_unlike_lengths(load: Load, saved: Saved, name: str) -> None:
    model = load(name)
    tokens = tuple(model.tokenize(one) for one in TOYS[name].sequences(17, 3, 36, 11))
    assert len({len(one) for one in tokens}) > 1
    expected = [likelihood_by_hand(saved(name), one) for one in tokens]
    target = Target.likelihood()
    np.testing.assert_allclose(scores(model, tokens, *(target,) * 4), expected, rtol=1e-12)
    (first, *_) = answers(model, [(one, target) for one in tokens])
    assert first.score(target) == pytest.approx(expected[0])
    assert (first.probability(target), first.largest) == (None, None)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_log_likelihood_is_summed_in_single_precision_at_least(
    load: Load, saved: Saved, dtype: str
) -> None:
    model = load("residues-causal", dtype)
    tokens = model.tokenize(TOYS["residues-causal"].sequences(30)[0])
    with torch.no_grad():
        logits = model.module(**model.inputs(Batch((tokens,), (Target.likelihood(),)))).logits[0]
    chances = logits.double().log_softmax(-1)
    expected = sum(chances[t - 1, tokens.ids[t]].item() for t in range(1, 31))
    assert scores(model, (tokens,), Target.likelihood())[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("name", ["GPT-2, causal", "LLaMA, causal", "Mistral, causal"])
def test_padding_is_behind_and_changes_nothing(tmp_path: Path, name: str, attention: str) -> None:
    """Also where a window, of 5 tokens, would leave padding nothing to see."""
    model = ARCHITECTURES[name].make(tmp_path, attention)
    tokens = ARCHITECTURES[name].batch(model, 9, 17, 30).tokens
    for target in (Target(3, "x", 8), Target.likelihood()):
        together = scores(model, tokens, *(target,) * 3)
        alone = [scores(model, (one,), target)[0] for one in tokens]
        np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_sequences_without_a_padding_token_share_a_batch(load: Load, saved: Saved) -> None:
    model = load("pairs-causal")
    assert model.pad_id is None
    assert model.pads
    batch = TOYS["pairs-causal"].batch(model, 5, 12)
    inputs = model.inputs(batch)
    for row, tokens in zip(inputs["input_ids"], batch.tokens, strict=True):
        assert row[: len(tokens)].tolist() == tokens.ids.tolist()
    assert inputs["attention_mask"].all()
    with torch.no_grad():
        together = model.module(**inputs).logits[0, : len(batch.tokens[0])]

    expected = logits_by_hand(saved("pairs-causal"), batch.tokens[0].ids)
    np.testing.assert_allclose(together, expected, atol=1e-12)


def test_of_overlapping_words_the_one_before_all_over_the_letter_is_read() -> None:
    """The words over letter 3 are the second to the fourth, and the first does not show it."""
    starts = np.arange(5)
    tokens = Tokens(
        Sequence("s", "MKTAYIA", PROTEIN), starts, starts, starts + 3, np.zeros(5, dtype=bool), ("w",) * 5
    )
    assert token_read(TASKS["causal"], tokens, 3) == 0
    assert token_read(TASKS["masked"], tokens, 3) == 2
    with pytest.raises(InputError, match=r"letter 2 of sequence 's' has no token before it"):
        token_read(TASKS["causal"], tokens, 2)


def test_a_masked_model_is_read_as_masked_and_refused_as_causal(saved: Saved) -> None:
    assert load_model(saved("protbert-masked")).task == "masked"
    message = r"a BertLMHeadModel, sees the tokens behind the one it predicts: it is no causal language model"
    with pytest.raises(InputError, match=message):
        load_model(saved("protbert-masked"), task="causal")


@pytest.mark.parametrize("task", ["sequence", "token", "masked"])
def test_a_causal_model_is_nothing_else(saved: Saved, task: str) -> None:
    with pytest.raises(InputError, match=r"has no trained weights for "):
        load_model(saved("residues-causal"), task=task)


def test_labels_are_tokens_and_a_letter_is_one_of_them(load: Load) -> None:
    model = load("residues-causal")
    assert model.labels[5:25] == tuple(PROTEIN.letters)
    assert resolve_target(model, "W", position=3) == Target(model.labels.index("W"), "W", 3)
    assert resolve_target(load("pairs-causal"), "GKT", position=3).label == "GKT"
    assert resolve_target(model, "log-likelihood") == Target.likelihood()


REFUSED = {
    "no position": (
        "residues-causal", {"target": "W"},
        r"logits for every letter: expected the --position of a letter, or --target log-likelihood$",
    ),
    "no target": ("residues-causal", {"target": None, "position": 3}, r"27 outputs: say which"),
    "a mask": (
        "residues-causal", {"target": "W", "position": 3, "mask": True},
        r"--mask-position hides .* masked language model: a causal one sees none from the position on",
    ),
    "a likelihood at a position": (
        "residues-causal", {"target": "log-likelihood", "position": 3},
        r"log-likelihood is of a whole sequence: leave --position out",
    ),
    "a likelihood against an output": (
        "residues-causal", {"target": "log-likelihood", "contrast": "W"}, r"leave --contrast out"
    ),
    "a hidden letter of a likelihood": (
        "residues-causal", {"target": "log-likelihood", "mask": True}, r"leave --mask-position out"
    ),
    "a masked model": (
        "esm-masked", {"target": "log-likelihood"},
        r"is of causal language models, and this is a masked language model: expected an output",
    ),
    "a classifier": (
        "protbert", {"target": "log-likelihood"}, r"this is a model of whole sequences: expected an output"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused(load: Load, name: str) -> None:
    toy, asked, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        resolve_target(load(toy), **asked)


def test_a_log_likelihood_is_asked_for_alone(load: Load) -> None:
    with pytest.raises(InputError, match=r"--position"):
        resolve_targets(load("residues-causal"), ["log-likelihood", "W"])
    assert resolve_targets(load("residues-causal"), ["log-likelihood"] * 2) == (Target.likelihood(),)


def test_the_most_probable_is_one_of_the_letters() -> None:
    (answer,) = responses([np.array([9.0, 1.0, 2.0])], "one of several", (1, 2))
    assert answer.largest == 2


def test_a_prefix_stands_in_place_of_the_tokens_before(load: Load, saved: Saved) -> None:
    plain, model = load("residues-causal"), load_model(saved("residues-causal"), prefix=" [HEAVY]  [HUMAN] ")
    sequence = Sequence("s", "XKTAY", PROTEIN)
    assert plain.tokenize(sequence).texts == ("[CLS]", "[UNK]", "K", "T", "A", "Y", "[SEP]")
    tokens = model.tokenize(sequence)
    assert tokens.texts == ("[HEAVY]", "[HUMAN]", "[UNK]", "K", "T", "A", "Y", "[SEP]")
    assert tokens.special.tolist() == [True, True, *[False] * 5, True]
    assert model.token_read(tokens, 0) == 1
    assert model.sha256 != plain.sha256
    assert model.about()["prefix"] == "[HEAVY] [HUMAN]"
    assert "prefix" not in plain.about()


def test_a_prefix_where_the_tokenizer_puts_nothing(saved: Saved) -> None:
    model = load_model(saved("pairs-causal"), prefix="<|endoftext|>", dtype="float64")
    tokens = model.tokenize(Sequence("s", "MALEGKT", PROTEIN))
    own = AutoTokenizer.from_pretrained(saved("pairs-causal"))("<|endoftext|>MALEGKT")["input_ids"]
    assert tokens.ids.tolist() == own
    assert tokens.texts[:3] == ("<|endoftext|>", "M", "ALE")
    expected = likelihood_by_hand(saved("pairs-causal"), tokens)
    assert scores(model, (tokens,), Target.likelihood())[0] == pytest.approx(expected)
    drawn = model.tokenize(tokens.sequence, 0.5, np.random.default_rng(0))
    assert drawn.texts[0] == "<|endoftext|>"


def test_a_prefix_counts_in_the_length(saved: Saved) -> None:
    prefix = " ".join(["[HEAVY]"] * 30)
    model = load_model(saved("residues-causal"), prefix=prefix)
    sequence = Sequence("s", "MKTAYIAKQR", PROTEIN)
    assert model.may_refuse(sequence)
    with pytest.raises(InputError, match=r"'s' has 41 tokens \(10 letters\) but the model takes 40"):
        model.tokenize(sequence)


@pytest.mark.parametrize(
    ("name", "prefix", "message"),
    [
        ("residues-causal", "[HEAVY] [MOUSE]", r"--prefix: the tokenizer has no token '\[MOUSE\]': expected"),
        ("residues-causal", " ", r"--prefix is empty: expected tokens, apart by blanks"),
        (
            "esm-masked",
            "<cls>",
            r"--prefix is what a causal .* this is a masked language model: leave it",
        ),
    ],
)
def test_what_is_no_prefix_is_refused(saved: Saved, name: str, prefix: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_model(saved(name), prefix=prefix)


def test_a_sequence_of_one_token_has_no_log_likelihood(load: Load) -> None:
    model = load("pairs-causal")
    with pytest.raises(InputError, match=r"'s' has no token with another before it, by which a causal"):
        scores(model, (model.tokenize(Sequence("s", "ALE", PROTEIN)),), Target.likelihood())


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_an_adapter_of_a_causal_model(saved: Saved, tmp_path: Path) -> None:
    peft: Any = pytest.importorskip("peft", reason="needs the extra `lora`")
    folder = Path(shutil.copytree(saved("llama-causal"), tmp_path / "base"))
    model = load_model(folder, dtype="float64")
    torch.manual_seed(0)
    config = peft.LoraConfig(
        r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", init_lora_weights=False
    )
    model.module = peft.get_peft_model(model.module, config).eval()
    model.module.peft_config["default"].base_model_name_or_path = str(folder)
    model.module.save_pretrained(tmp_path / "adapter")
    merged = load_model(tmp_path / "adapter", dtype="float64")
    assert merged.task == "causal"
    tokens = (model.tokenize(TOYS["llama-causal"].sequences(12)[0]),)
    (found,) = scores(merged, tokens, Target.likelihood())
    assert found == pytest.approx(scores(model, tokens, Target.likelihood())[0], rel=1e-6)
    assert found != pytest.approx(likelihood_by_hand(folder, tokens[0]), rel=1e-3)


@pytest.mark.parametrize("name", LETTERS)
def test_each_letter_is_predicted_from_those_before_it(load: Load, saved: Saved, name: str) -> None:
    model = load(name)
    (one,) = model.predict(TOYS[name].sequences(11))
    tokens = model.tokenize(one.sequence)
    logits = logits_by_hand(saved(name), tokens.ids)[:11]  # [CLS] and the first ten letters
    places = [model.labels.index(letter) for letter in model.alphabet.letters]
    assert one.outputs == tuple(model.alphabet.letters)
    assert one.probabilities is not None
    np.testing.assert_allclose(one.logits, logits[:, places], atol=1e-10)
    np.testing.assert_allclose(one.probabilities, logits.softmax(-1)[:, places], atol=1e-10)
    assert one.likelihood is not None
    assert one.likelihood.value == pytest.approx(likelihood_by_hand(saved(name), tokens))
    assert one.likelihood.tokens == 11
    assert one.likelihood.perplexity == pytest.approx(np.exp(-one.likelihood.value / 11))


def test_a_first_letter_without_a_token_before_has_no_prediction(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("llama-causal"), tmp_path / "bare"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.post_processor = None
    tokenizer.save_pretrained(folder)
    model = load_model(folder, dtype="float64")
    (one,) = model.predict(["ACGTT"])
    assert model.tokenize(one.sequence).texts == tuple("ACGTT")
    assert one.probabilities is not None
    assert np.isnan(one.logits[0]).all()
    assert np.isnan(one.probabilities[0]).all()
    logits = logits_by_hand(folder, model.tokenize(one.sequence).ids)[:4, model.tokenizer.letter_ids()]
    np.testing.assert_allclose(one.logits[1:], logits, atol=1e-10)
    assert one.predicted == [None, *("ACGT"[i] for i in logits.argmax(-1))]
    assert one.likelihood is not None
    assert one.likelihood.tokens == 4


def test_of_tokens_that_are_words_the_log_likelihood_is_predicted(load: Load, saved: Saved) -> None:
    model = load("pairs-causal")
    for one in model.predict(TOYS["pairs-causal"].sequences(30, 8)):
        expected = likelihood_by_hand(saved("pairs-causal"), model.tokenize(one.sequence))
        assert one.outputs == ("log-likelihood",)
        np.testing.assert_allclose(one.logits, [expected])
        assert (one.probabilities, one.predicted, one.by_letter) == (None, None, False)
        assert one.likelihood is not None
        assert one.likelihood.tokens == len(model.tokenize(one.sequence)) - 1
