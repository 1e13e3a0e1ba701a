"""What is kept: the run directory."""
