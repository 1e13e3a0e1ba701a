"""Answers that are kept come back as they were, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relevome.results.motifs.answers import KeptAnswers, answer_key, kept_answers

ANSWERS = {
    answer_key("model", [bytes([number])]): np.random.default_rng(number).normal(size=3 + number)
    for number in range(3)
}


def said(folder: Path) -> dict[bytes, list[float]]:
    return {key: scores.tolist() for key, scores in KeptAnswers(folder).known.items()}


EVERY = {key: scores.tolist() for key, scores in ANSWERS.items()}


def test_answers_come_back_from_several_files_until_they_are_removed(tmp_path: Path) -> None:
    for key, scores in ANSWERS.items():
        with kept_answers(tmp_path / "new") as kept:
            kept.add(key, scores)
    assert len([*(tmp_path / "new").iterdir()]) == len(ANSWERS)
    assert said(tmp_path / "new") == EVERY
    KeptAnswers(tmp_path / "new").remove()
    assert said(tmp_path / "new") == {}


def test_a_file_with_a_byte_changed_or_its_end_lost_says_what_is_true_or_nothing(tmp_path: Path) -> None:
    with kept_answers(tmp_path) as kept:
        for key, scores in ANSWERS.items():
            kept.add(key, scores)
    (path,) = tmp_path.iterdir()
    whole, lost = path.read_bytes(), 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        found = said(tmp_path)
        assert found in ({}, EVERY)
        lost += not found
        path.write_bytes(whole[:place])
        assert said(tmp_path) == {}
    assert lost > len(whole) / 6


def test_other_inputs_another_order_and_another_model_have_other_keys() -> None:
    one, other = b"1" * 16, b"2" * 16
    asked = [("model", [one, other]), ("model", [other, one]), ("model", [one]), ("else", [one, other])]
    assert len({answer_key(*each) for each in asked}) == 4
