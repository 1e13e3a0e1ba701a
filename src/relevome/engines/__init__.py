"""Where the work is done: one `map` each."""
