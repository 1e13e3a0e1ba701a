from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging as transformers_logging

from relevome.data.sequences import ALPHABETS, DNA, PROTEIN, RNA
from relevome.errors import InputError
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer


def cnn(**settings: Any) -> CnnForSequenceClassification:
    """A tiny CNN in float64, every axis of another size."""
    torch.manual_seed(5)
    sizes: dict[str, Any] = {
        "filters": (6, 5),
        "widths": (3, 7),
        "pools": (2, 3),
        "hidden_size": 8,
        "num_labels": 3,
    }
    return CnnForSequenceClassification(CnnConfig(**(sizes | settings))).double().eval()


def ids(*sequences: str, alphabet: str = "dna") -> Tensor:
    return torch.tensor(letter_tokenizer(ALPHABETS[alphabet])(list(sequences))["input_ids"])


def padded(*sequences: str) -> dict[str, Tensor]:
    return dict(letter_tokenizer(DNA)(list(sequences), padding=True, return_tensors="pt"))


def seen_at_the_embedding(model: CnnForSequenceClassification, input_ids: Tensor) -> Tensor:
    outputs: list[Tensor] = []
    handle = model.get_input_embeddings().register_forward_hook(lambda *args: outputs.append(args[2]))
    model(input_ids)
    handle.remove()
    return outputs[0]


def test_the_embedding_gives_one_hot_letters() -> None:
    seen = seen_at_the_embedding(cnn(), ids("ACGTT", "CCGTA"))
    assert seen.shape == (2, 5, 4)
    expected = [[[letter == x for x in "ACGT"] for letter in text] for text in ("ACGTT", "CCGTA")]
    assert seen.tolist() == np.array(expected, dtype=float).tolist()


def test_codes_are_the_mean_of_their_letters_and_special_tokens_are_nothing() -> None:
    table = cnn().get_input_embeddings().weight
    at = letter_tokenizer(DNA).get_vocab()
    assert table[at["R"]].tolist() == [0.5, 0, 0.5, 0]
    assert table[at["B"]].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3], abs=1e-7)
    assert table[at["N"]].tolist() == [0.25] * 4
    for special in ("[PAD]", "[MASK]", "[UNK]"):
        assert table[at[special]].tolist() == [0] * 4


def test_proteins_have_twenty_columns() -> None:
    seen = seen_at_the_embedding(cnn(alphabet="protein"), ids("MBXUA", alphabet="protein"))[0]
    column = {residue: i for i, residue in enumerate(PROTEIN.letters)}
    assert seen.shape == (5, 20)
    assert seen[0].argmax() == column["M"]
    assert seen[0].sum() == 1
    assert seen[1].nonzero().flatten().tolist() == [column["D"], column["N"]]
    np.testing.assert_allclose(seen[2], 1 / 20, atol=1e-8)
    assert seen[3].tolist() == [0] * 20


def test_rna_has_u_where_dna_has_t() -> None:
    table = cnn(alphabet="rna").get_input_embeddings().weight
    assert table[letter_tokenizer(RNA).get_vocab()["U"]].tolist() == [0, 0, 0, 1]


def by_hand(model: CnnForSequenceClassification, letters: str) -> np.ndarray:
    """The same network written with loops over positions."""
    x = np.array([[letter == base for letter in letters] for base in "ACGT"], dtype=float)
    for convolution, pool in zip(model.convolutions, model.config.pools, strict=True):
        weight, bias = (p.detach().numpy() for p in convolution.parameters())
        half = weight.shape[2] // 2
        wide = np.pad(x, ((0, 0), (half, half)))
        x = np.array(
            [
                [(wide[:, t : t + 2 * half + 1] * kernel).sum() + b for t in range(x.shape[1])]
                for kernel, b in zip(weight, bias, strict=True)
            ]
        ).clip(0)
        x = np.array([[row[t : t + pool].max() for t in range(0, len(row), pool)] for row in x])
    features = {"flatten": x.reshape(-1), "max": x.max(1), "mean": x.mean(1)}[model.config.pooling]
    for layer, positive in ((model.hidden, True), (model.classifier, False)):
        weight, bias = (p.detach().numpy() for p in layer.parameters())
        features = weight @ features + bias
        features = features.clip(0) if positive else features
    return features


@pytest.mark.parametrize("pooling", ["flatten", "max", "mean"])
def test_logits_equal_a_forward_pass_written_by_hand(pooling: str) -> None:
    letters = "ACGTTGCATGCCATTGACT"
    model = cnn(pooling=pooling, sequence_length=len(letters) if pooling == "flatten" else None)
    np.testing.assert_allclose(model(ids(letters)).logits[0].detach(), by_hand(model, letters), atol=1e-12)


def test_logits_equal_those_of_another_library(shared: Path) -> None:
    folder = shared / "fixtures" / "lrp_cnn_tiny"
    weights = load_file(folder / "model.safetensors")
    reference = np.load(folder / "reference.npz")
    names = {"0": "convolutions.0", "3": "convolutions.1", "7": "hidden", "9": "classifier"}
    model = cnn(
        filters=(7, 6), widths=(5, 3), pools=(2, 2), hidden_size=10, pooling="flatten", sequence_length=48
    )
    found = {f"{names[key.split('.')[-2]]}.{key.split('.')[-1]}": value for key, value in weights.items()}
    model.load_state_dict({"embedding.weight": model.embedding.weight} | found)
    at = letter_tokenizer(DNA).get_vocab()
    input_ids = torch.tensor([at[x] for x in "ACGT"])[reference["sequence_index"]]
    np.testing.assert_allclose(model.double()(input_ids).logits.detach(), reference["logits"], atol=1e-10)


