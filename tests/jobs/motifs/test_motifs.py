"""From runs to motifs: what was planted, where it lies on a genome, over several runs, and on known sites."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from benchmarks._planted_relevance import (
    DNA_MOTIFS,
    PROTEIN_MOTIFS,
    PlantedRelevance,
    planted_relevance,
)
from relevome.data.formats.meme import meme_text, read_meme
from relevome.data.motifs import Motif, pearson
from relevome.data.names import bed_line
from relevome.data.sequences import DNA, PROTEIN, RNA
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.models.untrained import with_random_weights
from relevome.results.motifs.folder import read_relevant_motifs
from relevome.results.run.reader import Run
from tests.names import NAMES
from tests.results.same import assert_same
from tests.toys import TOYS

MANIFEST = {"model": {"sha256": "1"}, "method": "m", "parameters": {}, "alphabet": "dna"}
FIRST, STEP = 1000, 500  # where sequences begin on the chromosome, and how far they are apart
COMPLEMENT = str.maketrans("ACGT", "TGCA")

MOTIFS = tuple(one for one in DNA_MOTIFS if one.name in ("DnaA", "PhoB", "CRP"))  # the last one lowers

Planted = Callable[..., tuple[Run, Run]]


@pytest.fixture
def planted(make_run: Any, letters_only: Any) -> Planted:
    """A run of planted relevance, on strands of a chromosome in turn, and one of its shuffles."""

    def make(
        made: PlantedRelevance, name: str = "run", genome: bool = True, **manifest: Any
    ) -> tuple[Run, Run]:
        said = {**MANIFEST, **manifest}
        rows = []
        for i, (sequence, values) in enumerate(zip(made.sequences, made.relevance, strict=True)):
            start = FIRST + STEP * i
            place = {"chrom": "chr1", "start": start, "end": start + len(sequence), "strand": "+-."[i % 3]}
            rows.append(letters_only(f"s{i}", sequence.letters, values, **(place if genome else {})))
        others = [
            letters_only(f"x{i}", sequence.letters, values)
            for i, (sequence, values) in enumerate(zip(made.shuffles, made.noise, strict=True))
        ]
        return (
            make_run(rows, size=len(rows), name=name, **said),
            make_run(others, size=len(others), name=f"{name}_shuffles", **said),
        )

    return make


@pytest.fixture(scope="module")
def made() -> PlantedRelevance:
    return planted_relevance(2, 120, 100, MOTIFS)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """What is planted, and other motifs."""
    rng = np.random.default_rng(0)
    others = [Motif(f"other{i}", f"other{i}", rng.dirichlet(np.full(4, 0.3), 10), DNA) for i in range(22)]
    path = tmp_path / "known.meme"
    path.write_text(meme_text([*MOTIFS, *others]))
    return path


def known_bed(made: PlantedRelevance, path: Path, name: str | None = None) -> Path:
    """Planted sites, each on its sequence."""
    lines = [
        bed_line(f"s{i}", site.start, site.end, name or site.name)
        for i, sites in enumerate(made.sites)
        for site in sites
    ]
    path.write_text("".join(lines))
    return path


def test_planted_motifs_are_found_named_and_placed(
    made: PlantedRelevance, planted: Planted, database: Path, tmp_path: Path
) -> None:
    pytest.importorskip("memelite", reason="needs memelite: pip install 'relevome[motifs]'")
    run, shuffles = planted(made, genome=False)
    known = known_bed(made, tmp_path / "known.bed")
    out = tmp_path / "motifs"
    found = relevome.motifs(run, shuffles=[shuffles], database=[database], sites=known, out=out)
    names = {one.name: [match.motif.name for match in one.named(0.05)] for one in found.motifs}
    assert sorted(name for some in names.values() for name in some[:1]) == sorted(m.name for m in MOTIFS)
    assert {one.sign for one in found.motifs if names[one.name] == ["CRP"]} == {-1}
    # as many of each motif, and nearly all hits, lie on the sites of their own
    best = {one.motif: one for one in reversed(found.on_sites)}
    assert {motif: [one.sites] for motif, one in best.items()} == {m: some[:1] for m, some in names.items()}
    for one in best.values():
        assert one.q < 1e-10
        assert one.expected < 0.3 * one.on_sites
        assert one.on_sites > 0.9 * one.hits
        assert one.found > 0.9 * one.known
    # all sequences have one length, so that places are compared with the same letters of others
    assert {one.null for one in found.on_sites} == {"position"}
    assert found.about["nulls"] == ["shuffled sequences"]
    assert_same(read_relevant_motifs(out), found)
    assert {path.name for path in out.iterdir()} - {".lock"} == {
        "motifs.json", "motifs.npz", "motifs.tsv", "motifs.meme", "motifs.md", "motifs.png", "hits.tsv",
        "hits.bed", "seqlets.tsv", "matches.tsv", "known_sites.tsv",
    }  # fmt: skip
    for ours, theirs in zip(found.motifs, read_meme(out / "motifs.meme"), strict=True):
        np.testing.assert_allclose(ours.motif(DNA).probabilities, theirs.probabilities, atol=1e-5)


def test_every_seqlet_says_its_motif_and_its_letters(made: PlantedRelevance, planted: Planted) -> None:
    run, shuffles = planted(made)
    found = relevome.motifs(run, shuffles=[shuffles])
    for one in found.motifs:
        # halves of one site are two seqlets of one place
        assert sum(seqlet.motif == one.name for seqlet in found.seqlets) >= one.seqlets
    for seqlet in found.seqlets:
        assert seqlet.letters == run[seqlet.sequence_id].sequence[seqlet.start : seqlet.end]
    assert [(one.run, one.score) for one in found.seqlets] == sorted(
        ((one.run, one.score) for one in found.seqlets), key=lambda pair: -pair[1]
    )


def test_places_lie_on_the_genome_where_their_letters_are(made: PlantedRelevance, planted: Planted) -> None:
    run, shuffles = planted(made)
    genome = np.full(FIRST + STEP * len(made.sequences), "N")
    for i, sequence in enumerate(made.sequences):
        text = sequence.letters.translate(COMPLEMENT)[::-1] if i % 3 == 1 else sequence.letters
        genome[FIRST + STEP * i :][: len(text)] = list(text)
    found = relevome.motifs(run, shuffles=[shuffles])
    assert len(found.hits) > 150
    for hit in found.hits:
        text = "".join(genome[hit.chrom_start : hit.chrom_end])
        assert (text if hit.chrom_strand == "+" else text.translate(COMPLEMENT)[::-1]) == hit.letters
        own = run[hit.sequence_id].sequence[hit.start : hit.end]
        assert (own if hit.strand == "+" else own.translate(COMPLEMENT)[::-1]) == hit.letters
    assert {(hit.strand, hit.chrom_strand) for hit in found.hits} == {
        (one, other) for one in "+-" for other in "+-"
    }


def test_a_place_on_the_other_strand_by_hand(make_run: Any, letters_only: Any) -> None:
    """Letters 10 to 18 of 60 that begin at base 1060 and go down to 1000 are bases 1041 to 1049."""
    rng = np.random.default_rng(0)
    rows, noise = [], []
    for i in range(80):
        letters, values = random_letters(rng, 60), 0.3 * rng.normal(size=60)
        values[10:19] += 3
        place = {"chrom": "c", "start": 1000, "end": 1060, "strand": "-"}
        rows.append(letters_only(f"s{i}", letters[:10] + "TTATCCACA" + letters[19:], values, **place))
        noise.append(letters_only(f"x{i}", random_letters(rng, 60), 0.3 * rng.normal(size=60)))
    run = make_run(rows, size=80, **MANIFEST)
    found = relevome.motifs(run, shuffles=[make_run(noise, size=80, name="noise", **MANIFEST)])
    (motif,) = found.motifs
    assert motif.consensus(DNA) in ("TTATCCACA", "TGTGGATAA")
    strands = ("+", "-") if motif.consensus(DNA) == "TTATCCACA" else ("-", "+")
    ((place, count),) = Counter(hit[2:9] for hit in found.hits).most_common(1)
    assert place == (10, 19, strands[0], "c", 1041, 1050, strands[1])
    assert count >= 76


def random_letters(rng: np.random.Generator, count: int, alphabet: str = "ACGT") -> str:
    return "".join(rng.choice(list(alphabet), count))


def test_of_two_runs_the_same_motifs_are_of_one_kind(planted: Planted, tmp_path: Path) -> None:
    runs = [
        planted(planted_relevance(seed, 120, 100, MOTIFS), f"run{seed}", model={"sha256": str(seed)})
        for seed in (2, 3)
    ]
    found = relevome.motifs(
        [run for run, _ in runs], shuffles=[other for _, other in runs][::-1], out=tmp_path / "out"
    )
    assert len(found.motifs) == 2 * len(MOTIFS)
    assert {one.in_runs for one in found.motifs} == {2}
    assert {one.kind for one in found.motifs} == set(range(1, len(MOTIFS) + 1))
    for kind in range(1, len(MOTIFS) + 1):
        first, second = (one for one in found.motifs if one.kind == kind)
        assert (first.run, second.run, first.sign) == (1, 2, second.sign)
        assert first.name.startswith("run1.")
        assert resemblance(first.motif(DNA), second.motif(DNA)) > 0.9
    assert [counts["sequences"] for counts in found.counts] == [120, 120]
    assert "6 motifs of 3 kinds" in repr(found)
    assert_same(read_relevant_motifs(tmp_path / "out"), found)
    alone = relevome.motifs(runs[0][0], shuffles=[runs[0][1]])
    for one, again in zip(alone.motifs, found.motifs, strict=False):
        np.testing.assert_array_equal(one.counts, again.counts)
        assert (f"run1.{one.name}", one.in_runs) == (again.name, 1)


def resemblance(first: Motif, second: Motif) -> float:
    """The largest correlation over all shifts and strands, beside places where all letters are as likely."""
    room = np.full((len(first), 4), 0.25)
    padded = np.concatenate([room, second.probabilities, room])
    starts = range(len(padded) - len(first) + 1)
    return max(
        pearson(padded[at : at + len(first)], one)
        for one in (first.probabilities, first.turned)
        for at in starts
    )


def test_places_of_unlike_sequences_are_moved_within_them(
    made: PlantedRelevance, planted: Planted, tmp_path: Path
) -> None:
    cut = replace(
        made,
        sequences=tuple(
            replace(one, letters=one.letters[: 99 + i % 2]) for i, one in enumerate(made.sequences)
        ),
        relevance=tuple(one[: 99 + i % 2] for i, one in enumerate(made.relevance)),
        sites=tuple(tuple(site for site in sites if site.end < 99) for sites in made.sites),
    )
    run, shuffles = planted(cut, genome=False)
    known = known_bed(cut, tmp_path / "known.bed", "any")
    found = relevome.motifs(run, shuffles=[shuffles], sites=known)
    assert {(one.sites, one.null) for one in found.on_sites} == {("any", "moved")}
    assert max(one.q for one in found.on_sites) < 1e-8
    # two sites of some twelve letters in 100
    assert all(0.2 < one.expected / one.hits < 0.6 for one in found.on_sites)


def test_without_a_null_of_its_own_relevance_is_put_in_random_order(
    made: PlantedRelevance, planted: Planted
) -> None:
    run, _ = planted(made)
    found = relevome.motifs(run)
    assert found.about["nulls"] == ["random order among equal pairs of letters"]
    assert found.motifs
    again = relevome.motifs(run, null="letters", draws=1, seed=3)
    assert again.about["nulls"] == ["random order among equal letters"]


def test_relevance_of_tokens_is_exchanged_by_tokens(make_run: Any, explain: Any) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(30):
        values = rng.normal(size=12).astype(np.float32)
        starts = np.arange(0, 24, 2, dtype=np.int32)
        rows.append(
            explain(
                f"s{i}", random_letters(rng, 24), tokens=("xx",) * 12, token_start=starts,
                token_end=starts + 2, token_relevance=values, relevance=np.repeat(values / 2, 2),
                special_relevance=0.0, head_relevance=None, letter_scores=None,
            )
        )  # fmt: skip
    found = relevome.motifs(make_run(rows, **MANIFEST))
    assert found.about["nulls"] == ["random order among tokens of as many letters"]


def test_tokens_that_overlap_need_shuffles(make_run: Any, explain: Any) -> None:
    row = explain(
        "s", "ACGTA", token_start=np.array([0, 0, 1, 2, 3, 4, 5], dtype=np.int32),
        token_end=np.array([0, 2, 3, 4, 5, 5, 5], dtype=np.int32),
    )  # fmt: skip
    run = make_run([row], **MANIFEST)
    assert any("tokens overlap" in note for note in relevome.motifs(run).notes)
    assert not any("tokens overlap" in note for note in relevome.motifs(run, shuffles=[run]).notes)


def test_a_model_with_random_weights_looks_for_nothing(tmp_path: Path) -> None:
    """What its filters see in sequences with motifs they see in shuffles too."""
    model = with_random_weights(relevome.load_model(TOYS["cnn"].save(tmp_path / "toy"), device="cpu"), 1)
    sequences = planted_relevance(1, 150, 80, each=1).sequences
    rng = np.random.default_rng(0)
    shuffled = [
        replace(one, id=f"{one.id}_{i}", letters=dinucleotide_shuffle(one.letters, rng))
        for one in sequences
        for i in range(2)
    ]
    run, shuffles = (
        relevome.explain(model, some, method="gradient-x-input", target=1, out=tmp_path / name)
        for name, some in (("run", sequences), ("shuffles", shuffled))
    )
    found = relevome.motifs(run, shuffles=[shuffles])
    assert (found.motifs, found.hits) == ((), ())
    assert len(found.reasons) == 2


def test_nothing_is_found_in_noise_and_it_says_why(
    planted: Planted, relevome_cli: Any, tmp_path: Path
) -> None:
    noise = planted_relevance(1, 100, 80, only_noise=True)
    run, shuffles = planted(noise)
    code, out, err = relevome_cli("motifs", run.path, "--shuffles", shuffles.path, "-o", tmp_path / "out")
    assert (code, err) == (0, [])
    assert "positive: 8 seqlets, fewer than the 20 that a pattern needs" in out
    assert "0 motifs at 0 places" in out
    found = read_relevant_motifs(tmp_path / "out")
    assert (found.motifs, found.hits, len(found.reasons)) == ((), (), 2)
    assert not (tmp_path / "out" / "motifs.meme").exists()
    assert not (tmp_path / "out" / "motifs.png").exists()
    assert (tmp_path / "out" / "hits.tsv").read_text().count("\n") == 1
    assert all(reason in repr(found) for reason in found.reasons)
    assert found.to_pandas().empty


def test_a_model_with_random_weights_is_a_null(made: PlantedRelevance, planted: Planted) -> None:
    run, noise = planted(made)
    other, _ = planted(
        replace(made, relevance=made.relevance[1:] + made.relevance[:1]), "b", model={"sha256": "2"}
    )
    assert relevome.motifs(run, random_models=[other]).about["nulls"] == ["random weights"]
    own = relevome.motifs(run, shuffles=[noise], random_models=[other, other])
    assert own.about["nulls"] == ["random weights 1", "random weights 2", "shuffled sequences"]
    # as much relevance, elsewhere: nothing exceeds it
    assert own.motifs == ()
    assert "by random weights" in own.reasons[0]


def test_odd_names_come_back(
    make_run: Any, letters_only: Any, made: PlantedRelevance, tmp_path: Path
) -> None:
    pairs = zip(made.sequences, made.relevance, strict=True)
    names = [*NAMES, *(f"s{i}" for i in range(len(made.sequences) - len(NAMES)))]
    rows = [
        letters_only(name, one.letters, values, chrom=name, start=7, end=7 + len(one), strand="-")
        for name, (one, values) in zip(names, pairs, strict=True)
    ]
    found = relevome.motifs(make_run(rows, size=len(rows), **MANIFEST), out=tmp_path / "out")
    assert len({hit.sequence_id for hit in found.hits} & set(NAMES)) > 20
    assert_same(read_relevant_motifs(tmp_path / "out"), found)
    lines = (tmp_path / "out" / "hits.bed").read_text().splitlines()
    assert [len(line.split("\t")) for line in lines] == [6] * len(found.hits)


def test_proteins_have_one_strand_and_a_database_of_their_own(
    planted: Planted, database: Path, tmp_path: Path
) -> None:
    pytest.importorskip("memelite", reason="needs memelite: pip install 'relevome[motifs]'")
    proteins = planted_relevance(11, 120, 80, PROTEIN_MOTIFS, each=2)
    run, shuffles = planted(proteins, genome=False, alphabet="protein")
    rng = np.random.default_rng(1)
    known = [*PROTEIN_MOTIFS, *(other_protein(f"o{i}", rng) for i in range(30))]
    (tmp_path / "proteins.meme").write_text(meme_text(known))
    found = relevome.motifs(run, shuffles=[shuffles], database=[tmp_path / "proteins.meme"])
    named = [[match.motif.name for match in one.named(0.05)][:1] for one in found.motifs]
    assert sorted(named) == sorted([one.name] for one in PROTEIN_MOTIFS)
    assert {hit.strand for hit in found.hits} == {"+"}
    with pytest.raises(InputError, match="'DnaA' is dna: expected motifs of protein to compare with"):
        relevome.motifs(run, shuffles=[shuffles], database=[database])
    with pytest.raises(InputError, match="--strands both: the sequences are protein, which has one"):
        relevome.motifs(run, strands="both")


def other_protein(name: str, rng: np.random.Generator) -> Motif:
    return Motif(name, name, rng.dirichlet(np.full(20, 0.05), 8), PROTEIN)


def test_motifs_of_rna_lie_as_they_are_read(planted: Planted, database: Path) -> None:
    pytest.importorskip("memelite", reason="needs memelite: pip install 'relevome[motifs]'")
    rna = planted_relevance(5, 150, 100, tuple(map(as_rna, DNA_MOTIFS[:2])), each=1)
    run, shuffles = planted(rna, genome=False, alphabet="rna")
    found = relevome.motifs(run, shuffles=[shuffles], database=[database])
    assert {hit.strand for hit in found.hits} == {"+"}
    # half of the sequences were turned, and no strand is looked for but their own
    assert len(found.motifs) == 4
    assert sorted(one.named(0.05)[0].motif.name for one in found.motifs if one.named(0.05)) == [
        "DnaA",
        "PhoB",
    ]
    both = relevome.motifs(run, shuffles=[shuffles], strands="both")
    assert len(both.motifs) == 2


def as_rna(motif: Motif) -> Motif:
    return replace(motif, alphabet=RNA)


def test_the_command_prints_what_it_found_and_replaces_only_if_asked(
    made: PlantedRelevance, planted: Planted, relevome_cli: Any, tmp_path: Path
) -> None:
    run, shuffles = planted(made)
    asked = ("motifs", run.path, "--shuffles", shuffles.path, "-o", tmp_path / "out")
    code, out, _ = relevome_cli(*asked)
    found = read_relevant_motifs(tmp_path / "out")
    assert code == 0
    assert f"3 motifs at {len(found.hits):,} places" in out
    assert "patterns by aligned seqlets (--way align)" in out
    with (tmp_path / "out" / "motifs.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["motif"] for row in rows] == [one.name for one in found.motifs]
    assert sum(int(row["hits"]) for row in rows) == len(found.hits)
    assert relevome_cli(*asked)[0] == 2
    assert relevome_cli(*asked, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fdr": 0.0}, "--fdr 0: expected a false discovery rate between 0 and 1"),
        ({"level": 1.0}, "--level 1: expected a false discovery rate between 0 and 1"),
        ({"fewest": 1}, "--fewest 1: expected 2 seqlets or more"),
        ({"draws": 0}, "--draws 0: expected 1 random order or more"),
        ({"seed": -1}, "--seed -1: expected 0 or more"),
        ({"target": "x"}, "has no target 'x': expected one of promoter"),
        ({"way": "modisco"}, "--way modisco: sequences of 5 letters: TF-MoDISco needs 41"),
        ({"sites": "pattern:T-T"}, "no site of pattern:T-T is on a sequence of"),
    ],
)
def test_what_cannot_be_is_refused(
    make_run: Any, explain: Any, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    run = make_run([explain("a"), explain("b")], **MANIFEST)
    with pytest.raises(InputError, match=said):
        relevome.motifs(run, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_runs_and_nulls_that_do_not_belong_together_are_refused(make_run: Any, explain: Any) -> None:
    def made(name: str, **manifest: Any) -> Run:
        return make_run([explain()], name=name, **{**MANIFEST, **manifest})

    run, other = made("run"), made("other", model={"sha256": "2"})
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ([], {}, "no run was given"),
        ([run, made("p", method="n")], {}, "is of another method than .*: expected runs of one kind"),
        ([run, made("r", alphabet="rna")], {}, "is of another alphabet than"),
        (run, {"shuffles": [other]}, "is of another model than .*: expected shuffled sequences"),
        ([run, other], {"shuffles": [run]}, "no run of --shuffles is as .*other: expected one for every"),
        (run, {"random_models": [run]}, "is of the model of .* itself: expected one with random weights"),
        (
            run,
            {"random_models": [made("s", model={"sha256": "2"}, method="n")]},
            "is of another method than .*: expected a model with random weights",
        ),
        (run, {"random_models": [made("t", alphabet="rna")]}, "is of rna: expected dna, as"),
        (make_run([explain(), explain()], name="twice", **MANIFEST), {}, "'s' is in .* more than once"),
        (make_run([explain(), explain("t", target="b")], name="two", **MANIFEST), {}, "has several targets"),
        (make_run([], name="empty", **MANIFEST), {}, "holds no explanations"),
    ]
    for runs, options, said in cases:
        with pytest.raises(InputError, match=said):
            relevome.motifs(runs, **options)


@pytest.mark.skipif(find_spec("modiscolite") is not None, reason="modisco-lite is installed")
def test_where_modisco_cannot_be_it_says_why_and_aligns(made: PlantedRelevance, planted: Planted) -> None:
    run, shuffles = planted(made)
    with pytest.raises(InputError, match=r"--way modisco: patterns by TF-MoDISco need modisco-lite"):
        relevome.motifs(run, shuffles=[shuffles], way="modisco")
    found = relevome.motifs(run, shuffles=[shuffles], way="auto")
    assert found.notes == ("patterns by aligned seqlets: patterns by TF-MoDISco need modisco-lite",)
    assert {one.method for one in found.motifs} == {"aligned seqlets"}
