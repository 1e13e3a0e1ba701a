"""The one error of users is one line, whatever it cites."""

from __future__ import annotations

import pickle

from relevome.errors import InputError


def test_an_error_is_one_line_of_what_can_be_seen() -> None:
    error = InputError("no 'a\nb\r\nc\u2028d' \x1b[31m\ud800 é")
    assert str(error) == "no 'a b c d' \\x1b[31m\\ud800 é"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - as between processes
