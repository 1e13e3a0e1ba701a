"""Which letters a model reads together: what a substitution at one changes of what is said of another."""
