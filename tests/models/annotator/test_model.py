from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModelForTokenClassification

from relevome.data.sequences import PROTEIN
from relevome.errors import InputError
from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification
from relevome.models.own_tokenizers import letter_tokenizer, letter_vocabulary
from relevome.training.architectures import Architecture
from relevome.training.labels import LabelScheme
from tests.models.annotator.tiny import SIDES, by_hand, ids, letters, tiny

IMPLEMENTATIONS = ["eager", "sdpa"]


def mask_of(*lengths: int) -> torch.Tensor:
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()


@pytest.mark.parametrize("bidirectional", SIDES)
def test_logits_and_attention_equal_a_forward_pass_written_with_loops(bidirectional: bool) -> None:
    model = tiny(bidirectional=bidirectional)
    text = letters(31)
    expected, weights = by_hand(model, text)
    with torch.no_grad():
        found = model(ids(model, text), output_attentions=True)
    np.testing.assert_allclose(found.logits[0], expected, rtol=0, atol=1e-12)
    for layer, attention in zip(weights, found.attentions, strict=True):
        np.testing.assert_allclose(attention[0], layer[:, :31, :31], rtol=0, atol=1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("bidirectional", SIDES)
def test_every_letter_attends_to_itself_and_the_letters_of_its_window(
    bidirectional: bool, implementation: str
) -> None:
    model = tiny(bidirectional=bidirectional)
    model.set_attn_implementation(implementation)
    with torch.no_grad():
        attentions = model(ids(model, letters(60)), output_attentions=True).attentions
    apart = np.arange(60)[:, None] - np.arange(60)
    seen = (apart <= 11) & (apart >= (-11 if bidirectional else 0))
    for weights in attentions:
        np.testing.assert_array_equal(weights[0, 0].numpy() > 0, seen)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bidirectional", SIDES)
@pytest.mark.parametrize("length", [1, 2, 4, 5, 11, 12, 64, 65, 150])
def test_fused_attention_equals_weights_spelt_out(length: int, bidirectional: bool) -> None:
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        model = tiny(dtype, bidirectional=bidirectional)
        given = ids(model, letters(length), letters(length, seed=1))
        with torch.no_grad():
            plain = model(given).logits
            model.set_attn_implementation("sdpa")
            fused = model(given).logits
        assert plain.shape == (2, length, 8)
        torch.testing.assert_close(fused, plain, rtol=0, atol=tolerance)


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"layout": "segments"}])
def test_heads_as_large_as_the_states_are_convolved_at_once(settings: dict[str, Any]) -> None:
    model = tiny(head_size=6, **settings)
    text = letters(70)
    apart: list[str] = []
    for name, module in model.named_modules():
        if name.endswith("qkv"):
            module.register_forward_hook(lambda *_, name=name: apart.append(name))
    plain = model(ids(model, text)).logits[0].detach()
    assert apart
    apart.clear()
    with torch.no_grad():
        torch.testing.assert_close(model(ids(model, text)).logits[0], plain, rtol=0, atol=1e-12)
    for chunk in (5, 13, 70):
        np.testing.assert_allclose(model.logits(text, chunk), plain, rtol=0, atol=1e-12)
    assert not apart


@pytest.mark.parametrize("lengths", [(90, 31, 70), (20, 20, 20)])
@pytest.mark.parametrize("bidirectional", SIDES)
def test_fused_attention_gives_the_same_gradients(bidirectional: bool, lengths: tuple[int, ...]) -> None:
    model = tiny(bidirectional=bidirectional, dropout=0.0).train()
    mask = mask_of(*lengths)
    given = ids(model, *(letters(max(lengths), seed) for seed in range(3)))
    labels = torch.where(mask == 1, given % 8, -100)
    found = {}
    for implementation in IMPLEMENTATIONS:
        model.set_attn_implementation(implementation)
        model.zero_grad()
        model(given, mask, labels=labels).loss.backward()
        found[implementation] = [parameter.grad for parameter in model.parameters()]
    for plain, fused in zip(*found.values(), strict=True):
        assert plain is not None
        assert plain.isfinite().all()
        torch.testing.assert_close(fused, plain, rtol=0, atol=1e-13)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    "settings", [{}, {"bidirectional": True}, {"layout": "segments"}, {"layout": "segments", "memory": 0}]
)
def test_padding_changes_nothing(settings: dict[str, Any], implementation: str) -> None:
    model = tiny(**settings)
    model.set_attn_implementation(implementation)
    lengths = (30, 12, 4, 1)
    given = ids(model, *(letters(30, seed) for seed in range(4)))
    with torch.no_grad():
        together = model(given, mask_of(*lengths)).logits
        for row, length in enumerate(lengths):
            alone = model(given[row : row + 1, :length]).logits[0]
            torch.testing.assert_close(together[row, :length], alone, rtol=0, atol=1e-13)


def test_padding_before_a_sequence_is_refused() -> None:
    model = tiny()
    with pytest.raises(ValueError, match="padding after the letters"):
        model(ids(model, "ACGTA"), torch.tensor([[0, 1, 1, 1, 1]]))


