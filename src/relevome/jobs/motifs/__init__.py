"""What motifs the runs of a model look for."""
