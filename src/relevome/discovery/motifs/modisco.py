"""Patterns by TF-MoDISco, where there are scores of every base at every letter.

Shrikumar et al. 2018, arXiv:1811.00416, as modisco-lite has it (https://github.com/jmschrei/tfmodisco-lite,
MIT). The library that it groups seqlets by, leidenalg, and igraph behind it are under the GNU General Public
License, so it is an extra of its own.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import DNA
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.patterns import MODISCO, SeqletPattern, pattern_at
from relevome.discovery.motifs.windows import Spots
from relevome.errors import InputError

if TYPE_CHECKING:
    from modiscolite.core import SeqletSet  # pyright: ignore[reportMissingImports]

_CORE, _FLANK = 21, 10  # letters of its seqlets


def modisco_patterns(
    maps: LetterMaps,
    every_base: Float[np.ndarray, "sequences length bases"],
    most: int = 20_000,
    fewest: int = 20,
) -> list[SeqletPattern]:
    """Patterns of TF-MoDISco, positive ones first, each by number of seqlets; cut as aligned ones are.

    It has seqlets of its own, at its own false discovery rate of 0.2, and finds none in fewer than 100 of
    one sign. It looks at both strands.

    Args:
        maps: Letters, and relevance, from which contributions are taken.
        every_base: What each base would contribute at each letter, in the order ACGT.
        most: Seqlets of each sign that are grouped. Default: 20000.
        fewest: Seqlets that a pattern has at least. Default: 20.

    Raises:
        InputError: Where modisco-lite is not installed, for RNA and proteins, for sequences of unlike or too
            few letters, and where it fails.
    """
    length = _length(maps, every_base)
    from modiscolite.tfmodisco import TFMoDISco  # pyright: ignore[reportMissingImports]

    one_hot = (maps.codes.reshape(-1, length)[:, :, None] == np.arange(4)).astype(np.float32)
    try:
        found = TFMoDISco(
            one_hot=one_hot,
            hypothetical_contribs=every_base.astype(np.float32),
            sliding_window_size=_CORE,
            flank_size=_FLANK,
            max_seqlets_per_metacluster=most,
            final_min_cluster_size=fewest,
        )
    except (ValueError, LookupError, ArithmeticError) as error:  # such as of scores of one sign alone
        raise InputError(
            f"TF-MoDISco failed ({type(error).__name__}: {error}): align seqlets (--way align)"
        ) from error
    named = [(sign, one) for sign, some in zip((1, -1), found, strict=True) for one in some or []]
    patterns = [_pattern(maps, one, sign) for sign, one in named]
    return sorted((one for one in patterns if one), key=lambda one: (-one.sign, -one.seqlets))


def unfit(maps: LetterMaps) -> str | None:
    """Why TF-MoDISco cannot look at these maps, None where it can."""
    lengths = np.unique(np.diff(maps.bounds))
    if maps.alphabet != DNA:
        return (
            f"TF-MoDISco looks at both strands of dna, and the sequences are {maps.alphabet.name}: align "
            "seqlets"
        )
    if len(lengths) > 1:
        return (
            f"TF-MoDISco needs sequences of one length; these have {lengths[0]} to {lengths[-1]} letters: "
            "cut them to one, or align seqlets"
        )
    if lengths[0] < _CORE + 2 * _FLANK:
        return (
            f"sequences of {lengths[0]} letters: TF-MoDISco needs {_CORE + 2 * _FLANK} or more; align seqlets"
        )
    if find_spec("modiscolite") is None:
        return "patterns by TF-MoDISco need modisco-lite: pip install 'relevome[modisco]', or align seqlets"
    return None


def _length(maps: LetterMaps, every_base: Float[np.ndarray, "sequences length bases"]) -> int:
    length = int(maps.bounds[1])
    why = unfit(maps)
    if why is not None:
        raise InputError(why)
    if every_base.shape != (len(maps), length, 4):
        raise InputError(
            f"scores of every base have shape {every_base.shape}: expected {(len(maps), length, 4)}, "
            "sequences, letters and bases"
        )
    return length


def _pattern(maps: LetterMaps, found: SeqletSet, sign: int) -> SeqletPattern | None:
    """Its seqlets, cut to the letters that tell it from the background."""
    width = len(found.seqlets[0])
    half = -(-width // 2)
    turned = np.array([bool(one.is_revcomp) for one in found.seqlets])
    start = np.array([one.start for one in found.seqlets], dtype=np.int64)
    sequence = np.array([one.example_idx for one in found.seqlets], dtype=np.int64)
    centre = maps.bounds[sequence] + start + half - (width % 2) * turned
    return pattern_at(maps, Spots(centre, sequence, turned), sign, half, maps.frequencies, MODISCO)
