"""Windows of one length: around what lines of a file are about, and in tables to learn from."""
