"""What made-up sequences and genomes hold, and the exact truth about them."""
