"""How motifs were looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from relevome.errors import InputError
from relevome.options import check_choice

MotifWay = Literal["auto", "align", "modisco"]
MotifNull = Literal["pairs", "letters"]
Strands = Literal["auto", "both", "one"]


@dataclass(frozen=True)
class MotifSearch:
    """How motifs were looked for.

    Args:
        way: Patterns by aligned seqlets (``align``), by TF-MoDISco (``modisco``), or by TF-MoDISco where that
            can be (``auto``). Default: ``align``.
        fdr: False discovery rate of motifs, and of hits. Default: 0.05.
        fewest: Seqlets that a motif has at least. Default: 20.
        strands: Whether motifs may lie on ``both`` strands or on ``one``; ``auto`` is both for DNA alone.
        null: Without another null, relevance is in random order among equal ``pairs`` of letters or equal
            ``letters``. Default: ``pairs``.
        draws: Random orders, at least 1. Default: 2.
        level: False discovery rate of names and of known sites. Default: 0.05.
        seed: Of what is drawn. Default: 0.
        candidates: False discovery rate of the seqlets that motifs are made of, ``fdr`` where that is more.
            Default: 0.5.

    Raises:
        InputError: For numbers and words that cannot be.
    """

    way: MotifWay = "align"
    fdr: float = 0.05
    fewest: int = 20
    strands: Strands = "auto"
    null: MotifNull = "pairs"
    draws: int = 2
    level: float = 0.05
    seed: int = 0
    candidates: float = 0.5

    def __post_init__(self) -> None:
        for name, rate in (("--fdr", self.fdr), ("--level", self.level), ("--candidates", self.candidates)):
            if not 0 < rate < 1:
                raise InputError(f"{name} {rate:g}: expected a false discovery rate between 0 and 1")
        if self.fewest < 2:
            raise InputError(f"--fewest {self.fewest}: expected 2 seqlets or more, such as 20")
        if self.draws < 1:
            raise InputError(f"--draws {self.draws}: expected 1 random order or more")
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: expected 0 or more")
        check_choice("--way", self.way, get_args(MotifWay))
        check_choice("--strands", self.strands, get_args(Strands))
        check_choice("--null", self.null, get_args(MotifNull))
