"""What is kept of an evaluation: settings, scores, checks and curves, with a writer and a reader."""
