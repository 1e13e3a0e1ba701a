"""What it means: motifs, heads and variants behind the relevance."""
