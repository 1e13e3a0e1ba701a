"""How modules are told about: letters and channels, what their output means, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome
from relevome.data.sequences import DNA, PROTEIN, RNA
from relevome.errors import InputError
from relevome.models.any_module.letters import order_of, vectors
from relevome.models.any_module.outputs import Output
from relevome.models.base import Model
from relevome.models.own_tokenizers import letter_vocabulary
from relevome.models.predictions import outputs


class Seeing(nn.Module):
    """Gives back what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x


def read(model: Model, letters: str) -> np.ndarray:
    """What the module inside gets for a sequence, (letters, channels)."""
    (found,) = model.predict([letters])
    return found.logits


@pytest.mark.parametrize("channels", ["first", "last"])
def test_each_letter_is_one_in_its_channel(channels: Any) -> None:
    model = relevome.from_module(Seeing(), channels=channels, letters="GATC", output="letters")
    np.testing.assert_array_equal(read(model, "ACGT"), np.eye(4)[[1, 3, 0, 2]])


@pytest.mark.parametrize(
    ("unknown", "n", "r"),
    [
        ("zero", [0, 0, 0, 0], [0, 0, 0, 0]),
        ("quarter", [0.25] * 4, [0.25] * 4),
        ("codes", [0.25] * 4, [0.5, 0, 0.5, 0]),
    ],
)
def test_letters_without_a_channel_are_as_they_are_said_to_be(
    unknown: Any, n: list[float], r: list[float]
) -> None:
    model = relevome.from_module(Seeing(), unknown=unknown, output="letters")
    np.testing.assert_array_equal(read(model, "NR"), [n, r])


def test_a_code_may_have_a_channel_and_a_channel_no_letter() -> None:
    table = vectors(DNA, order_of("N.ACGT", DNA), "codes")
    place = letter_vocabulary(DNA)
    assert table[place["N"]].tolist() == [1, 0, 0, 0, 0, 0]
    assert table[place["R"]].tolist() == [0, 0, 0.5, 0, 0.5, 0]
    assert not table[:, 1].any()


def test_thymine_and_uracil_share_a_channel() -> None:
    assert order_of("ACGT", RNA) == order_of("acgu", RNA) == "ACGU"
    assert order_of("ACGU", DNA) == "ACGT"


@pytest.mark.parametrize(
    ("letters", "why"),
    [("ACG", "'T' is not there"), ("ACGTA", "'A' is there twice"), ("ACGTJ", "'J' is none of them")],
)
def test_other_letters_are_refused(letters: str, why: str) -> None:
    with pytest.raises(InputError, match=f"letters '{letters}', {why}: expected ACGT in the order"):
        order_of(letters, DNA)


def test_flanks_are_letters_of_nothing() -> None:
    conv = nn.Conv1d(4, 1, 5, bias=False)
    model = relevome.from_module(conv, flank=2, output="letters")
    padded = nn.functional.pad(torch.eye(4)[None], (2, 2))
    np.testing.assert_allclose(read(model, "ACGT")[:, 0], conv(padded)[0, 0].detach(), atol=1e-6)


TRACKS = torch.arange(24.0).reshape(2, 3, 4)  # (batch, tracks, positions)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("mean", TRACKS.mean(-1)), ("sum:1-3", TRACKS[..., 1:3].sum(-1)), ("max", TRACKS.amax(-1)),
        ("position:-1", TRACKS[..., -1]), ("letters", TRACKS.mT),
        ("profile", None), ("part:1,mean:0-2", None),
    ],
)  # fmt: skip
def test_steps_say_what_an_output_means(said: str, expected: Tensor | None) -> None:
    given: Any = TRACKS
    if said == "profile":
        flat = TRACKS.flatten(1)
        centred = flat - flat.mean(1, keepdim=True)
        expected = (centred * centred.softmax(1)).sum(1, keepdim=True)
    elif said.startswith("part"):
        given, expected = (None, TRACKS), TRACKS[..., :2].mean(-1)
    assert expected is not None
    torch.testing.assert_close(Output(said, "first")(given), expected)
    if isinstance(given, Tensor) and said != "profile":
        torch.testing.assert_close(Output(said, "last")(given.mT), expected)


def test_log_odds_are_finite_where_probabilities_are_0_or_1() -> None:
    found = Output("log-odds", "first")(torch.tensor([[0.0, 0.25, 0.5, 1.0]]), once=True)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[0, 1:3], torch.tensor([0.25, 0.5]).logit())
    with pytest.raises(InputError, match="log-odds of numbers from -1 to 2: expected probabilities"):
        Output("log-odds", "first")(torch.tensor([[-1.0, 2.0]]), once=True)


