from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gemmi", reason="needs the extra `structures`")

from relevome.errors import InputError
from relevome.results.export.pdb import Pdb
from tests.results.export.structure import LETTERS, dna


@pytest.fixture
def write(make_run, letters_only, tmp_path):
    """The lines of an export of these values."""

    def write_pdb(values, target="y", id="s", **options):
        run = make_run([letters_only(id, LETTERS, values, target=target)])
        Pdb(structure=dna(tmp_path), **options).export(run, tmp_path / "x.pdb", overwrite=True)
        return (tmp_path / "x.pdb").read_text().splitlines()

    return write_pdb


def columns(lines):
    return [line[60:66] for line in lines if line.startswith("ATOM")]


VALUES = np.array([0.5, -0.25, 0, 0, 0, 0, 0, 0, 0, 0.0625])


@pytest.mark.parametrize(
    ("factor", "scale"),
    [(1.0, 100), (2.1, 100), (180.0, 1), (-1.0, 100), (-2.0, 10), (1e-4, 1e6), (1e6, 0.0001), (0.0, 1)],
)
def test_the_highest_power_of_ten_that_fits_all_is_chosen_and_written(write, factor, scale):
    lines = write(VALUES * factor)
    said = [line for line in lines if line.startswith("REMARK  99 B-FACTORS")]
    assert said == [f"REMARK  99 B-FACTORS ARE RELEVANCE IN LOGITS TIMES {scale:.10g} (RELEVOME)"]
    written = [float(text) for text in columns(lines)]
    assert written == pytest.approx((VALUES * factor).astype(np.float32) * scale, abs=0.0051)
    largest = max(max(written) / 999.99, min(written) / -99.99)
    assert largest <= 1
    assert largest > 0.0999 or factor == 0  # ten times as much would not fit


def test_a_scale_may_be_given_that_fits(write):
    assert columns(write(VALUES, scale=20.0))[:2] == [" 10.00", " -5.00"]
    with pytest.raises(
        InputError, match=r"times 10000 does not fit .* a scale of 100 does; or export to mmcif"
    ):
        write(VALUES, scale=1e4)
    with pytest.raises(InputError, match=r"scale is -1\.0: expected a number above 0"):
        Pdb(scale=-1.0)


def test_says_what_every_chain_is_in_lines_of_80_columns_that_steer_nothing(write):
    lines = write(VALUES, target="a\nATOM\x1b[2J", id="sp|" + "x" * 200)
    assert max(map(len, lines)) <= 80
    text = "".join(line[11:] for line in lines if line.startswith("REMARK  99"))
    assert "TARGET: a\\nATOM\\x1b[2JCHAIN A: sp|" + "x" * 200 in text
    assert len(columns(lines)) == 10


def test_remarks_stand_in_the_order_of_their_numbers(make_run, letters_only, tmp_path):
    given = dna(tmp_path)
    head = [f"REMARK {number:3d} {text}".ljust(80) for number in (2, 3, 200, 465) for text in ("", "TEXT")]
    given.write_text("\n".join(["TITLE     DNA", *head, given.read_text()]))
    run = make_run([letters_only("s", LETTERS, VALUES)])
    Pdb(structure=given).export(run, tmp_path / "x.pdb")
    lines = (tmp_path / "x.pdb").read_text().splitlines()
    numbers = [int(line[7:10]) for line in lines if line.startswith("REMARK")]
    assert numbers == sorted(numbers)
    assert {2, 3, 99, 200, 465} == {*numbers}
    assert lines[0].startswith("TITLE")


def test_anisotropic_b_factors_go(make_run, letters_only, tmp_path):
    given = dna(tmp_path)
    lines = given.read_text().splitlines()
    more = "  1000" * 3 + "     0" * 3
    lines.insert(1, "ANISOU" + lines[0][6:28] + more + lines[0][70:])
    given.write_text("\n".join(lines))
    run = make_run([letters_only("s", LETTERS, VALUES)])
    Pdb(structure=given).export(run, tmp_path / "x.pdb")
    assert "ANISOU" not in (tmp_path / "x.pdb").read_text()


def test_what_does_not_fit_into_the_format_is_refused(make_run, letters_only, tmp_path):
    import gemmi

    structure = gemmi.read_structure(str(dna(tmp_path)))
    structure[0][0].name = "LONG"
    structure.setup_entities()
    structure.make_mmcif_document().write_file(str(tmp_path / "given.cif"))
    run = make_run([letters_only("s", LETTERS, VALUES)])
    with pytest.raises(InputError, match=r"given.cif does not fit into PDB format: .*export to mmcif"):
        Pdb(structure=tmp_path / "given.cif").export(run, tmp_path / "x.pdb")
