from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("gemmi", reason="needs the extra `structures`")

from relevome.errors import InputError
from relevome.results.export.chimerax import ChimeraX
from tests.results.export.structure import LETTERS, dna

VALUES = np.array([0.1, -1e-7, 12345.678, 0, 0, 1 / 3, 0, 0, 0, -1e30], dtype=np.float32)

# as _atomspec.peg of ChimeraX 1.8 has it: a chain, then a residue, each one part without a range
SPEC = re.compile(r"/([a-zA-Z0-9_'\"*?\[\]\\]+):(-?[0-9]+)([a-zA-Z]?)")


def attributes(path):
    """Control lines and data lines, as defattr.py of ChimeraX tells them apart."""
    controls, data = {}, []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("\t"):
            spec, value = line[1:].split("\t")
            found = SPEC.fullmatch(spec)
            assert found, spec
            data.append((*found.groups(), value))
        else:
            name, value = line.split(": ")
            controls[name] = value
    return controls, data


def test_each_residue_has_its_value(make_run, letters_only, tmp_path):
    run = make_run([letters_only("x\n\tattribute: y", LETTERS, VALUES)])
    report = ChimeraX(structure=dna(tmp_path)).export(run, tmp_path / "x.defattr")
    controls, data = attributes(tmp_path / "x.defattr")
    assert controls == {"attribute": "relevance", "match mode": "any", "recipient": "residues"}
    assert [row[:3] for row in data] == [("A", str(number), "") for number in range(1, 11)]
    assert np.array([row[3] for row in data], dtype=np.float32).tolist() == VALUES.tolist()
    assert all(re.fullmatch(r"-?[0-9.]+(e[+-]?[0-9]+)?", row[3]) for row in data)
    assert (report.written, report.unit) == (10, "residues")


def test_insertion_codes_and_numbers_below_zero(make_run, letters_only, tmp_path):
    given = dna(tmp_path)
    lines = given.read_text().splitlines()
    lines[:3] = [
        f"{line[:22]}{place}{line[27:]}"
        for line, place in zip(lines, ("  -2 ", "  -2A", "  -1 "), strict=False)
    ]
    given.write_text("\n".join(lines))
    ChimeraX(structure=given).export(make_run([letters_only("s", LETTERS, VALUES)]), tmp_path / "x")
    assert [row[1:3] for row in attributes(tmp_path / "x")[1]][:4] == [
        ("-2", ""),
        ("-2", "A"),
        ("-1", ""),
        ("4", ""),
    ]


def test_a_chain_without_a_name_is_any_only_where_it_is_alone(make_run, letters_only, tmp_path):
    given = dna(tmp_path)
    nameless = [
        f"{line[:21]} {line[22:]}" for line in given.read_text().splitlines() if line.startswith("ATOM")
    ]
    other = [f"{line[:21]}B{line[22:46]}{50.0:8.3f}{line[54:]}" for line in nameless]
    run = make_run([letters_only("s", LETTERS, VALUES)])
    given.write_text("\n".join([*nameless, "END"]))
    ChimeraX(structure=given).export(run, tmp_path / "x")
    assert {row[0] for row in attributes(tmp_path / "x")[1]} == {"?"}
    given.write_text("\n".join([*nameless, "TER", *other, "END"]))
    with pytest.raises(InputError, match=r"chain ' *' cannot be meant in a file of ChimeraX"):
        ChimeraX(structure=given).export(run, tmp_path / "y")
