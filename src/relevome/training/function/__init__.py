"""What proteins do, as something to learn: EC numbers and GO terms, their labels, and their scores."""
