"""Variants as people see them."""
