"""What `relevome pairs` keeps: a map for every sequence, the strongest pairs of all, and the record."""
