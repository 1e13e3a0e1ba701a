"""Any torch module as a model: how it reads letters, and what its output means."""