@pytest.mark.parametrize("bidirectional", SIDES)
def test_what_a_letter_depends_on_is_its_context_and_no_more(bidirectional: bool) -> None:
    model = tiny(bidirectional=bidirectional, num_hidden_layers=2)
    left, right = model.config.context
    assert (left, right) == ((28, 28) if bidirectional else (2 * (11 + 6) - 4, 4))
    text, at = letters(80, among="ACGT"), 40
    plain = model.logits(text)[at]
    for place, matters in ((at - left - 1, 0), (at - left, 1), (at + right, 1), (at + right + 1, 0)):
        changed = text[:place] + {"A": "C", "C": "G", "G": "T", "T": "A"}[text[place]] + text[place + 1 :]
        assert np.any(model.logits(changed)[at] != plain) == bool(matters)


def test_past_the_end_unknown_letters_are_read() -> None:
    model = tiny()
    text = letters(30)
    np.testing.assert_allclose(model.logits(text), model.logits(text + "NNNN")[:30], rtol=0, atol=1e-13)
    assert np.abs(model.logits(text) - model.logits(text + "ACGT")[:30]).max() > 1e-3


def test_a_code_is_the_mean_of_its_letters_and_other_tokens_are_nothing() -> None:
    model = tiny()
    vectors = model.encoder.embeddings(torch.arange(18)[None])[0]
    token = model.config.vocabulary
    torch.testing.assert_close(vectors[token["R"]], (vectors[token["A"]] + vectors[token["G"]]) / 2)
    torch.testing.assert_close(vectors[token["N"]], sum(vectors[token[x]] for x in "ACGT") / 4)
    assert not vectors[[token["[PAD]"], token["[UNK]"], token["[MASK]"]]].any()


def test_losses_leave_out_what_is_labelled_minus_100() -> None:
    model = tiny()
    given = ids(model, letters(13), letters(13, 1))
    labels = torch.where(given % 2 == 0, given % 8, -100)
    found = model(given, labels=labels)
    expected = F.cross_entropy(found.logits.flatten(0, 1), labels.flatten())
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert isinstance(model(given, return_dict=False), tuple)


def test_dropout_is_there_in_training_only() -> None:
    given = ids(tiny(), letters(20))
    for dropout, alike in ((0.0, True), (0.5, False)):
        model = tiny(dropout=dropout)
        exact = model(given).logits
        assert torch.allclose(model.train()(given).logits, exact) == alike


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_low_precision_is_near(implementation: str) -> None:
    model = tiny()
    model.set_attn_implementation(implementation)
    given = ids(model, letters(100))
    with torch.no_grad():
        exact = model(given).logits
        found = model.bfloat16()(given).logits
        assert model.logits(letters(5)).dtype == np.float32
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.double(), exact, atol=0.3, rtol=0.1)


def test_it_is_saved_and_loaded_as_any_other(tmp_path: Path) -> None:
    model = tiny(torch.float32, bidirectional=True)
    model.save_pretrained(tmp_path)
    loaded = AutoModelForTokenClassification.from_pretrained(tmp_path)
    assert isinstance(loaded, AnnotatorForTokenClassification)
    np.testing.assert_array_equal(loaded.logits("ACGTTGCA"), model.logits("ACGTTGCA"))


def test_new_weights_are_where_training_can_begin() -> None:
    torch.manual_seed(0)
    model = AnnotatorForTokenClassification(AnnotatorConfig(**AnnotatorConfig.small))
    assert not model.encoder.content_bias.any()
    assert model.encoder.embeddings.channels.weight.std() > 0.1
    deviations = model.eval().logits(letters(300)).std(0)
    assert 0.05 < deviations.min() < deviations.max() < 2


def test_a_generic_trainer_can_start_one() -> None:
    architecture = Architecture("annotator")
    tokenizer = architecture.tokenizer(None, None)
    module, new = architecture.module(tokenizer, LabelScheme("token", ("x", "y", "z")), [30])
    assert isinstance(module, AnnotatorForTokenClassification)
    assert module.config.vocabulary == tokenizer.hf.get_vocab()
    assert set(new) == {name for name, _ in module.named_parameters()}


def test_other_alphabets() -> None:
    model = tiny(alphabet="protein")
    assert model.config.vocabulary == letter_vocabulary(PROTEIN)
    assert model.config.vocab_size == len(letter_tokenizer(PROTEIN))
    assert model.logits("MKVX").shape == (4, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"convolution": 6}, "convolution of 6: expected an odd number"),
        ({"hidden_size": 7}, "hidden_size 7: expected an even number"),
        ({"memory": -1}, "memory -1: expected at least 0"),
        ({"segment": 0}, "segment 0: expected at least 1"),
        ({"downstream": -3}, "downstream -3: expected at least 0"),
        ({"alphabet": "xna"}, "unknown alphabet 'xna'"),
        ({"layout": "round"}, "unknown layout 'round': expected one of sliding, segments"),
        ({"layout": "segments", "bidirectional": True}, "looks to the left"),
        ({"vocab_size": 30}, "vocabulary of 30: expected 18"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tiny(**settings)
