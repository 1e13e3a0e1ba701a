"""Runs, as the tests of results make them, and one S3 for all tests of jobs in a store."""

from tests.results.conftest import explain, letters_only, make_run
from tests.stores import kept
from tests.stores.server import s3, store

__all__ = ["explain", "kept", "letters_only", "make_run", "s3", "store"]