@pytest.mark.parametrize(
    ("said", "given", "message"),
    [
        ("sum:3-9", TRACKS, r"positions '3-9' of 4: expected such as 40-60"),
        ("position:4", TRACKS, r"position '4' of 4: expected one from 0 to 3"),
        ("mean", TRACKS[0], r"positions of float32 of shape \(3, 4\): expected \(batch, tracks, positions\)"),
        ("part:2", [TRACKS], r"there is no part '2' in 1 part, float32 of shape \(2, 3, 4\)"),
        ("part:y", {"x": TRACKS}, r"there is no part 'y' in a dictionary of x: float32"),
        ("part:0", [None], r"output 'part:0' gives a NoneType: expected a tensor"),
        (None, [TRACKS], r"the module gives 1 part, float32 .*: expected a tensor; say which part is meant"),
        (None, torch.zeros(2, dtype=torch.long), "gives int64 of shape .*: expected numbers with a fraction"),
        (None, torch.zeros(2, 2, 2, 2), r"of shape \(2, 2, 2, 2\): expected \(batch, outputs\) or, for"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(said: str | None, given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Output(said, "first")(given)
    assert "\n" not in str(caught.value)


def test_an_output_may_be_a_function() -> None:
    model = relevome.from_module(Seeing(), output=lambda x: x[:, 0].sum(-1))
    assert model.predict(["AACA"])[0].logits.tolist() == [3.0]
    assert (model.task, model.labels) == ("sequence", ("output",))


@pytest.mark.parametrize(
    ("said", "kind"), [("numbers", "a number"), ("classes", "one of several"), ("labels", "any of several")]
)
def test_outputs_are_numbers_unless_it_is_said(said: Any, kind: str) -> None:
    model = relevome.from_module(Seeing(), output="mean", outputs=said, labels=[*"wxyz"])
    assert (outputs(model), model.labels) == (kind, ("w", "x", "y", "z"))


def conv(**options: Any) -> Model:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return relevome.from_module(nn.Conv1d(4, 2, 3), **{"output": "mean", **options})


def test_all_that_changes_answers_changes_the_identity() -> None:
    same = {conv().sha256, conv(name="another", labels=["0", "1"]).sha256}
    others = [
        {"letters": "TGCA"}, {"unknown": "codes"}, {"flank": 1}, {"output": "max"}, {"outputs": "classes"},
        {"length": 30}, {"output": lambda x: x[..., 0]}, {"labels": ["a", "b"]},
    ]  # fmt: skip
    assert len(same) == 1
    assert len(same | {conv(**other).sha256 for other in others}) == 1 + len(others)
    changed = conv()
    with torch.no_grad():
        changed.module.module.bias += 1  # pyright: ignore[reportAttributeAccessIssue, reportOperatorIssue]
    assert changed.sha256 not in same


def test_code_that_a_module_runs_is_in_its_identity() -> None:
    def made(factor: int) -> Model:
        space: dict[str, Any] = {"nn": nn}
        name = Path(__file__).with_name(f"never{factor}.py")
        exec(compile(f"def last(x): return {factor} * x[..., -1]", str(name), "exec"), space)  # noqa: S102
        return conv(output=space["last"])

    assert made(1).sha256 != made(2).sha256


def test_what_a_function_holds_is_in_the_identity() -> None:
    def times(factor: float) -> Any:
        return lambda x: factor * x[..., -1]

    assert conv(output=times(1.0)).sha256 == conv(output=times(1.0)).sha256 != conv(output=times(2.0)).sha256


def test_as_many_tracks_as_letters_are_not_taken_for_these() -> None:
    with pytest.raises(InputError, match=r"shape \(2, 24, 24\): expected \(batch, outputs\); say what is"):
        relevome.from_module(nn.Conv1d(4, 24, 3, padding=1))


def test_sequences_are_as_long_as_the_module_takes() -> None:
    model = conv(length=10)
    assert "exactly 10 tokens" in repr(model)
    with pytest.raises(InputError, match="has 9 tokens but the model was made for exactly 10"):
        model.predict(["A" * 9])


class Failing(nn.Module):
    """Fails."""

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("nothing\nmore")


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("no module", {}, "a str is no torch module: expected a torch.nn.Module"),
        (Failing(), {}, r"Failing fails \(24 letters: KeyError, 'nothing.*expected a module that reads"),
        (nn.Conv1d(4, 2, 3), {}, r"gives float32 of shape \(2, 2, 22\): expected \(batch, outputs\); say"),
        (nn.Conv1d(4, 2, 3), {"output": "letters"}, "Conv1d gives 22 outputs for 24 letters: expected one"),
        (nn.Conv1d(4, 2, 3), {"output": "median"}, "unknown step of an output 'median': expected one of c"),
        (nn.Conv1d(4, 2, 3), {"output": "mean", "labels": ["a"]}, "1 label of 2 outputs: expected one for"),
        (nn.Conv1d(4, 2, 3), {"channels": "middle"}, "input 'one-hot', channels 'middle', outputs 'num"),
        (nn.Conv1d(4, 2, 3), {"output": lambda x: x[:1, :, 0]}, r"outputs of shape \(1, 2\) for 2 sequences"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_one_line(module: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        relevome.from_module(module, **options)
    assert "\n" not in str(caught.value)


def test_proteins_have_twenty_channels() -> None:
    model = relevome.from_module(Seeing(), alphabet="protein", output="letters")
    assert read(model, PROTEIN.letters).tolist() == np.eye(20).tolist()


@pytest.mark.parametrize("kind", ["largest of all", "training", "dropout"])
def test_outputs_that_depend_on_the_batch_are_refused(kind: str) -> None:
    class Together(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.norm = nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3)

        def forward(self, x: Tensor) -> Tensor:
            h = self.conv(x)
            if kind == "largest of all":
                return (h / (h * torch.arange(1, len(h) + 1).view(-1, 1, 1)).max()).mean(-1)
            if kind == "training":
                return nn.functional.batch_norm(h, None, None, training=True).amax(-1)
            return nn.functional.dropout(h, 0.5, training=True).mean(-1)

    with pytest.raises(InputError, match="gives a sequence other outputs beside another one, or the second"):
        relevome.from_module(Together())
