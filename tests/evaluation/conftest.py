"""The toys, for the tests of this folder."""

from tests.toys import load, saved, toy_model

__all__ = ["load", "saved", "toy_model"]
