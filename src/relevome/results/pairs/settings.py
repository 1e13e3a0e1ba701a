"""How maps of pairs are made, and which pairs of them are listed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from relevome.errors import InputError
from relevome.options import check_choice

PairMethod: TypeAlias = Literal["dependency", "jacobian", "epistasis", "attention"]
PairSummary: TypeAlias = Literal["largest", "rms"]

_OF_LISTS = ("apart", "most")  # settings that change no map


@dataclass(frozen=True)
class PairSettings:
    """How maps of pairs are made, and which pairs of them are listed.

    Args:
        method: ``dependency`` (largest change of log2 odds), ``jacobian`` (corrected norms of the categorical
            Jacobian), ``epistasis`` (of double substitutions, in logits of the target), or ``attention`` (the
            estimate from one pass, by itself).
        target: Label of the output of epistasis, or of attention in a model of whole sequences. Default:
            none.
        position: The letter whose logit that is, 0-based, of a model with outputs for every letter. Default:
            none.
        by: The letter that is put in for epistasis. Default: all others.
        summary: What of the combinations of letters epistasis keeps: ``largest``, with its sign, or ``rms``,
            the root of the mean square. Default: ``largest``.
        shuffles: Shuffled sequences for each sequence, whose pairs are the null of the false discovery rate.
            Default: 0, and there is no rate.
        estimate: Whether there is an estimate from one pass beside each map. Default: True.
        apart: The least distance of pairs that are listed, in letters. Default: 6.
        most: So many of the strongest pairs are listed. Default: 1000.
        seed: Of shuffles. Default: 0.

    Raises:
        InputError: For numbers that cannot be, and options of another method.
    """

    method: PairMethod
    target: str | None = None
    position: int | None = None
    by: str | None = None
    summary: PairSummary = "largest"
    shuffles: int = 0
    estimate: bool = True
    apart: int = 6
    most: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("--method", self.method, get_args(PairMethod))
        check_choice("--summary", self.summary, get_args(PairSummary))
        if self.method != "epistasis" and (self.by is not None or self.summary != "largest"):
            raise InputError(f"--by and --summary are of --method epistasis, not of {self.method}")
        if self.shuffles < 0 or self.apart < 1 or self.most < 1:
            raise InputError(
                f"--shuffles {self.shuffles}, --apart {self.apart} and --most {self.most}: expected 0 or "
                "more, 1 or more, and 1 or more"
            )

    @property
    def of_maps(self) -> dict[str, Any]:
        """What decides the maps, by name."""
        return {name: value for name, value in asdict(self).items() if name not in _OF_LISTS}
