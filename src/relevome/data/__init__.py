"""What comes in: sequences, the intervals they come from, and what is known about them."""
