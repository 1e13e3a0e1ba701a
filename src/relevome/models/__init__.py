"""What is explained: a trained model and the way it reads sequences."""

from __future__ import annotations

from relevome.registry import Registry

# Architectures of our own, by name. Each registers its class here and with transformers' Auto classes. If
# there are checkpoints whose config.json names another architecture, or code of its own, the configuration
# class has a class method `claims(fields)` that knows them.
models: Registry[type] = Registry("model", "relevome.models")

__all__ = ["models"]
