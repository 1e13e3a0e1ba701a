"""Every verb of the program: one function, one file; it asks nothing of a terminal."""
