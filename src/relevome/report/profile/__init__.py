"""A profile as pictures and as a page to read."""
