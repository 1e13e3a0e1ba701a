"""What variants do to the outputs of a model: rows, a table, and their VCF with what was found."""
