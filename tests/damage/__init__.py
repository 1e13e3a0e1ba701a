"""Damaged input for every reader: how it is made, who reads it, and what an independent reader says."""
