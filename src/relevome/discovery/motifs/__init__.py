"""What a model looks for: stretches of relevance, the patterns they make, and every place that has one."""
