"""Whether to trust it: metrics, the models that are asked for them, and what they come to over a run."""
