"""Readers of what is kept: folders of results, of annotations, of trainings and of studies."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relevome.data.contigs import Contig
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.data.sites import Site
from relevome.discovery.attention_heads import characterise
from relevome.discovery.head_map import head_map
from relevome.discovery.other_maps import MapExchanges
from relevome.discovery.placements import METRICS, Collected, Placement, Placements
from relevome.discovery.relevance_heads import relevant_heads
from relevome.discovery.windows import Windows
from relevome.results.annotation.folder import read_annotation, write_annotation
from relevome.results.annotation.scores import ScoreFiles, stretches
from relevome.results.annotation.sites import CalledSite, write_sites
from relevome.results.attention_heads.folder import read_attention_heads, write_attention_heads
from relevome.results.attention_heads.heads import WindowsRead
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.comparison import (
    Comparison,
    Paired,
    PairedTest,
    Similarity,
    read_comparison,
    write_comparison,
)
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.evaluation.folder import read_evaluation, write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.parts.part import Counts, Refusal, part_paths
from relevome.results.profile.folder import read_profile, write_profile
from relevome.results.profile.profile import (
    LetterMean,
    PositionMean,
    PositionProfile,
    ProfileRow,
    ProfileSettings,
)
from relevome.results.relevance_heads.folder import read_relevance_heads, write_relevance_heads
from relevome.results.relevance_heads.heads import ALL
from relevome.results.relevant_sites import (
    RelevantSite,
    RelevantSites,
    SiteSettings,
    read_relevant_sites,
    write_relevant_sites,
)
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from relevome.results.substitution import (
    ORDERS,
    Area,
    Curve,
    Exchange,
    Exchanged,
    Substitution,
    read_substitution,
    write_substitution,
)
from relevome.stores.place import local
from tests.damage.readers import Files, Reader, register
from tests.discovery.planted import SITE, Looking, made_up_motif, planted_model, planted_windows, target
from tests.results.conftest import _explain, _letters_only


def left_by(write: Callable[[Path], object]) -> Callable[[], list[Files]]:
    """The files that ``write(folder)`` leaves."""

    def make() -> list[Files]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder)
            paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
            ours = [path for path in paths if path.suffix not in (".md", ".meme")]
            return [{str(path.relative_to(folder)): path.read_bytes() for path in ours}]

    return make


ESTIMATE = Estimate(0.5, 0.25, 0.75)
SAID = {"method": "attnlrp", "targets": [{"index": 1, "label": "promoter", "position": None}], "seed": 0}
MODEL = {"path": "m", "sha256": "0" * 64, "tokenizer": "plain", "task": "sequence", "dtype": "float32"}


def _run(folder: Path) -> None:
    place = {"chrom": "chr1", "start": 3, "end": 8, "strand": "-"}
    rows = [_explain("a", "ACGTN", 0, **place), _explain("b", "GGGT", 1)]
    with RunWriter(folder, {**SAID, "model": MODEL, "alphabet": "dna", "alphabet_letters": "ACGT"}) as writer:
        writer.write_part(0, rows, Counts(read=3, explained=2, refused=(Refusal("c", "too long"),)))
        writer.write_part(1, [_letters_only("d", "AC", [1, 2])], Counts(read=1, explained=1, other={"x": 2}))


def _read_run(folder: Path) -> Any:
    run = Run(folder)
    rows = list(run)
    return run, repr(run), run.counts, run.targets, rows, [repr(row) for row in rows], run.to_pandas()


def parts_by_pandas(folder: Path) -> pd.DataFrame:
    return pd.concat(
        [pd.read_parquet(local(path)) for path in part_paths(folder).values()], ignore_index=True
    )


def _parts_differ(folder: Path, found: Any) -> str:
    """Whether the rows are those that pandas reads."""
    run, *_, rows, _, frame = found
    if not len(run):
        return ""
    theirs = parts_by_pandas(folder)
    for name in ("sequence_id", "sequence", "target", "score"):
        if theirs[name].tolist() != frame[name].tolist() or theirs[name].tolist() != [
            getattr(r, name) for r in rows
        ]:
            return f"{name} is {frame[name].tolist()}, not {theirs[name].tolist()}"
    for row, relevance in zip(rows, theirs["relevance"], strict=True):
        if not np.array_equal(row.relevance, relevance):
            return f"relevance of {row.sequence_id!r}"
    return ""


register(Reader("run", left_by(_run), _read_run, ("relevome.results.run.reader:Run",), _parts_differ))


def _annotation(folder: Path) -> None:
    question = {"model": MODEL, "genome_sha256": "0", "circular": [], "regions": "all", "classes": ["TSS"]}
    content = {
        "question": question, "settings": {"genome": "g.fa", "threshold": 0.5}, "threshold": 0.5,
        "counts": {"contigs": 1, "letters": 20, "in_gaps": 0, "sites": 2},
        "truth": {"all": {"average_precision": 0.5, "roc_auc": 0.75, "precision": 1.0, "recall": None},
        "without_score": 0},
        "problems": [{"id": "x", "reason": "off the end"}],
    }  # fmt: skip
    write_annotation(folder, "finished", content)
    write_sites(
        folder,
        [CalledSite("chr1", 4, "+", "TSS a;b", 0.75), CalledSite("c\u00e9", 0, "-", "TSS", 1e-5)],
        "TSS",
    )
    (folder / "sites.bed").unlink()


def _read_annotation(folder: Path) -> Any:
    found = read_annotation(folder)
    return found, repr(found), found.to_pandas()


def _called_differ(folder: Path, found: Any) -> str:
    from urllib.parse import unquote

    lines = [line for line in (folder / "sites.gff3").open(encoding="utf-8-sig") if not line.startswith("#")]
    if not lines:
        return "" if found[2].empty else "sites of no lines"
    frame = pd.read_csv(
        io.StringIO("".join(lines)), sep="\t", header=None, dtype=str, quoting=3, keep_default_na=False
    )
    theirs = [(unquote(one[0]), int(one[3]) - 1, one[6]) for one in frame.itertuples(index=False)]
    ours = [(one.contig, one.position, one.sign) for one in found[2].itertuples()]
    return "" if ours == theirs else f"sites {ours}, not {theirs}"


register(
    Reader(
        "annotation",
        left_by(_annotation),
        _read_annotation,
        (
            "relevome.results.annotation.folder:read_annotation",
            "relevome.results.annotation.sites:read_called",
        ),
        _called_differ,
    )
)

CONTIG = Contig("chr1", 7)


def _files(folder: Path) -> ScoreFiles:
    return ScoreFiles(folder, stretches([Interval("chr1", 0, 7)]), 2)


def _scores(folder: Path) -> None:
    files = _files(folder)
    for stretch in files.stretches:
        files.write(stretch, [np.arange(14, dtype=np.float32).reshape(7, 2)])


def _read_scores(folder: Path) -> Any:
    files = _files(folder)
    if files.missing():
        return None
    return files.without(), [files.read(CONTIG, sign, column, 0, 7) for sign in "+-" for column in (0, 1)]


def _scores_differ(folder: Path, found: Any) -> str:
    if found is None:
        return ""
    theirs = [row for sign in ("plus", "minus") for row in np.load(folder / f"000000-{sign}.npy")]
    return "" if np.array_equal(theirs, found[1], equal_nan=True) else f"scores {found[1]}, not {theirs}"


register(
    Reader(
        "scores of a genome",
        left_by(_scores),
        _read_scores,
        ("relevome.results.annotation.scores:ScoreFiles",),
        _scores_differ,
    )
)


def _metric(name: str, ids: tuple[str, ...] = ("a", "b", "c")) -> MetricScores:
    values = tuple(0.25 * i for i in range(len(ids)))
    return MetricScores(
        name, "localisation", "letters", "higher is better", 0.25, 0.0, 0.5, ESTIMATE, None,
        {"no site": 1}, ids,
        values, values, (None,) * len(ids),
    )  # fmt: skip


CHECK = Check("beats random order", "fail", "It does not.", "auroc", "letters", 0.25, inverted=False)
CURVES = FaithfulnessCurves(np.array([0.0, 0.5, 1.0]), np.ones(3), np.zeros(3), np.full((2, 3), 0.5))
ABOUT = {
    "run": "r",
    "model": MODEL,
    "method": "attnlrp",
    "target": "1",
    "truth": {"path": "t.bed", "features": []},
}


def _evaluated() -> Evaluation:
    return Evaluation(
        ABOUT, EvaluationSettings(("auroc",)), {"a": "0", "b": "1", "c": "2"}, (_metric("auroc"),
        _metric("mass")),
        (CHECK,), {"letters": {"a": CURVES, "b": CURVES}}, {"layer 0": 0.5}, ("a note",),
    )  # fmt: skip


def _read_evaluation(folder: Path) -> Any:
    found = read_evaluation(folder)
    return found, repr(found), found.to_pandas()


def _values_differ(folder: Path, found: Any) -> str:
    names = ["metric", "level", "sequence_id", "value", "random_order", "shuffled"]
    frame = pd.read_csv(
        folder / "values.tsv", sep="\t", header=0, names=names, dtype=dict.fromkeys(names[:3], str),
        keep_default_na=False, na_values={name: [""] for name in names[3:]}, index_col=False,
    )  # fmt: skip
    for one in found[0].scores:
        rows = frame[(frame["metric"] == one.metric) & (frame["level"] == one.level)]
        if tuple(rows["sequence_id"]) != one.sequence_ids or not np.allclose(
            rows["value"].astype(float), one.values, equal_nan=True
        ):
            return f"values of {one.metric}: {one.values}, not {rows.values.tolist()}"
    return ""


register(
    Reader(
        "evaluation",
        left_by(lambda folder: write_evaluation(_evaluated(), folder)),
        _read_evaluation,
        ("relevome.results.evaluation.folder:read_evaluation",),
        _values_differ,
    )
)


def _compared() -> Comparison:
    own = replace(_evaluated(), sequences={}, scores=(), curves=None)
    test = PairedTest(
        "auroc", "letters", "higher is better", "x", "y", Paired(3, ESTIMATE, ESTIMATE, 0.25), 0.5
    )
    mean = MeanCurves(2, (0.0, 1.0), (ESTIMATE,) * 2, (ESTIMATE,) * 2, (ESTIMATE,) * 2)
    return Comparison(
        {"x": own, "y": own}, {"x": (_metric("auroc"),), "y": (_metric("auroc"),)}, (test,),
        (Similarity("x", "y", replace(_metric("pearson"), kind="similarity")),), {"x": {"not in y": 1},
        "y": {}},
        ("a note",), {"letters": {"x": mean, "y": mean}},
    )  # fmt: skip


def _read_comparison(folder: Path) -> Any:
    found = read_comparison(folder)
    return found, repr(found), found.to_pandas()


register(
    Reader(
        "comparison",
        left_by(lambda folder: write_comparison(_compared(), folder)),
        _read_comparison,
        ("relevome.results.comparison:read_comparison",),
    )
)


def _attention_heads(folder: Path) -> None:
    rng = np.random.default_rng(0)
    database = [made_up_motif(f"m{i}", rng, 9) for i in range(25)]
    looking = Looking(database[3], range(-14, -11))
    model = planted_model(looking)
    windows = Windows(tuple(planted_windows(np.random.default_rng(1), 24, [looking])), target(model), SITE)
    known = {one.id: [Site(SITE - 14, SITE - 4, "F")] for one in windows.sequences[:9]}
    settings = HeadSettings(shuffles=5, ablated=5, draws=1)
    made = characterise(model, windows, motifs=database, known=known, settings=settings)
    read = (WindowsRead(3, 2, (Problem("w", "too short", "file, line 3"),)), WindowsRead(9, 9, ()))
    write_attention_heads(replace(made, about={"model": "m", "motifs": ["known.meme"]}, read=read), folder)


def _read_attention_heads(folder: Path) -> Any:
    found = read_attention_heads(folder)
    return found, repr(found), found.to_pandas()


RECORDS = ("attention_heads.json", "attention_heads.npz", "relevance_heads.json", "relevance_heads.npz")
register(
    Reader(
        "heads by attention",
        left_by(_attention_heads),
        _read_attention_heads,
        ("relevome.results.attention_heads.folder:read_attention_heads",),
        only=RECORDS,
        share=0.5,
    )
)


def _collected(seed: int) -> Collected:
    rng, ids = np.random.default_rng(seed), tuple(f"p{number}" for number in range(12))
    fields = rng.normal(size=(len(Placement._fields), len(ids), len(METRICS), 7)).astype(np.float32)
    placements = {"site": Placements(ids, Placement(*fields))}
    return Collected((2, 3), ids, rng.normal(size=(len(ids), 7)), placements, {"site": {"q": "no position"}})


def _relevance_heads(folder: Path) -> None:
    collected = _collected(0)
    exchanges = MapExchanges({id: np.roll(np.arange(30) < 7, 3 * i) for i, id in enumerate(collected.ids)})
    rng = np.random.default_rng(2)
    for id in collected.ids:
        exchanges.add(id, rng.normal(size=(7, 30)))
    others = {(group, "site"): exchanges.done() for group in (ALL, "a/b")}
    classes = dict.fromkeys(collected.ids[:9], "a/b")
    made = relevant_heads(collected, [_collected(1)], others=others, classes=classes)
    problems = (Problem("p1", "no one knows where", "sites.xml"),)
    points = head_map(collected.totals[:, 1:])
    about = {"run": "r", "types": ["site"]}
    write_relevance_heads(replace(made, about=about, unplaced=problems, points=points), folder)


def _read_relevance_heads(folder: Path) -> Any:
    found = read_relevance_heads(folder)
    return found, repr(found), found.to_pandas()


register(
    Reader(
        "heads by relevance",
        left_by(_relevance_heads),
        _read_relevance_heads,
        ("relevome.results.relevance_heads.folder:read_relevance_heads",),
        only=RECORDS,
        share=0.5,
    )
)


def _substitution(folder: Path) -> None:
    rng = np.random.default_rng(0)
    exchange = Exchange("random", most=3, orders=2, seed=5)
    size = len(exchange.counts)

    def answers(rows: int) -> np.ndarray:
        return rng.normal(size=(rows, size, 3))

    estimates = tuple(Estimate(*row) for row in rng.normal(size=(size, 3)).tolist())
    found = Substitution(
        {"run": "r", "method": "attnlrp", "target": "1", "relevance": "letters", "labels": None}, exchange,
        {f"s{i}": Exchanged(answers(4), answers(4), answers(2), 20 + i, 1, 9, i) for i in range(3)},
        tuple(Curve("logit", order, estimates) for order in ORDERS),
        (Area("logit", "random", "most", estimates[0], 0.25), Area("auroc", "random", "most", estimates[1],
        None)),
        {"has no letter other than A": 2}, ("a note",),
    )  # fmt: skip
    write_substitution(found, folder)


def _read_substitution(folder: Path) -> Any:
    found = read_substitution(folder)
    return found, repr(found), found.to_pandas()


register(
    Reader(
        "substitution",
        left_by(_substitution),
        _read_substitution,
        ("relevome.results.substitution:read_substitution",),
        only=("substitution.json", "substitution.npz"),
    )
)


def _sites(folder: Path) -> None:
    sites = (
        RelevantSite("chr1", 3, 9, "+", 5, 0.5, 2.75, 1e-4, 0.01, "ACGTAC"),
        RelevantSite("c \u00e9", 0, 3, ".", 0, 1e-7, 1e-6, 0.001, 0.05, "TTT"),
    )
    counts = {"letters": 40, "stretches": 2, "peaks": 5, "null_peaks": 500}
    about = {"run": "r", "model": MODEL, "method": "attnlrp", "target": "1", "shuffles": None}
    found = RelevantSites(about, SiteSettings(window=3), sites, 1e-7, counts, {"no genome interval": 2})
    write_relevant_sites(found, folder)
    (folder / "sites.bed").unlink()
    (folder / "sites.narrowPeak").unlink()


def _read_sites(folder: Path) -> Any:
    found = read_relevant_sites(folder)
    return found, repr(found), found.to_pandas()


def _sites_differ(folder: Path, found: Any) -> str:
    names = ["name", *RelevantSite._fields]
    frame = pd.read_csv(
        folder / "sites.tsv",
        sep="\t",
        header=0,
        names=names,
        dtype=str,
        keep_default_na=False,
        index_col=False,
    )
    columns = zip(frame["start"], frame["end"], frame["height"], frame["letters"], strict=True)
    theirs = [(int(start), int(end), float(height), letters) for start, end, height, letters in columns]
    ours = [(one.start, one.end, one.height, one.letters) for one in found[0].sites]
    return "" if ours == theirs else f"sites {ours}, not {theirs}"


register(
    Reader(
        "sites",
        left_by(_sites),
        _read_sites,
        ("relevome.results.relevant_sites:read_relevant_sites",),
        _sites_differ,
    )
)


def _profile(folder: Path) -> None:
    means = (
        PositionMean(-1, None, None, None, 0, 0, 2),
        PositionMean(0, 0.5, 0.25, 0.75, 2, 2, 0),
        PositionMean(1, 1e-7, None, None, 1, 1, 1),
    )
    letters = (LetterMean(0, "A", 0.5, 0.25, 0.75, 2), LetterMean(1, "T", 1e-7, None, None, 1))
    rows = (ProfileRow("a", "TSS: x", "+", 0, 1.5, 0.5), ProfileRow("c \u00e9", "", "-", -3, 0.25, 0.5))
    about = {"run": "r", "model": MODEL, "method": "attnlrp", "target": "1", "sites": None, "alignment": None}
    values = np.array([[np.nan, 0.5, 1e-7], [np.nan, 0.5, np.nan]], dtype=np.float32)
    codes = np.array([[-1, 0, 3], [-1, 0, -1]], dtype=np.int8)
    settings = ProfileSettings("site", width=3)
    found = PositionProfile(about, settings, "ACGT", means, letters, rows, values, codes, {"no site": 2})
    write_profile(found, folder)


def _read_profile(folder: Path) -> Any:
    found = read_profile(folder)
    return found, repr(found), found.to_pandas()


def _profile_differs(folder: Path, found: Any) -> str:
    names = list(PositionMean._fields)
    frame = pd.read_csv(
        folder / "profile.tsv", sep="\t", header=0, names=names, dtype=str, keep_default_na=False,
        index_col=False,
    )  # fmt: skip
    columns = zip(frame["position"], frame["mean"], strict=True)
    theirs = [(int(position), float(mean) if mean else None) for position, mean in columns]
    ours = [(one.position, one.mean) for one in found[0].means]
    return "" if ours == theirs else f"means {ours}, not {theirs}"


register(
    Reader(
        "profile",
        left_by(_profile),
        _read_profile,
        ("relevome.results.profile.folder:read_profile",),
        _profile_differs,
    )
)
