"""Maps of pairs as pictures."""
