"""What commands print of what they will take, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import relevome
from relevome.cli.shared.planning import size, words
from relevome.jobs.running import estimates
from relevome.jobs.running.estimates import WorkEstimate
from relevome.results.estimate import Estimate

Run = Callable[..., tuple[int, str, list[str]]]
Write = Callable[[str, str], Path]


def test_an_estimate_in_words() -> None:
    found = WorkEstimate(
        1500, 600_000, 10, 3, Estimate(3700.0, 3500.0, 4000.0), 3 << 20, 5 << 29, 8, 350, 14.2
    )
    assert words(found) == [
        "work    1,500 with 600,000 letters, in 10 shards, and 3 are there already",
        "time    1:01:40 (58:20 to 1:06:40) by 8 workers",
        "disk    3 MiB",
        "memory  2.5 GiB for each of them",
        "from a sample of 350 in 14 s; nothing was written",
    ]
    assert [size(count) for count in (0, 1023, 1536, 1 << 40)] == [
        "0 bytes",
        "1023 bytes",
        "1.5 KiB",
        "1 TiB",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "explain --model {cnn} --fasta {fasta} --target 1 --workers 2",
            "work    2 with 20 letters, in",
        ),
        ("predict --model {cnn} --fasta {fasta}", "work    2 with 20 letters, in 1 shard"),
        (
            "annotate --model {cnn} --window 3,2 --genome {fasta} --no-tracks",
            "work    4 with 40 letters, in",
        ),
        (
            "variants --model {cnn} --target 0 --vcf {vcf} --genome {fasta} --width 8",
            "work    1 with 8 letters, in 1 shard",
        ),
        (
            "variants --model {cnn} --target 0 --vcf {vcf} --genome {fasta} --width 8 --why --null 1",
            "work    1 with 16 letters, in 2 shards",
        ),
        (
            "evaluate {run} --metrics comprehensiveness --sequences 2 --workers 2",
            "work    2 with 20 letters, in 3 shards",
        ),
        (
            "pairs --model {cnn} --target 0 --fasta {fasta}",
            "work    2 with 20 letters, in 1 shard",
        ),
    ],
)
def test_a_plan_is_printed_and_nothing_is_written(
    relevome_cli: Run,
    saved: Callable[[str], Path],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    said: str,
) -> None:
    monkeypatch.setattr(estimates, "SAMPLING", 0.01)
    places = {
        "cnn": saved("cnn"),
        "fasta": write("a.fa", ">a\nACGTTGCATA\n>b\nTTGACAATTA\n"),
        "vcf": write("a.vcf", "#CHROM\tPOS\tID\tREF\tALT\na\t3\tv\tG\tC\n"),
    }
    if "{run}" in command:
        model = relevome.load_model(places["cnn"], device="cpu")
        relevome.explain(model, places["fasta"], "saliency", 1, out=tmp_path / "run")
        places["run"] = tmp_path / "run"
    before = {path.name for path in tmp_path.iterdir()}
    code, out, err = relevome_cli(*command.format(**places).split(), "--plan", "-o", tmp_path / "out")
    assert (code, err) == (0, [])
    lines = out.splitlines()
    assert lines[0].startswith(said)
    assert [line.split()[0] for line in lines] == ["work", "time", "disk", "memory", "from"]
    assert {path.name for path in tmp_path.iterdir()} - {"a.fa.fai"} == before
