"""How maps of pairs are made, and which pairs of them are listed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from relevome.errors import InputError
from relevome.options import check_choice

PairMethod: TypeAlias = Literal[
    "dependency", "jacobian", "epistasis", "attention", "attnlrp", "gradient"
]  # fmt: skip
PairEstimate: TypeAlias = Literal["attention-gradient", "attnlrp", "gradient", "none"]
PairSummary: TypeAlias = Literal["largest", "rms"]

_OF_LISTS = ("apart", "most")  # settings that change no map
_BEFORE = {"attention-gradient": True, "none": False}  # as folders say it that were made before attnlrp


@dataclass(frozen=True)
class PairSettings:
    """How maps of pairs are made, and which pairs of them are listed.

    Args:
        method: ``dependency`` (largest change of log2 odds), ``jacobian`` (corrected norms of the categorical
            Jacobian), ``epistasis`` (of double substitutions, in logits of the target), or an estimate by
            itself: ``attention`` (attention times gradient), ``attnlrp`` (relevance from letter to letter) or
            ``gradient`` (the same by plain gradients).
        target: Label of the output of epistasis, or of attention in a model of whole sequences. Default:
            none.
        position: The letter whose logit that is, 0-based, of a model with outputs for every letter. Default:
            none.
        by: The letter that is put in for epistasis. Default: all others.
        summary: What of the combinations of letters epistasis keeps: ``largest``, with its sign, or ``rms``,
            the root of the mean square. Default: ``largest``.
        shuffles: Shuffled sequences for each sequence, whose pairs are the null of the false discovery rate.
            Default: 0, and there is no rate.
        estimate: What stands beside each map: ``attention-gradient`` (from one backward pass), ``attnlrp`` or
            ``gradient`` (a backward pass for every letter), or ``none``. Default: ``attention-gradient``;
            True and False are that and none.
        apart: The least distance of pairs that are listed, and of those over which an estimate is held
            against its map, in letters. Default: 6.
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
    estimate: PairEstimate | bool = "attention-gradient"
    apart: int = 6
    most: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("--method", self.method, get_args(PairMethod))
        check_choice("--summary", self.summary, get_args(PairSummary))
        if isinstance(self.estimate, bool):
            object.__setattr__(self, "estimate", "attention-gradient" if self.estimate else "none")
        check_choice("--estimate", str(self.estimate), get_args(PairEstimate))
        if self.method == "epistasis" and self.estimate in ("attnlrp", "gradient"):
            raise InputError(
                f"--estimate {self.estimate} is from letter to letter, and --method epistasis is of one "
                "logit: expected attention-gradient or none"
            )
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
        every = {name: value for name, value in asdict(self).items() if name not in _OF_LISTS}
        return every | {"estimate": _BEFORE.get(str(self.estimate), self.estimate)}
