"""How good the model is that is explained: what its training left, what that is worth, and the words."""
