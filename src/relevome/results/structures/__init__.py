"""Relevance on the residues of a structure: chains matched to the sequences of a run by alignment."""
