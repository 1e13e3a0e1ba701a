"""Motifs as a page to read and as logos."""
