"""`relevome pairs`: maps of pairs, and whether they are structure."""
