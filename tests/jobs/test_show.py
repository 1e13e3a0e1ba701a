"""What a picture of one sequence says and leaves out, and the list of what there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import relevome
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.errors import InputError
from relevome.jobs import show as job
from relevome.jobs.show import listed, show
from relevome.models.base import Model
from relevome.report.logo import Logo
from relevome.report.ruler import PlusOne
from relevome.results.run.reader import Run

Drawn = list[tuple[list[Logo], dict[str, Any]]]

LETTERS = "ACGTTGCATAATGGCAACGTTGCATAATGG"


@pytest.fixture(scope="module")
def run(toy_model: Callable[[str], Model]) -> Run:
    given = [
        Sequence("w", LETTERS, DNA, Interval("chr1", 1000, 1030, "-")),
        Sequence("sp|P01308|INS", LETTERS, DNA),
    ]
    return relevome.explain(toy_model("cnn"), given, "gradient-x-input", [0, 1])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Logo], dict[str, Any]]]:
    """What is drawn, in place of a picture: the sequences of every page, and the options of the page."""
    found: list[tuple[list[Logo], dict[str, Any]]] = []
    monkeypatch.setattr(job, "draw_page", lambda logos, **options: found.append((logos, options)) or Figure())
    monkeypatch.setattr(job, "save_logo", lambda *_: None)
    return found


def test_the_title_says_id_region_method_target_and_score(run: Run, drawn: Drawn) -> None:
    show(run, "w", "w.png", run.targets[1], inches=9.0)
    (((said,), options),) = drawn
    assert (said.title, options["inches"]) == ("w", 9.0)
    row = run.find("w", run.targets[1])[0]
    told = f"{row.score:.3g} (probability {row.probability:.3g})"
    other = "" if row.predicted == row.target else f"; predicted: {row.predicted}"
    assert said.subtitle == (
        f"1,030 to 1,001 of chr1, gradient-x-input, logit of {run.targets[1]}: {told}{other}"
    )


def test_a_chain_over_everything_is_drawn_only_if_it_is_asked_for(
    run: Run, drawn: Drawn, tmp_path: Path
) -> None:
    lines = [("Chain", 6, 30, "Insulin"), ("Chain", 2, 9, "B"), ("Active site", 4, 5, "Proton acceptor")]
    path = tmp_path / "sites.gff3"
    row = "P01308\tx\t{}\t{}\t{}\t.\t.\t.\tName={}\n"
    path.write_text("".join(row.format(*line) for line in lines))
    left_out = show(run, "sp|P01308|INS", "w.png", sites=path)
    assert [site.label for site in drawn[0][0][0].sites] == ["chain: B", "active site: Proton acceptor"]
    assert [one.reason for one in left_out] == [
        "chain: Insulin covers nearly all: draw it with --feature chain"
    ]
    assert show(run, "sp|P01308|INS", "w.png", sites=path, features=["chain"]) == []
    assert [site.type for site in drawn[1][0][0].sites] == ["chain", "chain"]
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert show(run, "sp|P01308|INS", "w.png", sites=path) == []
    assert len(drawn[2][0][0].sites) == 1, "it is all there is"


@pytest.mark.parametrize("inches", [0.0, 2.9, 41.0, float("nan")])
def test_a_width_that_no_picture_has_is_refused(run: Run, inches: float) -> None:
    with pytest.raises(InputError, match=f"--width {inches:g}: expected inches from 3 to 40"):
        show(run, "w", "w.png", inches=inches)


def test_the_list_has_every_row_with_its_score(run: Run) -> None:
    assert list(listed(run)) == [(row.sequence_id, row.target, row.score) for row in run]
    assert [row[1] for row in listed(run, run.targets[1])] == [run.targets[1]] * 2
    with pytest.raises(InputError, match="has no target 'x': expected one of"):
        list(listed(run, "x"))


@pytest.fixture(scope="module")
def mutants(toy_model: Callable[[str], Model], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same sequences by another method, which has scores of all letters."""
    given = [Sequence(row.sequence_id, row.sequence, DNA, row.interval) for row in run[::2]]
    return relevome.explain(
        toy_model("cnn"), given, "mutagenesis", 1, out=tmp_path_factory.mktemp("other") / "mutants"
    )


