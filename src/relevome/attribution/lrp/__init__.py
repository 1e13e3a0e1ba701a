"""Layer-wise relevance propagation: the engine, its rules, their backward passes."""
