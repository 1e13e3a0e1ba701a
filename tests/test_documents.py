"""Every block of code in our pages runs as it stands there, or says why it does not."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import relevome
from relevome.data.inputs import from_bed
from tests.documents import LANGUAGES, PAGES, ROOT, CodeBlock, blocks, commands
from tests.toys import TOYS

Cli: TypeAlias = Callable[..., tuple[int, str, list[str]]]

CODE = [block for page in PAGES for block in blocks(page) if block.language in LANGUAGES]
RUN = [block for block in CODE if block.reason is None and block.test is None]
RUN_PAGES = list(dict.fromkeys(block.page for block in RUN))

CONTIG = "NC_000913.3"
STARTS = range(29_033, 29_833, 100)  # of windows of 100 bases
# Names of our pages for what is in the folder that their blocks run in; others are called as they are there.
ALIKE = {
    "my_model": "cnn", "model": "cnn", "my_cnn": "cnn", "MODEL": "transformer", "my_protbert": "protbert",
    "promoters.fa": "sequences.fa", "sequences.fasta": "sequences.fa", "genome.fa": f"{CONTIG}.fna",
    "genome.fa.fai": f"{CONTIG}.fna.fai", "hg38.chrom.sizes": "chrom.sizes", "windows.bed": "peaks.bed",
    "RUN": "run", "RUN_A": "run", "RUN_B": "mutants", "run_a": "run", "run_b": "mutants", "run_c": "saliency",
}  # fmt: skip
# Of the pages that explain sequences without a place, and write a run themselves.
NAMED = {"README.md", "attnlrp.md", "data.md", "methods.md", "models.md", "quickstart.md"}


def test_every_block_is_closed_and_marks_are_of_blocks() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        marks = len(re.findall(r"^ *<!-- (?:not run|run by)", text, re.M))
        marked = [one for one in blocks(page) if one.reason or one.test]
        assert len(marked) == marks, f"{page.name}: a mark without a block below it, or not as it should be"
        assert all(one.language in LANGUAGES for one in marked), f"{page.name}: only code runs"


def test_what_is_not_run_has_a_reason_in_words() -> None:
    assert [one.place for one in CODE if one.reason is not None and len(one.reason.split()) < 3] == []


def test_what_another_test_runs_is_spoken_of_there() -> None:
    for one in CODE:
        if one.test is not None:
            assert one.page.name in (ROOT / one.test).read_text(encoding="utf-8"), one.place


def test_no_fewer_blocks_run_than_once_did() -> None:
    assert len([one for one in CODE if one.reason is None]) >= 62


def test_a_block_is_read_with_its_mark() -> None:
    text = (
        "a\n\n<!-- not run: x y z -->\n\n```bash\na \\\n  b  # c\n# d\n```\n```python\n1\n```\n```\nno\n```\n"
    )
    page = ROOT / "docs" / "x.md"
    first, second, third = blocks(page, text)
    assert (first.reason, first.line, first.language, second.reason) == ("x y z", 6, "bash", None)
    assert first.place == "docs/x.md:6"
    assert commands(first.text) == ["a    b  # c"]
    assert shlex.split(commands(first.text)[0], comments=True) == ["a", "b"]
    assert (second.text, third.language) == ("1\n", "")
    with pytest.raises(ValueError, match="nothing closes the block of line 1"):
        list(blocks(page, "```bash\nx\n"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small models, sequences, a genome, sites and runs, by the names that our pages use."""
    folder = tmp_path_factory.mktemp("world")
    TOYS["cnn"].save(folder / "cnn")
    TOYS["roberta"].save(folder / "transformer")
    TOYS["protbert"].save(folder / "protbert")
    for name in ("cnn", "transformer"):
        config = folder / name / "config.json"
        said = json.loads(config.read_text())
        labels = {"id2label": {"0": "other", "1": "promoter"}, "label2id": {"other": 0, "promoter": 1}}
        config.write_text(json.dumps(said | labels))
    _sequences(folder)
    _genome(folder)
    model = relevome.load_model(folder / "cnn", device="cpu")
    windows = from_bed(folder / "peaks.bed", folder / f"{CONTIG}.fna", model.alphabet)
    for name, method in (("run", "gradient-x-input"), ("mutants", "mutagenesis"), ("saliency", "saliency")):
        relevome.explain(model, windows, method, target=1, out=folder / name, letter_scores=name == "mutants")
    relevome.explain(model, folder / "sequences.fa", "gradient-x-input", target=1, out=folder / "named")
    return folder


