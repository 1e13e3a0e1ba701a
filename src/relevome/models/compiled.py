"""Models under `torch.compile` are explained as they were written.

What reads operations, hooks or names of weights needs the module itself: compiled, it would have our rules
compiled too, for minutes, and hooks that come later would not be called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

MARK = "_orig_mod"  # the module inside of one that was compiled, by torch's own name


def as_written(module: nn.Module) -> nn.Module:
    """The module that was compiled; any other as it is."""
    while isinstance(inner := getattr(module, MARK, None), nn.Module):
        module = inner
    return module


@contextmanager
def uncompiled() -> Iterator[None]:
    """While active, what was compiled in a model, or is to be, runs as it was written."""
    if "torch._dynamo" not in sys.modules:  # nothing was compiled; to ask would import it for seconds
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
