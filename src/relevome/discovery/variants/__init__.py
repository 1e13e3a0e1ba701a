"""What a model makes of variants: whole sequences, outputs for every letter, masked language models."""
