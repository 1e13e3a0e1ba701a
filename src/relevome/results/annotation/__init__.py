"""What is kept of an annotated genome: scores of every position, called sites, and how good they are."""
