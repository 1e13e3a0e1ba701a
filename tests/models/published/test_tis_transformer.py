"""TIS Transformer against its authors' numbers, where its weights are, and small ones in their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import relevome
from relevome.errors import InputError
from tests import tis_checkpoint

SEQUENCE = "ACGTTGCAACNGGTTATGGA"


def test_a_small_one_is_read_and_explained(tmp_path: Path) -> None:
    model = relevome.load_model(tis_checkpoint.save(tmp_path / "x.tt.ckpt"))
    assert (model.task, model.labels, model.max_tokens) == ("token", ("no start", "start"), 42)
    tokens = model.tokenize(relevome.Sequence("s", "ACGTN", model.alphabet))
    assert tokens.ids.tolist() == [5, 0, 2, 3, 1, 4, 6]
    run = relevome.explain(model, [SEQUENCE], "attnlrp", "start", position=15, audit=True)
    assert run.counts.ledger is not None
    assert run.counts.ledger.largest_share < 1e-3
    assert run[0].relevance.any()


def test_heads_of_windows_see_no_further(tmp_path: Path) -> None:
    """With all heads but one near, whose kernel is blind, what is two windows away changes nothing."""
    path = tis_checkpoint.save(tmp_path / "x.tt.ckpt", depth=1)
    content = torch.load(path, weights_only=True)
    for name in ("to_q", "to_k", "to_v"):
        for kind in ("weight", "bias"):
            content["state_dict"][f"transformer.net.layers.0.0.fn.{name}.{kind}"][: tis_checkpoint.HEAD] = 0
    torch.save(content, path)
    model = relevome.load_model(path)
    one, other = (found.logits for found in model.predict([SEQUENCE, "T" + SEQUENCE[1:]]))
    changed = np.abs(one - other).max(1) > 1e-6
    # the letter is token 1, in the first window: the first and the second see it
    assert changed[: 2 * tis_checkpoint.WINDOW - 1].all()
    assert not changed[2 * tis_checkpoint.WINDOW - 1 :].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda said: said["hyper_parameters"].update(use_ribo=True),
            "reads ribosome profiles: expected one of",
        ),
        (
            lambda said: said["hyper_parameters"].pop("dim"),
            r"as a TIS Transformer \(KeyError: 'dim'\): expected",
        ),
        (lambda said: said["hyper_parameters"].update(depth=2**31), r"as a TIS Transformer \(ValueError: "),
        (lambda said: said["state_dict"].pop("ff_1.bias"), r"as a TIS Transformer \(RuntimeError: Error"),
        (
            lambda said: said.update(epoch=Path("x")),
            "has more than tensors, or is damaged: nothing in it is run",
        ),
    ],
)
def test_another_checkpoint_is_one_line(
    tmp_path: Path, change: Callable[[Any], object], message: str
) -> None:
    path = tis_checkpoint.save(tmp_path / "x.tt.ckpt")
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    with pytest.raises(InputError, match=message) as caught:
        relevome.load_model(path)
    assert "\n" not in str(caught.value)


def test_one_of_several_has_to_be_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        tis_checkpoint.save(tmp_path / f"{name}.tt.ckpt")
    with pytest.raises(InputError, match=r"has 2 checkpoints: name one of a\.tt\.ckpt, b\.tt\.ckpt"):
        relevome.load_model(tmp_path)


def test_logits_are_those_of_the_original(shared: Path) -> None:
    folder = shared / "models" / "tis_transformer"
    if not folder.is_dir():
        pytest.skip("needs ../shared/models/tis_transformer")
    model = relevome.load_model(folder)
    reference = np.load(folder / "reference.npz")
    for found in model.predict(folder / "transcripts.fasta"):
        np.testing.assert_allclose(found.logits, reference[found.sequence.id], rtol=0, atol=1e-4)
