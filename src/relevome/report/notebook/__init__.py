"""How results are drawn by their ``plot``: a file for every kind, found by the names of its classes."""