@pytest.mark.parametrize("pooling", ["max", "mean"])
@pytest.mark.parametrize("pools", [(1, 1), (2, 3), (3, 2)])
def test_padding_changes_nothing(pooling: str, pools: tuple[int, int]) -> None:
    model = cnn(pooling=pooling, pools=pools)
    sequences = ["ACGTTGCATGCCATTGACTGA", "TTGCATG", "C", "GGNATTACA"]
    together = model(**padded(*sequences)).logits
    for row, sequence in zip(together, sequences, strict=True):
        np.testing.assert_allclose(row.detach(), model(ids(sequence)).logits[0].detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_what_is_written_under_the_padding_does_not_matter(pooling: str) -> None:
    model = cnn(pooling=pooling)
    inputs = padded("ACGTTGCATGCCATT", "TTGCATG")
    expected = model(**inputs).logits
    inputs["input_ids"] = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"], ids("G")[0, 0])
    np.testing.assert_array_equal(model(**inputs).logits.detach(), expected.detach())


def test_flatten_takes_one_length_only() -> None:
    model = cnn(pooling="flatten", sequence_length=7)
    assert model(ids("ACGTTGC")).logits.shape == (1, 3)
    with pytest.raises(InputError, match="a sequence has 8 letters but the CNN was made for exactly 7"):
        model(ids("ACGTTGCA"))
    with pytest.raises(InputError, match="a sequence has 5 letters but the CNN was made for exactly 7"):
        model(**padded("ACGTTGC", "ACGTT"))


def test_flatten_keeps_positions_and_max_does_not() -> None:
    here, there = "TATAAT" + "C" * 22, "C" * 12 + "TATAAT" + "C" * 10
    flat = cnn(pooling="flatten", sequence_length=28, pools=(1, 1))
    best = cnn(pooling="max", pools=(1, 1))
    # far enough from the ends that zero padding is not seen
    inner = ["C" * 8 + text + "C" * 8 for text in (here, there)]
    assert not torch.allclose(*flat(ids(here, there)).logits)
    torch.testing.assert_close(*best(ids(*inner)).logits)


@pytest.mark.parametrize(
    ("problem", "labels", "loss"),
    [
        ("single_label_classification", torch.tensor([2, 0]), F.cross_entropy),
        (
            "multi_label_classification",
            torch.tensor([[1.0, 0, 1], [0, 0, 1]]),
            F.binary_cross_entropy_with_logits,
        ),
        ("regression", torch.tensor([[1.5, 0, 1], [0, -2.5, 1]]), F.mse_loss),
    ],
)
def test_the_loss_is_that_of_the_problem(problem: str, labels: Tensor, loss: Any) -> None:
    labels = labels.double() if labels.is_floating_point() else labels
    output = cnn(problem_type=problem)(ids("ACGTT", "CCGTA"), labels=labels)
    torch.testing.assert_close(output.loss, loss(output.logits, labels))


def test_a_saved_model_loads_again_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = cnn(pooling="mean").float()
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    transformers_logging.enable_propagation()
    with caplog.at_level(logging.WARNING):
        loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    transformers_logging.disable_propagation()
    assert caplog.text == ""
    assert isinstance(loaded, CnnForSequenceClassification)
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value, rtol=0, atol=0)


def test_the_embedding_is_never_trained_also_after_loading(tmp_path: Path) -> None:
    cnn().save_pretrained(tmp_path)
    for model in (cnn(), AutoModelForSequenceClassification.from_pretrained(tmp_path)):
        assert isinstance(model.get_input_embeddings(), nn.Embedding)
        assert not model.get_input_embeddings().weight.requires_grad
        assert not any(name.startswith("embedding") for name, _ in model.named_parameters())
        assert all(parameter.requires_grad for parameter in model.parameters())


def test_gradients_reach_the_output_of_the_embedding() -> None:
    model = cnn()
    embedded = model.get_input_embeddings().weight.clone().requires_grad_()
    handle = model.get_input_embeddings().register_forward_hook(lambda *args: embedded[args[1][0]])
    model(ids("ACGTTGCATG")).logits.sum().backward()
    handle.remove()
    assert embedded.grad is not None
    assert embedded.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": (3, 4)}, "widths [3, 4]: expected odd numbers"),
        ({"widths": (3,)}, "2 filters, 1 width and 2 pools: expected one of each"),
        ({"pooling": "median"}, "unknown pooling 'median': expected one of flatten, max, mean"),
        ({"pooling": "flatten"}, "pooling 'flatten' and sequence_length None: expected a length"),
        ({"pooling": "max", "sequence_length": 9}, "pooling 'max' and sequence_length 9"),
        ({"alphabet": "klingon"}, "unknown alphabet 'klingon': expected one of dna, rna, protein"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        cnn(**settings)
    assert message in str(error.value)
