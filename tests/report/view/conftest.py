"""Runs, as the tests of results make them."""

from tests.results.conftest import explain, letters_only, make_run

__all__ = ["explain", "letters_only", "make_run"]
