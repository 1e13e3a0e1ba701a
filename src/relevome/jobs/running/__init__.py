"""What jobs over many sequences share: their shards, and the positions that are asked of one sequence."""
