"""What motifs a model looks for: matrices, every place, names, known sites; a folder of them."""
