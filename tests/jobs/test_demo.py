"""The demo runs from end to end and leaves what it speaks of."""

from __future__ import annotations

import pytest

from relevome.errors import InputError
from relevome.jobs import demo


def test_the_demo_leaves_what_it_speaks_of(tmp_path, monkeypatch):
    for name, size in {"SEQUENCES": 60, "EPOCHS": 1, "EXPLAINED": 3}.items():
        monkeypatch.setattr(demo, name, size)
    said = []
    demo.demo(tmp_path / "demo", 0, said.append)
    folder = tmp_path / "demo"
    table = (folder / "scores.tsv").read_text().splitlines()
    assert len(table) == 1 + 2 * 3 * 10, "two models, three methods, five metrics and their twins"
    for model in ("cnn", "transformer"):
        for method in demo.METHODS:
            assert (folder / f"{model}-{method}.png").read_bytes().startswith(b"\x89PNG")
            assert (folder / f"{model}-{method}" / "run.json").is_file()
    for line in said[-3:]:
        path = line.split(":")[0].strip()
        assert folder in (type(folder)(path)).parents
        assert type(folder)(path).exists()
    with pytest.raises(InputError, match="not empty"):
        demo.demo(folder, 0, said.append)
