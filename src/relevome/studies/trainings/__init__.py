"""What the explanations of a model are worth that is trained several times: over all of its trainings."""
