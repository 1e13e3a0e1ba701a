"""Which activations are element-wise functions of the same activation."""

from __future__ import annotations

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary


class Provenance:
    """Remembers, for tensors made element by element from one activation, which activation that was.

    Models spell out their non-linearities (``x * 0.5 * (1 + erf(x / sqrt 2))``): a product of two
    functions of the same x is one non-linearity of x, not a product of two activations.
    """

    def __init__(self) -> None:
        self._roots: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def root(self, tensor: Tensor) -> Tensor:
        """The activation that ``tensor`` is an element-wise function of; itself if none is known."""
        root = self._roots.get(tensor)
        return tensor if root is None else root

    def derive(self, result: Tensor, source: Tensor) -> Tensor:
        """Record that ``result`` is an element-wise function of ``source``, and return it."""
        root = self.root(source)
        if result is not root and result.shape == root.shape:
            self._roots[result] = root
        return result

    def forget(self, tensor: Tensor) -> None:
        """From now on ``tensor`` is an activation of its own."""
        self._roots.pop(tensor, None)
