"""What holds for every exporter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from relevome.errors import InputError
from relevome.options import configured
from relevome.results.export import exporters
from tests.results.export.structure import LETTERS, dna

ONTO_STRUCTURES = ["chimerax", "mmcif", "pdb", "pymol"]
ON_THE_GENOME = ["bed", "bedgraph", "bigwig", "igv", "ucsc-hub", "washu-hub"]
NAMES = [
    *ON_THE_GENOME, "gff3", "jalview", "letter-scores", "npz", "tsv", "uniprot-json", *ONTO_STRUCTURES,
]  # fmt: skip
# Options without which an exporter does nothing.
NEEDED = {
    "igv": {"genome": "hg38"},
    "ucsc-hub": {"genome": "hg38", "email": "a@b.org"},
    "washu-hub": {"url": "https://example.org/a"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An exporter by its name, with the options that it cannot do without."""
    structure = dna(tmp_path_factory.mktemp("structure"))

    def make(name):
        if name in ONTO_STRUCTURES:
            pytest.importorskip("gemmi", reason="needs the extra `structures`")
            return configured(exporters[name], name, {"structure": structure})
        return exporters[name](**NEEDED.get(name, {}))

    return make


@pytest.fixture
def run(make_run, explain):
    """Six rows for two targets on two chromosomes, ten letters each."""
    places = [
        {"chrom": f"chr{i % 4}", "start": 3 * i, "end": 3 * i + 10, "strand": "+-"[i % 2]} for i in range(6)
    ]
    rows = [
        explain(f"s{i // 2}", LETTERS, seed=i, target="AB"[i % 2], target_index=i % 2, **place)
        for i, place in enumerate(places)
    ]
    return make_run(rows, size=4)


def test_all_are_found_by_name():
    assert set(NAMES) <= set(exporters)


@pytest.mark.parametrize("name", NAMES)
def test_reports_the_files_that_it_made(made, name, run, tmp_path):
    (tmp_path / "out").mkdir()
    report = made(name).export(run, tmp_path / "out" / "x.y")
    assert sorted(report.files) == sorted((tmp_path / "out").iterdir())
    assert report.written > 0
    assert report.skipped == {}


@pytest.mark.parametrize("name", NAMES)
def test_same_run_gives_the_same_bytes(made, name, run, tmp_path):
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        report = made(name).export(run, tmp_path / folder / "x", target="A")
        contents.append([path.read_bytes() for path in report.files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_size_of_parts_does_not_matter(made, name, run, make_run, tmp_path):
    other = make_run(list(run), size=1, name="other")
    for folder in ("one", "two"):  # files may name one another
        (tmp_path / folder).mkdir()
    one = made(name).export(run, tmp_path / "one" / "x")
    two = made(name).export(other, tmp_path / "two" / "x")
    assert [p.read_bytes() for p in one.files] == [p.read_bytes() for p in two.files]


@pytest.mark.parametrize("name", NAMES)
def test_replaces_files_only_if_asked(made, name, run, tmp_path):
    report = made(name).export(run, tmp_path / "x")
    before = [path.read_bytes() for path in report.files]
    with pytest.raises(InputError, match="exists: choose another -o, or replace it with --overwrite"):
        made(name).export(run, tmp_path / "x")
    made(name).export(run, tmp_path / "x", overwrite=True)
    assert [path.read_bytes() for path in report.files] == before


@pytest.mark.parametrize("name", NAMES)
def test_refuses_a_target_that_was_not_explained(made, name, run, tmp_path):
    with pytest.raises(InputError, match="has no target 'C': expected one of A, B"):
        made(name).export(run, tmp_path / "x", target="C")


@pytest.mark.parametrize("name", NAMES)
def test_refuses_a_run_without_rows(made, name, make_run, tmp_path):
    with pytest.raises(InputError, match="holds no explanations"):
        made(name).export(make_run([]), tmp_path / "x")


@pytest.mark.parametrize("name", NAMES)
def test_refuses_a_path_that_cannot_be_written(made, name, run, tmp_path):
    with pytest.raises(InputError, match=r"no folder .*nowhere"):
        made(name).export(run, tmp_path / "nowhere" / "x")


@pytest.mark.parametrize("name", ON_THE_GENOME)
def test_rows_without_an_interval_are_counted(made, name, make_run, explain, tmp_path):
    run = make_run([explain("a"), explain("b", chrom="c", start=0, end=5, strand="."), explain("c")])
    assert made(name).export(run, tmp_path / "x").skipped == {"no genome interval": 2}


@pytest.mark.parametrize("name", ON_THE_GENOME)
def test_without_any_interval_nothing_is_written(made, name, make_run, explain, tmp_path):
    run = make_run([explain("a")])
    with pytest.raises(InputError, match="no genome intervals for target 'promoter'"):
        made(name).export(run, tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("name", ONTO_STRUCTURES)
def test_a_library_that_is_not_there_is_named(made, name, run, tmp_path, monkeypatch):
    exporter = made(name)
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(InputError, match=r"structures need gemmi: pip install 'relevome\[structures\]'"):
        exporter.export(run, tmp_path / "x")


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_leaves_the_former_file_and_nothing_else(made, name, run, tmp_path):
    report = made(name).export(run, tmp_path / "x")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    (run.path / "part-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"part-00001.parquet is damaged or gone"):
        made(name).export(run, tmp_path / "x", overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert all(path.name in before for path in report.files)


def test_exporters_are_listed_without_their_optional_libraries():
    code = "import sys; sys.modules['pybigtools'] = sys.modules['gemmi'] = None; "
    code += "from relevome.results.export import exporters; print(*exporters)"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(NAMES) <= set(listed.stdout.split())
