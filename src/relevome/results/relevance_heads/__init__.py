"""What is kept of heads by relevance: the objects, and their folder."""
