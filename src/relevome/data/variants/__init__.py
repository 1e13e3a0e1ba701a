"""Variants: what they are, whether they lie on a sequence as they say, and the windows around them."""
