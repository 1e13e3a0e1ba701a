from __future__ import annotations

import numpy as np
import pytest

from relevome.results.export.mmcif import MmCif
from tests.results.export.structure import LETTERS, dna

gemmi = pytest.importorskip("gemmi", reason="needs the extra `structures`")

VALUES = np.array([0.1, -1e-7, 12345.678, 0, 0, 1 / 3, 0, 0, 0, -1e30], dtype=np.float32)


@pytest.fixture
def given(tmp_path):
    """mmCIF with columns and categories of its own."""
    structure = gemmi.read_structure(str(dna(tmp_path)))
    structure.setup_entities()
    block = structure.make_mmcif_document().sole_block()
    block.find_loop("_atom_site.id").get_loop().add_columns(["_atom_site.my_own"], "'kept as it is'")
    block.set_pair("_my_category.text", "'also kept'")
    anisotropic = block.init_loop("_atom_site_anisotrop.", ["id", "U[1][1]"])
    anisotropic.add_row(["1", "0.1"])
    document = gemmi.cif.Document()
    document.add_copied_block(block)
    document.write_file(str(tmp_path / "given.cif"))
    return tmp_path / "given.cif"


def test_values_come_back_as_the_same_float32_and_all_else_stays(given, make_run, letters_only, tmp_path):
    run = make_run([letters_only('#\'; "x"', LETTERS, VALUES, target="_y.z\n;data_")])
    MmCif(structure=given).export(run, tmp_path / "x.cif")
    before, after = (gemmi.cif.read_file(str(path)).sole_block() for path in (given, tmp_path / "x.cif"))
    assert (
        np.array([*after.find_values("_atom_site.B_iso_or_equiv")], dtype=np.float32).tolist()
        == VALUES.tolist()
    )
    for category in before.get_mmcif_category_names():
        now = after.find_mmcif_category(category)
        if category == "_atom_site_anisotrop.":
            assert not len(now)
            continue
        then = before.find_mmcif_category(category)
        assert [*now.tags] == [*then.tags]
        for tag, *columns in zip(now.tags, zip(*now, strict=True), zip(*then, strict=True), strict=True):
            assert columns[0] == columns[1] or tag == "_atom_site.B_iso_or_equiv", tag
    assert gemmi.cif.as_string(after.find_value("_relevome.target")) == "_y.z\\n;data_"
    assert [gemmi.cif.as_string(name) for name in after.find_values("_relevome_chain.sequence_id")] == [
        '#\'; "x"'
    ]


def test_without_a_column_for_b_factors_there_is_one_afterwards(given, make_run, letters_only, tmp_path):
    document = gemmi.cif.read_file(str(given))
    document.sole_block().find_loop("_atom_site.B_iso_or_equiv").erase()
    document.write_file(str(given))
    run = make_run([letters_only("s", LETTERS, VALUES)])
    MmCif(structure=given).export(run, tmp_path / "x.cif")
    after = gemmi.cif.read_file(str(tmp_path / "x.cif")).sole_block()
    assert (
        np.array([*after.find_values("_atom_site.B_iso_or_equiv")], dtype=np.float32).tolist()
        == VALUES.tolist()
    )
