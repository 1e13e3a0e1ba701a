"""What is asked of a model: a logit, and sequences that are asked for it together."""

from __future__ import annotations

from dataclasses import dataclass

from relevome.models.tokens import Tokens


@dataclass(frozen=True)
class Target:
    """The logit to explain: an output, optionally at a letter, optionally minus another output.

    ``position`` is a 0-based letter (per-letter and masked language models only); ``mask`` hides that
    letter from a masked language model. Of an index below 0, each sequence has its own: the most probable.
    """

    index: int
    label: str
    position: int | None = None
    contrast: int | None = None
    mask: bool = False

    @property
    def is_predicted(self) -> bool:
        """Whether it is each sequence's own most probable output."""
        return self.index < 0


@dataclass(frozen=True)
class Batch:
    """Sequences that go through a model together, each with the logit asked of it.

    The targets are alike: all or none of them have a position, or a contrast.
    """

    tokens: tuple[Tokens, ...]
    targets: tuple[Target, ...]

    def __post_init__(self) -> None:
        kinds = {(target.position is None, target.contrast is None) for target in self.targets}
        if len(kinds) != 1 or len(self.tokens) != len(self.targets):
            raise ValueError("a batch needs one target for each sequence, all of one kind")

    def __len__(self) -> int:
        return len(self.tokens)

    def alone(self) -> list[Batch]:
        """Every sequence in a batch of its own."""
        pairs = zip(self.tokens, self.targets, strict=True)
        return [Batch((tokens,), (target,)) for tokens, target in pairs]

    @property
    def width(self) -> int:
        """Tokens of the longest sequence."""
        return max(len(tokens) for tokens in self.tokens)
