"""Outputs at several letters: a row for each, or their sum, against gradients taken by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer
from relevome.models.base import Model

SEQUENCES = {"a": "ACGTTGCATAATGGCA", "b": "GGCATCGATTACGT"}
LABELS = ["none", "acceptor", "donor"]


class PerLetter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.a, self.b = nn.Conv1d(4, 6, 5, padding=2), nn.Conv1d(6, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.tanh(self.a(x)))


@pytest.fixture
def module() -> nn.Module:
    return PerLetter().double()


@pytest.fixture
def model(module: nn.Module) -> Model:
    return relevome.from_module(module, output="letters", outputs="classes", labels=LABELS)


def by_hand(module: nn.Module, letters: str, places: list[int], output: int = 2) -> tuple[float, np.ndarray]:
    """The sum of an output over letters, and its gradient x input at every letter."""
    x = torch.tensor([[float(one == base) for one in letters] for base in "ACGT"], dtype=torch.float64)[None]
    x.requires_grad_()
    total = module(x)[0, output, places].sum()
    (gradient,) = torch.autograd.grad(total, x)
    return total.item(), (gradient * x)[0].sum(0).detach().numpy()


@pytest.mark.parametrize(
    ("said", "name", "places"),
    [
        ("all", "all", {"a": range(16), "b": range(14)}),
        ("3-7", "3-7", {"a": range(3, 7), "b": range(3, 7)}),
        ("5", "5", {"a": [5], "b": [5]}),
        ("SITES", "sites", {"a": [2, 3, 9], "b": [0, 1, 2]}),
    ],
)
def test_the_sum_over_letters(
    model: Model, module: nn.Module, tmp_path: Path, said: str, name: str, places: dict[str, Any]
) -> None:
    if said == "SITES":
        said = str(tmp_path / "sites.bed")
        Path(said).write_text("a\t2\t4\na\t9\t10\nb\t0\t3\n")
    run = relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", positions=said)
    assert run.targets == (f"donor@{name}",)
    assert len(run) == 2
    for row in run:
        score, relevance = by_hand(module, row.sequence, [*places[row.sequence_id]])
        assert row.score == pytest.approx(score, abs=1e-6)
        np.testing.assert_allclose(row.relevance, relevance, atol=1e-6)
        assert row.positions is not None
        assert row.positions.tolist() == [*places[row.sequence_id]]
        assert (row.probability, row.predicted) == (None, None)  # of a sum there is none


def test_a_row_for_each_of_several_letters(model: Model, module: nn.Module) -> None:
    run = relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", position=["3-5", 9, "3"])
    assert run.targets == ("donor@3", "donor@4", "donor@9")
    (own,) = (one for one in model.predict(SEQUENCES) if one.sequence.id == "a")
    assert own.probabilities is not None
    for row in run:
        place = int(row.target.partition("@")[2])
        score, relevance = by_hand(module, row.sequence, [place])
        assert row.score == pytest.approx(score, abs=1e-6)
        np.testing.assert_allclose(row.relevance, relevance, atol=1e-6)
        if row.sequence_id == "a":
            assert row.probability == pytest.approx(own.probabilities[place, 2], abs=1e-6)


@pytest.mark.parametrize("method", ["attnlrp", "integrated-gradients", "mutagenesis"])
def test_other_methods_explain_the_sum(model: Model, module: nn.Module, method: str) -> None:
    options: dict[str, Any] = {"audit": True} if method == "attnlrp" else {}
    run = relevome.explain(model, SEQUENCES, method, "donor", positions="2-6", **options)
    each = [relevome.explain(model, SEQUENCES, method, "donor", position=place) for place in range(2, 6)]
    for number, row in enumerate(run):  # all three are linear in what is asked
        total = np.sum([one[number].relevance for one in each], axis=0)
        np.testing.assert_allclose(row.relevance, total, atol=2e-5)
    if method == "attnlrp":
        assert run.counts.ledger is not None
        assert run.counts.ledger.largest_share < 1e-9


def test_on_both_strands_the_same_letters_are_meant(model: Model, module: nn.Module) -> None:
    run = relevome.explain(
        model, SEQUENCES, "gradient-x-input", "donor", positions="3-7", average_strands=True
    )
    for row in run:
        back = row.sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]
        last = len(row.sequence) - 1
        one = by_hand(module, row.sequence, [3, 4, 5, 6])
        other = by_hand(module, back, [last - place for place in (3, 4, 5, 6)])
        assert row.score == pytest.approx((one[0] + other[0]) / 2, abs=1e-6)
        np.testing.assert_allclose(row.relevance, (one[1] + other[1][::-1]) / 2, atol=1e-6)


def test_what_comes_after_finds_the_letters_again(model: Model, tmp_path: Path) -> None:
    sites = tmp_path / "sites.bed"
    sites.write_text("a\t2\t4\nb\t0\t3\n")
    out = tmp_path / "run"
    run = relevome.explain(model, SEQUENCES, "attnlrp", "donor", positions=sites, out=out)
    sites.unlink()
    made = explainer(run, model)
    assert [made.target(row).letters for row in run] == [(2, 3), (0, 1, 2)]
    assert run.manifest["positions"]["said"] == str(sites)


def test_the_command_line(tmp_path: Path, relevome_cli: Any) -> None:
    code = tmp_path / "mine.py"
    code.write_text(
        "import torch, relevome\n\n\ndef model():\n    torch.manual_seed(2)\n"
        "    return relevome.from_module(torch.nn.Conv1d(4, 2, 3, padding=1), output='letters')\n"
    )
    fasta = tmp_path / "a.fa"
    fasta.write_text(">a\nACGTTGCA\n>b\nACGT\n")
    common = ("explain", "--model", f"{code}:model", "--fasta", str(fasta), "--target", "1")
    assert relevome_cli(*common, "--positions", "all", "-o", str(tmp_path / "sum"))[0] == 0
    assert relevome.Run(tmp_path / "sum").targets == ("1@all",)
    assert relevome_cli(*common, "--position", "0-2", "--position", "3", "-o", str(tmp_path / "each"))[0] == 0
    assert relevome.Run(tmp_path / "each").targets == ("1@0", "1@1", "1@3")
    code_, _, errors = relevome_cli(*common, "--positions", "2-6", "-o", str(tmp_path / "no"))
    assert code_ == 2
    assert "sequence 'b' has 4 letters, and --positions 2-6 goes up to 5" in errors[-1]
    said = relevome_cli(*common, "--positions", "2-6", "--on-bad", "skip", "-o", str(tmp_path / "some"))
    assert said[0] == 0
    assert len(relevome.Run(tmp_path / "some")) == 1


def test_what_cannot_be_asked(model: Model, tmp_path: Path) -> None:
    def refused(match: str, **options: Any) -> None:
        target = options.pop("target", "donor")
        with pytest.raises(InputError, match=match):
            relevome.explain(model, SEQUENCES, "gradient-x-input", target, **options)

    refused("expected no --position with it", positions="all", position=3)
    refused("donor is of one letter|is of one letter or of none", target="predicted", positions="all")
    refused("cannot go with --long window", positions="all", long="window")
    refused("--positions 7-7: expected a 0-based letter", positions="7-7")
    refused("--position x: expected a 0-based letter", position="x")
    refused("--position names 20,000 letters: expected 1 to 10,000", position="0-20000")
    (tmp_path / "sites.bed").write_text("a\t2\t4\n")
    refused("no letter of sequence 'b' is on a site", positions=tmp_path / "sites.bed")
    network = nn.Sequential(nn.Conv1d(4, 3, 5), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    with pytest.raises(
        InputError, match="the model gives logits for every sequence: expected no --positions"
    ):
        relevome.explain(relevome.from_module(network), SEQUENCES, "attnlrp", 0, positions="all")


def test_numbers_of_numpy_are_letters_and_fractions_are_none(model: Model, tmp_path: Path) -> None:
    run = relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", position=np.int64(3))
    assert run.targets == ("donor",)
    with pytest.raises(InputError, match=r"--position 3\.5: expected a 0-based letter, or several"):
        relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", position=3.5)
    with pytest.raises(InputError, match=r"--positions \[3, 5\]: expected all, a stretch"):
        relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", positions=[3, 5])
    with pytest.raises(InputError, match="--positions '': expected all"):
        relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", positions="")


def test_letters_that_are_not_there_leave_no_run(model: Model, tmp_path: Path) -> None:
    for name in ("position", "positions"):
        asked: dict[str, Any] = {name: "3-15"}
        with pytest.raises(InputError, match="sequence 'b'"):
            relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", out=tmp_path / "run", **asked)
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["position", "positions"])
def test_a_stretch_of_a_billion_letters_is_refused_at_once(model: Model, name: str) -> None:
    asked: dict[str, Any] = {name: "0-999999999"}
    with pytest.raises(InputError, match=r"999,999,999 letters: expected 1 to|goes up to 999999998"):
        relevome.explain(model, SEQUENCES, "gradient-x-input", "donor", **asked)