def _sequences(folder: Path) -> None:
    drawn = TOYS["cnn"].sequences(*[40] * 8, seed=2)
    names = [f"promoter_{number}" for number in range(1, 9)]
    pairs = list(zip(names, drawn, strict=True))
    (folder / "sequences.fa").write_text("".join(f">{name}\n{one.letters}\n" for name, one in pairs))
    (folder / "named.bed").write_text("".join(f"{name}\t3\t9\tbox\n" for name in names))
    rows = "".join(f"{name},{one.letters},{i % 2}\n" for i, (name, one) in enumerate(pairs))
    (folder / "promoters.csv").write_text("id,sequence,label\n" + rows)
    (folder / "test.tsv").write_text("id,sequence,label\n".replace(",", "\t") + rows.replace(",", "\t"))
    (folder / "labels.tsv").write_text(
        "id\tlabel\n" + "".join(f"{name}\t{i % 2}\n" for i, name in enumerate(names))
    )
    (folder / "test.fa").write_text((folder / "sequences.fa").read_text())
    proteins = TOYS["protbert"].sequences(*[30] * 4, seed=3)
    (folder / "proteins.fa").write_text("".join(f">p{i}\n{one.letters}\n" for i, one in enumerate(proteins)))


def _genome(folder: Path) -> None:
    letters = "".join(np.random.default_rng(4).choice(list("ACGT"), 31_000))
    (folder / f"{CONTIG}.fna").write_text(f">{CONTIG}\n{letters}\n")
    (folder / f"{CONTIG}.fna.fai").write_text(f"{CONTIG}\t31000\t13\t31000\t31001\n")
    (folder / "chrom.sizes").write_text(f"{CONTIG}\t31000\n")
    rows = [(start, "-+"[i % 2]) for i, start in enumerate(STARTS)]
    windows = "".join(f"{CONTIG}\t{start}\t{start + 100}\tTSS\t0\t{strand}\n" for start, strand in rows)
    (folder / "peaks.bed").write_text(windows)
    peaks = "".join(f"{CONTIG}\t{s}\t{s + 60}\tpeak\t0\t.\t1\t-1\t-1\t30\n" for s, _ in rows)
    (folder / "peaks.narrowPeak").write_text(peaks)
    sites = "".join(f"{CONTIG}\t{s + 60}\t{s + 61}\tTSS\t0\t{strand}\n" for s, strand in rows)
    (folder / "first.bed").write_text(sites)
    (folder / "sites.bed").write_text(sites.replace("\tTSS", "\tbox"))
    genes = "".join(f"{CONTIG}\tx\tCDS\t{s + 1}\t{s + 90}\t.\t{sign}\t0\tID=g{s}\n" for s, sign in rows)
    (folder / "genes.gff3").write_text("##gff-version 3\n" + genes)


@pytest.fixture
def place(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A folder for one block, with what its page has and is not yet to be made."""

    def made(text: str, page: str = "") -> Path:
        folder = tmp_path / "here"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        there = {path.name: path.name for path in world.iterdir()} | ALIKE
        there |= {"sites.bed": "named.bed", "run": "named"} if page in NAMED else {}
        there |= {"MODEL": "cnn"} if page == "data.md" else {}  # whose windows are long
        for name, what in there.items():
            if f"-o {name}\n" not in f"{text}\n" and f"-o {name} " not in text:
                (folder / name).symlink_to(world / what)
        monkeypatch.chdir(folder)
        return folder

    return made


@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path, place: Callable[..., Path], relevome_cli: Cli) -> None:
    own = [block for block in RUN if block.page == page]
    everything = "".join(block.text for block in own)
    place(everything, page.name)
    names: dict[str, Any] | None = None
    made: set[str] = set()
    for block in own:
        if block.language == "bash":
            _run_commands(block, relevome_cli, made)
        else:
            names = _given() if names is None else names
            _run_python(block, names)


def _run_commands(block: CodeBlock, relevome_cli: Cli, made: set[str]) -> None:
    """Commands of a page that write to the same place are alternatives: the last one stays."""
    for command in commands(block.text):
        name, *arguments = shlex.split(command, comments=True)
        assert name == "relevome", f"{block.place}: {command}: mark what is no command of ours"
        out = arguments[arguments.index("-o") + 1] if "-o" in arguments else ""
        if out in made:
            shutil.rmtree(out) if Path(out).is_dir() else Path(out).unlink()
        code, _, errors = relevome_cli(*arguments)
        assert code == 0, f"{block.place}: {command}: {errors}"
        made |= {out} - {""}


def _given() -> dict[str, Any]:
    """What a reader of a page has by then."""
    return {"relevome": relevome, "model": relevome.load_model("my_model", device="cpu")}


def _run_python(block: CodeBlock, names: dict[str, Any]) -> None:
    code = compile(block.text, block.place, "exec")
    exec(code, names)  # noqa: S102 - our own pages
