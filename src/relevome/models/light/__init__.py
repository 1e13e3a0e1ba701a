"""What is known of models, and read of those of our own, without the model classes of transformers.

Those take most of the time until a small model has explained something.
"""
