"""The parts to train, validate and test on, and how much is in each."""

from __future__ import annotations

from relevome.errors import InputError

PARTS = ("train", "validation", "test")


def read_shares(text: str, most: int) -> tuple[float, ...]:
    """Shares such as ``0.8,0.1,0.1``, or ``80,10,10`` percent, of two to ``most`` parts.

    Raises ``InputError`` for what is none, or does not add up.
    """
    try:
        shares = [float(part) for part in text.replace("%", "").split(",")]
    except ValueError:
        shares = []
    total = sum(shares)
    if abs(total - 100) < 1e-6:
        shares, total = [share / 100 for share in shares], 1.0
    if not 2 <= len(shares) <= most or min(shares) <= 0 or abs(total - 1) > 1e-6:
        example = "0.8,0.1,0.1" if most == 3 else "0.9,0.1"
        named = ", ".join(PARTS[:most])
        raise InputError(
            f"--split is {text!r}: expected shares of {named} that add up to 1, such as {example}"
        )
    return tuple(shares)
