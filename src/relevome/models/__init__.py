"""What is explained: a trained model and the way it reads sequences."""

from __future__ import annotations

from relevome.registry import Registry

# Architectures of our own, by the name that `relevome train --arch` takes. Each file registers its
# class here and with transformers' Auto classes.
models: Registry[type] = Registry("model", "relevome.models")

__all__ = ["models"]
