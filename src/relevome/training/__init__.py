"""Training and fine-tuning: one objective, one file, and the machinery beside it."""
