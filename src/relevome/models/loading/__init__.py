"""How files of a checkpoint become a module and a tokenizer, and what is said where they do not."""
