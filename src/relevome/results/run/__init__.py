"""The run: one row for every sequence and target, in parts, and what it was asked."""