def test_several_runs_lie_over_each_other(run: Run, mutants: Run, drawn: Drawn) -> None:
    show([run, mutants], "w", "w.png", run.targets[1], one_scale=True)
    (((logo,), options),) = drawn
    rows = [one.find("w", run.targets[1])[0] for one in (run, mutants)]
    assert [*logo.names] == ["gradient-x-input", "mutagenesis"], "with one score, which the subtitle has"
    assert "logit of" in logo.subtitle
    assert options["one_scale"]
    for row, relevance in zip(rows, logo.relevance, strict=True):
        np.testing.assert_array_equal(relevance, row.relevance)
    show([run, run], ["w", "sp|P01308|INS"], "w.png", run.targets[1], title="both")
    logos, options = drawn[1]
    assert [logo.title for logo in logos] == ["w", "sp|P01308|INS"]
    assert options["title"] == "both"
    assert [*logos[0].names] == [f"gradient-x-input ({run.path.name})"] * 2


def test_the_map_is_what_each_letter_would_add(mutants: Run, drawn: Drawn) -> None:
    row = mutants["w"]
    show(mutants, "w", "w.png", letter_scores=True, region="3-12", title="one")
    (((logo,), options),) = drawn
    (effects,) = logo.effects
    assert effects is not None
    assert row.letter_scores is not None
    own = np.array(["ACGT".index(letter) for letter in row.sequence])
    for place in range(len(own)):
        for letter in range(4):
            expected = float(row.letter_scores[place, letter]) - float(row.letter_scores[place, own[place]])
            assert effects[place, letter] == pytest.approx(expected, abs=1e-6)
    largest = np.abs(effects[2:12]).max()
    assert logo.names[0].endswith(f"{largest:.3g} blue, {largest:.3g} red")
    assert (logo.title, options["title"], logo.region) == ("one", "", range(2, 12))
    assert logo.subtitle.startswith("1,028 to 1,019 of chr1, mutagenesis")


def test_the_axis_counts_from_a_site(run: Run, drawn: Drawn, tmp_path: Path) -> None:
    path = tmp_path / "s.bed"
    path.write_text("chr1\t1010\t1013\tTSS\t0\t-\nchr1\t1020\t1022\tbox\t0\t+\nchr1\t990\t1004\tout\t0\t-\n")
    origins = []
    for axis in ("site:TSS", "site:box", "letters", "genome", None):
        show(run, "w", "w.png", sites=path, axis=axis)
        origins.append(drawn[-1][0][0].origin)
    # the window is on -, its first letter is base 1029
    assert origins[0] == PlusOne(1029 - 1012, False, "first letter of TSS")
    assert origins[1] == PlusOne(1029 - 1020, True, "first letter of box")
    assert origins[2:] == [1, run["w"].interval, run["w"].interval]
    show(run, "w", "w.png", sites=path, axis="site:out")
    assert drawn[-1][0][0].origin == PlusOne(1029 - 1003, False, "first letter of out"), (
        "and not the window's end"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"axis": "site"}, "--axis site: no such site on the sequence, which has none at all"),
        ({"axis": "codons"}, "--axis codons: expected letters, genome, site or site:NAME"),
        ({"axis": "letters", "plus_one": 3}, "--plus-one beside --axis letters"),
        ({"region": "0-4"}, "--region 0-4: '0' is no letter of a sequence"),
        ({"region": "5"}, "--region 5: '' is no letter"),
        ({"region": "9-4"}, "--region 9-4: end 4 is before start 9"),
        ({"region": "2-31"}, "--region 2-31: 'w' has 30 letters"),
        ({"letter_scores": True}, "has no score for every letter of 'w': explain with --method mutagenesis"),
        ({"height": 0.5}, "--size: 0.5 inches are too low for this picture: expected 1.5 or more"),
        ({"plus_one": 31}, "letter 31 cannot be .1 of 30"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    run: Run, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        show(run, "w", tmp_path / "w.png", **options)
    assert not [*tmp_path.iterdir()]


def test_a_sequence_without_a_place_has_no_genome(run: Run) -> None:
    with pytest.raises(InputError, match=r"--axis genome: 'sp.P01308.INS' has no place on one"):
        show(run, "P01308", "w.png", axis="genome")


def test_runs_of_other_sequences_are_refused(
    run: Run, toy_model: Callable[[str], Model], tmp_path: Path
) -> None:
    other = relevome.explain(
        toy_model("cnn"), [Sequence("w", LETTERS[::-1], DNA)], "saliency", 1, out=tmp_path / "o"
    )
    with pytest.raises(InputError, match=r"'w' of .*o is another sequence than that of"):
        show([run, other], "w", tmp_path / "w.png")


def test_tokens_can_do_without_lines(run: Run, drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "token_borders", lambda _: [3, 6])
    show(run, "w", "w.png")
    show(run, "w", "w.png", tokens=False)
    assert [logos[0].borders for logos, _ in drawn] == [[3, 6], []]
