"""Relevance by position: rows around an anchor, their means, and the order in which they are seen."""
