"""SpliceAI: donors and acceptors of splicing at every letter (Jaganathan et al. 2019, Cell 176:535-548).

Five dilated residual networks, whose probabilities are averaged. Each letter is read with 5,000 on either
side; where a sequence ends, with N. The weights are for academic, non-commercial use.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from relevome.models.any_module.adapt import from_module
from relevome.models.any_module.reading import OneHot
from relevome.models.base import Model
from relevome.models.published import published
from relevome.models.published.keras import read_keras
from relevome.models.published.wheels import Wheel

CONTEXT = 5_000
LABELS = ("neither", "acceptor", "donor")


class MeanOfProbabilities(nn.Module):
    """The logarithm of the mean of several networks' probabilities: its softmax is that mean again."""

    def __init__(self, networks: list[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Float[Tensor, "batch positions channels"]) -> Float[Tensor, "batch places outputs"]:
        """Of every class at every place."""
        total = self.networks[0](x)
        for network in list(self.networks)[1:]:
            total = total + network(x)
        mean = total / len(self.networks)
        return mean.clamp_min(torch.finfo(mean.dtype).tiny).log()


@published.register("spliceai")
class SpliceAi:
    """CNNs of splice sites: ``spliceai1.h5`` to ``spliceai5.h5``, or some of them."""

    heads = ()
    wheel = Wheel(
        "spliceai",
        "1.3.1",
        "63c633b8de6803d4ffb613e6ef62f1a896fec9fc13245c0f000ff7adea279776",
        ("spliceai/models/spliceai[1-5].h5",),
        "CC BY-NC 4.0, academic and non-commercial use only",
    )

    @staticmethod
    def _files(path: Path) -> list[Path]:
        return sorted(path.glob("spliceai[1-5].h5"))

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Whether there is one of the files."""
        return bool(cls._files(path))

    @classmethod
    def read(cls, path: Path, head: str | None) -> Model:
        """The mean of the networks that are there, with outputs for every letter."""
        networks: list[nn.Module] = [read_keras(file) for file in cls._files(path)]
        model = from_module(
            MeanOfProbabilities(networks), channels="last", flank=CONTEXT, outputs="classes", labels=LABELS
        )
        cast(OneHot, model.module.get_submodule("reading")).local = True
        model.source = replace(model.source, path=str(path.resolve()))
        return model
