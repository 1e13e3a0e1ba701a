"""SingleSubstitutions in windows against whole passes of every mutant, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import relevome
from relevome.models.base import Batch, Model, Target
from relevome.models.mutants import scores as windows
from relevome.models.mutants.changed import Unfit
from relevome.models.mutants.passes import Followed
from relevome.models.mutants.scores import SingleSubstitutions, logits_of_mutants
from relevome.models.mutants.table import RULES
from tests.foreign import FOREIGN, foreign

LENGTH = 37


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows also where they do not pay, a few mutants at a time."""
    monkeypatch.setattr(windows, "_LITTLE", 0)
    monkeypatch.setattr(windows, "_DEARER", 0)
    monkeypatch.setitem(windows._NUMBERS, "cpu", 2_000)


class Plain(nn.Module):
    """A function of one-hot letters and of a few layers."""

    def __init__(self, how: Callable[[Any, Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.how = how
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.how(self, x)


def conv(inputs: Any = 4, outputs: Any = 6, width: Any = 5, **told: Any) -> nn.Conv1d:
    return nn.Conv1d(inputs, outputs, width, **told)


def flat(x: Tensor) -> Tensor:
    """All numbers, each with a weight of its own, so that none can be wrong unseen."""
    x = x.flatten(1)
    return x @ torch.linspace(-1, 1, x.shape[1], dtype=x.dtype)[:, None].cos()


def turned(self: Any, x: Tensor) -> Tensor:
    there, back = self.a(x), self.a(x.flip([1, 2])).flip(-1)
    return flat(torch.maximum(there, back))


def gated(self: Any, x: Tensor) -> Tensor:
    x = self.a(x)
    return flat(x * torch.sigmoid(self.b(x.mean(-1)))[..., None])


def in_place(self: Any, x: Tensor) -> Tensor:
    x = self.a(x)
    x += 1
    x.mul_(0.5)
    return flat(F.relu(x, inplace=True))


def skipping(self: Any, x: Tensor) -> Tensor:
    x = self.a(x)
    y = self.b(torch.relu(x))
    return flat(x[..., 2:-2] + y)


def narrow(self: Any, x: Tensor) -> Tensor:
    x = self.a(x)
    return flat(
        torch.cat([x[:, :3, 1:-1], F.pad(x.narrow(2, 0, 20), (3, x.shape[2] - 25)), x[:, 2:4, 2:]], 1)
    )


def two_dimensional(self: Any, x: Tensor) -> Tensor:
    return flat(torch.relu(self.a(x.unsqueeze(1))).squeeze(2))


def channels_last(self: Any, x: Tensor) -> Tensor:
    x = self.b(F.gelu(self.a(x.transpose(1, 2)))).permute(0, 2, 1)
    return flat(torch.stack([x.amax(-1), x.sum(2), x.mean(dim=-1, keepdim=True)[..., 0]], -1))


def split(self: Any, x: Tensor) -> Tensor:
    value, gate = self.a(x).chunk(2, 1)
    first, *others = F.glu(self.a(x), 1).unbind(1)
    return flat(value * gate.tanh() + first[:, None] - torch.stack(others, 1).softmax(1).sum(1, keepdim=True))


def with_constants(self: Any, x: Tensor) -> Tensor:
    places = torch.linspace(0, 1, x.shape[-1], dtype=x.dtype)
    x = torch.where(places > 0.5, self.a(x), 0.25) * places
    return flat(torch.cat([x, places.expand(len(x), 1, -1)], 1) ** 2)


KINDS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (nn.MaxPool1d, {"kernel_size": 2}), (nn.MaxPool1d, {"kernel_size": 3, "ceil_mode": True}),
    (nn.MaxPool1d, {"kernel_size": 4, "stride": 2, "padding": 2}),
    (nn.MaxPool1d, {"kernel_size": 3, "stride": 1, "dilation": 2}),
    (nn.AvgPool1d, {"kernel_size": 2}), (nn.AvgPool1d, {"kernel_size": 5, "stride": 3, "padding": 2}),
    (nn.AvgPool1d, {"kernel_size": 5, "stride": 3, "padding": 2, "count_include_pad": False}),
    (nn.AvgPool1d, {"kernel_size": 5, "stride": 4, "ceil_mode": True}),
    (nn.BatchNorm1d, {"num_features": 6}), (nn.Upsample, {"scale_factor": 2}), (nn.Dropout, {}),
)  # fmt: skip
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **{
        f"conv {told}": lambda told=told: Plain(lambda s, x: flat(s.a(x).tanh()), a=conv(**told))
        for told in (
            {}, {"padding": 2}, {"padding": "same"}, {"dilation": 3},
            {"width": 4, "padding": "same", "dilation": 2},
            {"dilation": 2, "padding": "same"}, {"stride": 2}, {"stride": 3, "padding": 4},
            {"stride": 7, "width": 3}, {"groups": 2}, {"width": 1}, {"width": 37},
            {"width": 37, "padding": 9},
        )
    },
    **{
        f"{kind.__name__} {told}": lambda kind=kind, told=told: Plain(
            lambda s, x: flat(s.c(torch.tanh(s.b(s.a(x))))),
            a=conv(padding=2), b=kind(**told), c=conv(6, 3, 3),
        )
        for kind, told in KINDS
    },
    "largest": lambda: Plain(lambda s, x: s.a(x).amax(-1), a=conv(padding=2)),
    "largest by max": lambda: Plain(lambda s, x: s.a(x).max(-1).values, a=conv(padding=2)),
    "largest by pooling": lambda: Plain(lambda s, x: F.max_pool1d(s.a(x), LENGTH)[..., 0], a=conv(padding=2)),
    "adaptive": lambda: Plain(
        lambda s, x: flat(torch.cat([F.adaptive_max_pool1d(s.a(x), 1), F.adaptive_avg_pool1d(s.a(x), 1)], 1)),
        a=conv(),
    ),
    "adaptive to three": lambda: Plain(lambda s, x: flat(F.adaptive_avg_pool1d(s.a(x), 3)), a=conv()),
    "turned round": lambda: Plain(turned, a=conv(padding=2)),
    "gated by its mean": lambda: Plain(gated, a=conv(padding=2), b=nn.Linear(6, 6)),
    "in place": lambda: Plain(in_place, a=conv()),
    "skipping": lambda: Plain(skipping, a=conv(padding=2), b=conv(6, 6, 5)),
    "narrow": lambda: Plain(narrow, a=conv(padding=2)),
    "two-dimensional": lambda: Plain(two_dimensional, a=nn.Conv2d(1, 5, (4, 3), padding=(0, 2))),
    "channels last": lambda: Plain(channels_last, a=nn.Linear(4, 6), b=nn.LayerNorm(6)),
    "split": lambda: Plain(split, a=conv(padding=2)),
    "constants": lambda: Plain(with_constants, a=conv(padding=2)),
    "attention": lambda: Plain(
        lambda s, x: flat(s.b(torch.relu(s.a(x)).transpose(1, 2))),
        a=conv(padding=2), b=nn.TransformerEncoderLayer(6, 2, 8, batch_first=True),
    ),
    "recurrent": lambda: Plain(
        lambda s, x: s.b(s.a(x).transpose(1, 2))[0][:, -1], a=conv(), b=nn.GRU(6, 5, batch_first=True)
    ),
}  # fmt: skip


def asked_of(model: Model, letters: str, position: int | None) -> SingleSubstitutions:
    """Every letter at every place, in no order."""
    tokens = model.tokenize(relevome.Sequence("a", letters, model.alphabet))
    inputs = model.inputs(Batch((tokens,), (Target(0, ""),)))
    pairs = torch.cartesian_prod(torch.arange(len(letters)), torch.tensor(model.tokenizer.letter_ids()))
    places, ids = pairs[torch.randperm(len(pairs), generator=torch.Generator().manual_seed(3))].T
    return SingleSubstitutions(model.module, model.word_embedding, inputs, places, ids, position)


def both_ways(model: Model, letters: str, position: int | None = None) -> tuple[Tensor, Tensor, bool]:
    """Logits in windows, by whole passes, and whether windows were used at all."""
    asked = asked_of(model, letters, position)
    whole: list[int] = []

    def rows() -> int:
        whole.append(1)
        return 16

    with model.frozen(), torch.inference_mode():
        expected = asked.at_position(asked.whole(asked.places, asked.ids))
        found = torch.full_like(expected, torch.nan)
        for some, logits in logits_of_mutants(asked, rows):
            found[some] = asked.at_position(logits)
    return found, expected, not whole


def drawn(length: int = LENGTH) -> str:
    return "".join(np.random.default_rng(length).choice([*"ACGT"], length))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_mutant_has_the_logits_of_a_whole_pass(name: str) -> None:
    torch.manual_seed(1)
    model = relevome.from_module(NETWORKS[name]().double(), length=LENGTH)
    found, expected, used = both_ways(model, drawn())
    assert used
    assert expected.std(0).min() > 1e-6
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", FOREIGN)
def test_networks_of_other_people(name: str) -> None:
    model, _ = foreign(name)
    found, expected, _ = both_ways(
        model, drawn(model.fixed_tokens or 40), 3 if model.task == "token" else None
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("position", [0, 1, 18, 35, 36])
def test_outputs_of_one_letter_need_only_what_they_see(position: int) -> None:
    torch.manual_seed(1)
    layers = [
        conv(padding=2),
        nn.ReLU(),
        conv(6, 6, 3, padding=3, dilation=3),
        nn.ReLU(),
        conv(6, 3, 3, padding=1),
    ]
    model = relevome.from_module(nn.Sequential(*layers).double(), output="letters")
    found, expected, used = both_ways(model, drawn(), position)
    assert used
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert_only_what_is_seen(model, position)


def assert_only_what_is_seen(model: Model, position: int) -> None:
    """In windows no position beyond what the output sees is computed: 7 of 37 in the layer before it."""
    asked = asked_of(model, drawn(), position)
    plan = Followed()
    with model.frozen(), torch.inference_mode():
        asked.in_windows(plan, asked.places[:2], asked.ids[:2])
        plan.finish()
    wanted = [node.wanted for node in plan.nodes if node.wanted]
    assert wanted[-1] == (position, position + 1)
    low, high = wanted[1]  # behind the first, which is what is read
    assert max(position - 6, 0) <= low <= high <= min(position + 7, LENGTH)


@pytest.mark.parametrize("length", [1, 2, 3, 9, 64])
def test_sequences_of_any_length(length: int) -> None:
    torch.manual_seed(1)
    network = Plain(
        lambda s, x: s.b(torch.relu(s.a(x)) + x[:, :1]).amax(-1), a=conv(padding=2), b=conv(6, 3, 1)
    )
    found, expected, used = both_ways(relevome.from_module(network.double()), drawn(length))
    assert used
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_flank_and_embeddings_of_tokens() -> None:
    torch.manual_seed(1)
    model = relevome.from_module(nn.Conv1d(4, 3, 11).double(), flank=5, output="letters")
    for position in (0, 20, 36):
        found, expected, used = both_ways(model, drawn(), position)
        assert used
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.conv = nn.Embedding(5, 6), conv(6, 2, 3)

        def forward(self, ids: Tensor) -> Tensor:
            return torch.relu(self.conv(self.words(ids).transpose(1, 2))).mean(-1)

    told = {"letters": {"A": 1, "C": 2, "G": 3, "T": 4}, "unknown": 0}
    model = relevome.from_module(Reader().double(), input="tokens", **told)
    found, expected, used = both_ways(model, drawn())
    assert used
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


class Tricky(nn.Module):
    """What cannot be followed: it writes into a part."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.conv = how, conv(padding=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.how == "part":
            x[:, 0] = x[:, 0] * 2
        elif self.how == "into":
            x = x.clone()
            x[..., 3:].copy_(x[..., :-3].clone())
        elif self.how == "view":
            y = x[..., :5]
            y += 1
        return flat(x.tanh())


@pytest.mark.parametrize("how", ["part", "into", "view"])
def test_what_cannot_be_followed_goes_through_the_whole_model(how: str) -> None:
    torch.manual_seed(1)
    model = relevome.from_module(Tricky(how).double())
    found, expected, used = both_ways(model, drawn())
    assert not used
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_windows_are_checked_against_the_whole_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that is wrong is found out before a score is given."""
    torch.manual_seed(1)
    model = relevome.from_module(
        nn.Sequential(conv(), nn.Tanh(), nn.Flatten(), nn.Linear(198, 1)).double(), length=LENGTH
    )
    monkeypatch.setitem(
        RULES, torch.tanh, lambda run, func, args, kwargs: run.like(args[0], 2, lambda part: part.sin())
    )
    found, expected, used = both_ways(model, drawn())
    assert not used
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_the_module_is_left_as_it_was() -> None:
    model = relevome.from_module(Plain(lambda s, x: flat(s.a(x)), a=conv()).double())
    both_ways(model, drawn())
    assert "forward" not in vars(model.word_embedding)
    asked = asked_of(model, drawn(), None)
    asked.table.forward = asked.table.forward  # as libraries that wrap modules do
    with pytest.raises(Unfit):
        asked.in_windows(Followed(), asked.places[:1], asked.ids[:1])
    assert "forward" in vars(asked.table)


def test_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 1e-5 where logits are about 1."""
    monkeypatch.setitem(windows._NUMBERS, "cpu", 1 << 20)
    torch.manual_seed(1)
    layers: list[nn.Module] = [nn.Conv1d(4, 32, 11, padding=5), nn.ReLU()]
    for step in (1, 2, 4, 8):
        layers += [nn.Conv1d(32, 32, 3, padding=step, dilation=step), nn.BatchNorm1d(32), nn.GELU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 2))
    found, expected, used = both_ways(relevome.from_module(network), drawn(300))
    assert used
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


class Rare(nn.Module):
    """What few mutants bring about, and none of those that are tried first."""

    def __init__(self, how: str) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.how, self.a, self.b, self.out = how, conv(padding=2), conv(6, 5, 3), nn.Linear(5, 2)
        self.limit = 1.0

    def forward(self, x: Tensor) -> Tensor:
        h = self.a(x)
        if self.how == "largest":
            h = h / h.amax((1, 2), keepdim=True)
        elif self.how == "branch" and bool((h > self.limit).any()):
            h = torch.where(h > self.limit, 0.5 * self.limit, h)
        elif self.how == "view":
            h[:, :3].clamp_(max=self.limit)
        elif self.how == "alias":
            h.double().clamp_(max=self.limit)
        elif self.how == "viewed as one":
            h.view(len(h), -1).clamp_(max=self.limit)
        elif self.how == "part" and bool((h > self.limit).any()):
            h[h > self.limit] = 0.0
        return self.out(self.b(h.tanh()).mean(-1))


@pytest.mark.parametrize("how", ["largest", "branch", "view", "alias", "viewed as one", "part"])
@pytest.mark.parametrize("seed", range(3))
def test_what_few_mutants_bring_about_is_not_lost(how: str, seed: int) -> None:
    """Each batch does what the first one did, or goes through the whole model."""
    network = Rare(how).double()
    letters = drawn(60 + seed)
    x = torch.tensor([[float(one == base) for one in letters] for base in "ACGT"], dtype=torch.float64)
    with torch.no_grad():
        network.limit = float(network.a(x[None]).max()) + 1e-9  # what no letter of the sequence reaches
    found, expected, _ = both_ways(relevome.from_module(network), letters)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_sums_do_not_cancel() -> None:
    """One site outweighs all others by far; without it the sum is of what is left."""
    network = Plain(lambda s, x: (40 * s.a(x)).exp().sum(-1).log(), a=nn.Conv1d(4, 1, 1))
    with torch.no_grad():
        network.get_submodule("a").weight[:] = torch.tensor([0.0, 0.0, 0.0, 1.0])[:, None]  # pyright: ignore[reportIndexIssue]
    letters = "A" * 30 + "T" + "C" * 30
    found, expected, used = both_ways(relevome.from_module(network), letters)
    assert used
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
