"""Models of other people's packages against the same module asked by hand, captum, and brute force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor

import relevome
from relevome.attribution import methods
from relevome.attribution.batches import Explained, explain_sequences
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Target
from tests.packaged import (
    PACKAGED,
    Packaged,
    by_keras,
    enformer,
    keras_weights,
    packaged,
    stirred,
    write_keras,
)

BASES = "ACGT"
ATTENTION = "has no attention over its tokens that can be seen"
REFUSED = {
    **{(name, method): ATTENTION for method in ("attention", "rollout")
       for name in PACKAGED if name != "grelu transformer"},
    **{("grelu recurrent", method): r"no relevance rule for the operation torch.gru"
       for method in ("attnlrp", "lrp")},
    ("grelu recurrent", "deeplift-shap"): r"no rule for the operation torch.gru",
    ("enformer", "deeplift-shap"): r"no rule for the operation torch.Tensor.mul",
    ("borzoi narrow", "deeplift-shap"): r"no rule for the operation torch.nn.functional.layer_norm",
    ("grelu transformer", "deeplift-shap"): r"no rule for the operation torch.nn.functional.layer_norm",
    ("grelu borzoi", "deeplift-shap"): r"no rule for the operation torch.nn.functional.layer_norm",
}  # fmt: skip


def letters(said: Packaged, count: int = 2) -> list[str]:
    return ["".join(np.random.default_rng(seed).choice([*BASES], said.length)) for seed in range(count)]


def one_hot(sequences: list[str], dtype: torch.dtype) -> Tensor:
    rows = [[[float(letter == base) for letter in one] for base in BASES] for one in sequences]
    return torch.tensor(rows, dtype=dtype)


def inputs(name: str, count: int = 2) -> Tensor:
    return one_hot(letters(PACKAGED[name], count), PACKAGED[name].dtype)


def explained(name: str, method: str, count: int = 2, **options: Any) -> list[Explained]:
    model, _ = packaged(name)
    given = [Sequence(str(i), one, DNA) for i, one in enumerate(letters(PACKAGED[name], count))]
    found = list(explain_sequences(model, methods[method](**options), given, [Target(0, model.labels[0])]))
    for one in found:
        if isinstance(one, InputError):
            raise one
    return [one for one in found if isinstance(one, Explained)]


def values(found: list[Explained]) -> np.ndarray:
    return np.array([one.track.values for one in found])


def close(name: str, found: Any, expected: Any, score: float = 0.0) -> None:
    """Equal, relative to the largest of what is expected, and to a score whose differences they are.

    Relevance is kept in single precision.
    """
    expected, said = np.asarray(expected), PACKAGED[name]
    rounding = max(said.rounding, 1e-6) * np.abs(expected).max() + 8 * torch.finfo(said.dtype).eps * abs(
        score
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=rounding)


@pytest.mark.parametrize("name", PACKAGED)
def test_predictions_are_those_of_the_module(name: str) -> None:
    _, ask = packaged(name)
    scores = [one.score for one in explained(name, "saliency")]
    expected = ask(inputs(name))[:, 0].numpy()
    np.testing.assert_allclose(scores, expected, rtol=PACKAGED[name].rounding)


@pytest.mark.parametrize("name", PACKAGED)
def test_gradients_are_those_of_the_module(name: str) -> None:
    _, ask = packaged(name)
    theirs = captum.attr.InputXGradient(lambda x: ask(x)[:, 0]).attribute(inputs(name).requires_grad_())
    close(name, values(explained(name, "gradient-x-input")), theirs.sum(1).detach())


@pytest.mark.parametrize("name", PACKAGED)
def test_integrated_gradients_are_those_of_captum(name: str) -> None:
    _, ask = packaged(name)
    x = inputs(name)
    theirs = captum.attr.IntegratedGradients(lambda x: ask(x)[:, 0]).attribute(
        x, torch.full_like(x, 0.25), n_steps=16, method="gausslegendre"
    )
    ours = values(explained(name, "integrated-gradients", baseline="mean", steps=16))
    close(name, ours, theirs.sum(1).numpy())


# of Borzoi as wide as it is this takes most of a minute
@pytest.mark.parametrize("name", [name for name in PACKAGED if name != "borzoi"])
def test_mutagenesis_is_brute_force(name: str) -> None:
    _, ask = packaged(name)
    x = inputs(name, 1)
    length = x.shape[2]
    mutants = x.repeat(length * 4, 1, 1)
    for number in range(length * 4):
        mutants[number, :, number // 4] = torch.eye(4, dtype=x.dtype)[number % 4]
    effects = (ask(mutants)[:, 0] - ask(x)[:, 0]).reshape(length, 4).numpy()
    found = explained(name, "mutagenesis", 1)[0]
    close(name, found.letter_scores, effects, found.score)
    close(name, found.track.values, -effects.sum(1) / 3, found.score)


@pytest.mark.parametrize("name", [name for name in PACKAGED if (name, "attnlrp") not in REFUSED])
@pytest.mark.parametrize("method", ["attnlrp", "lrp"])
def test_the_ledger_closes(name: str, method: str) -> None:
    for one in explained(name, method, audit=True):
        assert one.ledger is not None
        assert one.ledger.unaccounted_share < PACKAGED[name].rounding


@pytest.mark.parametrize("name", ["bpnet counts", "bpnet profile", "accessibility counts"])
def test_attnlrp_of_a_network_of_rectifiers_is_gradient_times_input(name: str) -> None:
    _, ask = packaged(name)
    theirs = captum.attr.InputXGradient(lambda x: ask(x)[:, 0]).attribute(inputs(name).requires_grad_())
    close(name, values(explained(name, "attnlrp")), theirs.sum(1).detach())


def test_attnlrp_of_chrombpnet_shares_its_counts_between_bias_and_accessibility() -> None:
    """log(exp(a) + exp(b)): to a, the share exp(a) of the sum; and the ratio rule for log and exp."""
    wrapped, _ = packaged("chrombpnet counts")
    module = wrapped.module.get_submodule("module")
    x = inputs("chrombpnet counts").requires_grad_()
    parts = [module.get_submodule(one)(x)[1][:, 0] for one in ("accessibility", "bias")]
    score = module(x)[1][:, 0]
    expected = torch.zeros(len(x), x.shape[2], dtype=x.dtype)
    for part in parts:
        (slope,) = torch.autograd.grad(part.sum(), x, retain_graph=True)
        share = score * (part - score).exp() / part
        expected += (share[:, None, None] * slope * x).sum(1)
    close("chrombpnet counts", values(explained("chrombpnet counts", "attnlrp")), expected.detach())


@pytest.mark.parametrize(
    "name", ["bpnet counts", "accessibility counts", "chrombpnet counts", "grelu convolutions"]
)
def test_deeplift_adds_up(name: str) -> None:
    for one in explained(name, "deeplift-shap"):
        assert one.completeness_error is not None
        assert abs(one.completeness_error) < 1e-9


@pytest.mark.parametrize(("name", "method"), REFUSED)
def test_what_is_not_covered_is_refused_by_name(name: str, method: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name, method]):
        explained(name, method)


@pytest.mark.parametrize("method", ["attention", "rollout"])
def test_attention_over_letters_is_seen(method: str) -> None:
    found = values(explained("grelu transformer", method))
    np.testing.assert_allclose(found.sum(1), np.ones(len(found)), atol=1e-6)


def test_chrombpnet_is_read_from_the_files_of_its_training(tmp_path: Path) -> None:
    """Numbers of both models from a file as Keras writes it, and from its weights by hand."""
    chrombpnet = pytest.importorskip("bpnetlite", reason="bpnet-lite is not installed").ChromBPNet
    bias, accessible = keras_weights(1, 5, seed=1), keras_weights(2, 6, seed=2)
    files = [
        write_keras(tmp_path / "bias.h5", bias),
        write_keras(tmp_path / "accessibility.h5", accessible, "wo_bias_"),
    ]
    whole = chrombpnet.from_chrombpnet(*map(str, files)).double()
    said = Packaged("bpnetlite", lambda: whole, lambda m, x: m(x), length=130)
    x = one_hot(letters(said), torch.float64)
    profile, counts = by_keras(accessible, x, 130 - 94 - 2 * 6)
    bias_profile, bias_counts = by_keras(bias, x, profile.shape[-1])

    without_bias = relevome.from_module(whole.accessibility, length=130, output="counts")
    with_bias = relevome.from_module(whole, length=130, output="counts")
    by_letter = relevome.from_module(whole, length=130, output=lambda given: given[0][:, 0])
    given = [Sequence(str(i), one, DNA) for i, one in enumerate(letters(said))]
    found = [predicted(model, given) for model in (without_bias, with_bias, by_letter)]
    np.testing.assert_allclose(found[0], counts, rtol=1e-6)
    np.testing.assert_allclose(found[1], torch.logaddexp(counts, bias_counts), rtol=1e-6)
    np.testing.assert_allclose(found[2], (profile + bias_profile)[:, 0], rtol=1e-5, atol=1e-6)


def predicted(model: relevome.models.base.Model, given: list[Sequence]) -> np.ndarray:
    """All outputs of sequences of one length."""
    ids = torch.stack([torch.from_numpy(model.tokenize(one).ids) for one in given])
    with torch.no_grad():
        return model.module(input_ids=ids).logits.numpy()


def test_weights_of_enformer_are_read_beside_our_transformers(tmp_path: Path) -> None:
    """As docs/my-model.md has it: its own from_pretrained lacks what transformers 5 asks of a class."""
    library = pytest.importorskip("enformer_pytorch", reason="enformer-pytorch is not installed")
    original = stirred(enformer())
    original.config.save_pretrained(tmp_path)
    torch.save(original.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(AttributeError, match="all_tied_weights_keys"):
        library.Enformer.from_pretrained(tmp_path)
    again = library.Enformer(library.config_enformer.EnformerConfig.from_pretrained(tmp_path))
    again.load_state_dict(torch.load(tmp_path / "pytorch_model.bin", weights_only=True))
    x = inputs("enformer").float().transpose(1, 2)
    assert torch.equal(again.eval()(x)["human"], original.eval()(x)["human"])


def test_weights_of_borzoi_are_read_beside_our_transformers(tmp_path: Path) -> None:
    library = pytest.importorskip("borzoi_pytorch", reason="borzoi-pytorch is not installed")
    original = stirred(library.Borzoi.from_hparams(dim=24, depth=1, heads=2, bins_to_return=6))
    original.save_pretrained(tmp_path)
    again = library.Borzoi.from_pretrained(tmp_path)
    assert all(torch.equal(one, original.state_dict()[name]) for name, one in again.state_dict().items())
