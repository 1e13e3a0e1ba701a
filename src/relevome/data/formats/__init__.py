"""One file format, one file."""
