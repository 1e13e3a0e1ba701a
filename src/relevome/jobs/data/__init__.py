"""The verbs of `relevome data`: fetch, list and windows, and what they are made of."""
