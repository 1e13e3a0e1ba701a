"""What is kept of heads by attention: the objects, and their folder."""
