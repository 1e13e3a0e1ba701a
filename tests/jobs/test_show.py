"""What a picture of one sequence says and leaves out, and the list of what there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import relevome
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.errors import InputError
from relevome.jobs import show as job
from relevome.jobs.show import listed, show
from relevome.models.base import Model
from relevome.results.run.reader import Run

LETTERS = "ACGTTGCATAATGGCAACGTTGCATAATGG"


@pytest.fixture(scope="module")
def run(toy_model: Callable[[str], Model]) -> Run:
    given = [
        Sequence("w", LETTERS, DNA, Interval("chr1", 1000, 1030, "-")),
        Sequence("sp|P01308|INS", LETTERS, DNA),
    ]
    return relevome.explain(toy_model("cnn"), given, "gradient-x-input", [0, 1])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is drawn, in place of a picture."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(job, "draw_logo", lambda *_, **options: found.append(options) or Figure())
    monkeypatch.setattr(job, "save_logo", lambda *_: None)
    return found


def test_the_title_says_id_region_method_target_and_score(run: Run, drawn: list[dict[str, Any]]) -> None:
    show(run, "w", "w.png", run.targets[1], inches=9.0)
    (said,) = drawn
    assert (said["title"], said["inches"]) == ("w", 9.0)
    row = run.find("w", run.targets[1])[0]
    told = f"{row.score:.3g} (probability {row.probability:.3g})"
    other = "" if row.predicted == row.target else f"; predicted: {row.predicted}"
    assert said["subtitle"] == (
        f"1,030 to 1,001 of chr1, gradient-x-input, logit of {run.targets[1]}: {told}{other}"
    )


def test_a_chain_over_everything_is_drawn_only_if_it_is_asked_for(
    run: Run, drawn: list[dict[str, Any]], tmp_path: Path
) -> None:
    lines = [("Chain", 6, 30, "Insulin"), ("Chain", 2, 9, "B"), ("Active site", 4, 5, "Proton acceptor")]
    path = tmp_path / "sites.gff3"
    row = "P01308\tx\t{}\t{}\t{}\t.\t.\t.\tName={}\n"
    path.write_text("".join(row.format(*line) for line in lines))
    left_out = show(run, "sp|P01308|INS", "w.png", sites=path)
    assert [site.label for site in drawn[0]["sites"]] == ["chain: B", "active site: Proton acceptor"]
    assert [one.reason for one in left_out] == [
        "chain: Insulin covers nearly all: draw it with --feature chain"
    ]
    assert show(run, "sp|P01308|INS", "w.png", sites=path, features=["chain"]) == []
    assert [site.type for site in drawn[1]["sites"]] == ["chain", "chain"]
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert show(run, "sp|P01308|INS", "w.png", sites=path) == []
    assert len(drawn[2]["sites"]) == 1, "it is all there is"


@pytest.mark.parametrize("inches", [0.0, 2.9, 41.0, float("nan")])
def test_a_width_that_no_picture_has_is_refused(run: Run, inches: float) -> None:
    with pytest.raises(InputError, match=f"--width {inches:g}: expected inches from 3 to 40"):
        show(run, "w", "w.png", inches=inches)


def test_the_list_has_every_row_with_its_score(run: Run) -> None:
    assert list(listed(run)) == [(row.sequence_id, row.target, row.score) for row in run]
    assert [row[1] for row in listed(run, run.targets[1])] == [run.targets[1]] * 2
    with pytest.raises(InputError, match="has no target 'x': expected one of"):
        list(listed(run, "x"))
