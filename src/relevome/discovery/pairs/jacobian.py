"""The categorical Jacobian: every letter at every place, and the logits of every letter at every place.

Zhang, Wayment-Steele, Brixi, Wang, Kern, Ovchinnikov 2024, PNAS 121:e2406285121, doi
10.1073/pnas.2406285121. The product correction is by Dunn, Wahl, Gloor 2008, Bioinformatics 24:333-340.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from relevome.data.sequences import Alphabet
from relevome.data.sequences import Sequence as Letters
from relevome.discovery.pairs.strands import PairMap, gathered, seen_pairs
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.mutants.every_letter import UNCHANGED, LetterLogits, outputs_of_letters
from relevome.models.tokens import Tokens

MOST_BYTES = 2 << 30  # of the Jacobian of one sequence

Jacobian = Float[np.ndarray, "places letters others outputs"]
Seen = Bool[np.ndarray, "places others"]
Square = Float[np.ndarray, "places places"]


def jacobian_maps(model: Model, sequences: Sequence[Letters]) -> Iterator[tuple[int, PairMap | InputError]]:
    """The contact map of the categorical Jacobian of every sequence, with its number, as they come.

    J[i, a, j, b] is how the logit of letter b at j changes when a stands at i, less its mean over each of the
    four axes in turn. It is made symmetrical, (J[i, a, j, b] + J[j, b, i, a]) / 2; at [i, j] is then its
    Frobenius norm over a and b, 0 where i is j, after `product_corrected`. So is the source's code.

    Of a causal model only pairs with j behind i are seen, of nucleic acids on both strands. Means are over
    pairs that are seen, and a pair that is seen one way round is taken as it is. Of a model with outputs for
    every letter b is an output: then the norms of both ways are averaged, since J cannot be turned.

    Args:
        model: As for `dependency_maps`; outputs may be numbers.
        sequences: Any that the model takes. One whose Jacobian would need more than 2 GiB gives an error.

    Raises:
        InputError: For a model that reads tokens of several letters, or has outputs of whole sequences.
    """
    dtype = np.float64 if str(model.dtype) == "torch.float64" else np.float32
    size = outputs_of_letters(model) * len(model.alphabet.letters) * np.dtype(dtype).itemsize
    fitting = [number for number, one in enumerate(sequences) if size * len(one) ** 2 <= MOST_BYTES]
    for number in sorted({*range(len(sequences))} - {*fitting}):
        yield number, _too_large(sequences[number], size)
    few = [sequences[number] for number in fitting]
    for place, found in gathered(model, few, partial(_Changes, model, dtype)):
        sequence = few[place]
        if isinstance(found, InputError):
            yield fitting[place], found
            continue
        parts = [one.jacobian for one in found if isinstance(one, _Changes)]
        whole = _put_together(parts, model.alphabet, model.kind.language)
        seen = seen_pairs(model, len(sequence))
        values = contact_map(whole, seen, letters=model.kind.language)
        yield fitting[place], PairMap(sequence, values)


def contact_map(jacobian: Jacobian, seen: Seen, letters: bool) -> Square:
    """From a Jacobian, which is changed, to the corrected norms of all pairs.

    Args:
        jacobian: Changes of logits: substituted place and letter, then place and letter of the logit; 0 for
            pairs that are not seen.
        seen: Which pairs of places are.
        letters: Whether the last axis is of the same letters as the second.
    """
    centre(jacobian, seen)
    return product_corrected(norms(jacobian, seen, letters))


def centre(jacobian: Jacobian, seen: Seen) -> None:
    """Take away, in place, the mean over each axis in turn, of the pairs that are seen."""
    pairs = seen[:, None, :, None]
    jacobian *= pairs
    for axis, size in enumerate((1, jacobian.shape[1], 1, jacobian.shape[3])):
        counts = np.maximum(pairs.sum(axis, keepdims=True) * size, 1)
        mean = jacobian.sum(axis, keepdims=True, dtype=np.float64) / counts
        jacobian -= mean.astype(jacobian.dtype)
        jacobian *= pairs


def norms(jacobian: Jacobian, seen: Seen, letters: bool) -> Square:
    """Frobenius norms over letters of what is made symmetrical, place by place; 0 on the diagonal."""
    found = np.zeros(seen.shape)
    for place in range(len(seen)):
        there = jacobian[place].swapaxes(0, 1).astype(np.float64)
        back = jacobian[:, :, place].astype(np.float64)
        ways = np.stack([seen[place], seen[:, place]]).astype(np.float64)
        ways /= np.maximum(ways.sum(0), 1)
        if letters:
            both = there * ways[0][:, None, None] + back.swapaxes(1, 2) * ways[1][:, None, None]
            found[place] = np.sqrt((both**2).sum((1, 2)))
        else:
            found[place] = ways[0] * _norm(there) + ways[1] * _norm(back)
    np.fill_diagonal(found, 0.0)
    return found


def product_corrected(values: Square) -> Square:
    """Less the product of the sums of row and column over the sum of all; 0 on the diagonal.

    What a place has with every other one is taken away. The diagonal is 0 in the sums too, as in the source.
    """
    total = values.sum()
    if total == 0:
        return np.zeros_like(values)
    found = values - values.sum(0, keepdims=True) * values.sum(1, keepdims=True) / total
    np.fill_diagonal(found, 0.0)
    return found


def _norm(values: Float[np.ndarray, "places letters outputs"]) -> Float[np.ndarray, " places"]:
    return np.sqrt((values**2).sum((1, 2)))


class _Changes:
    """How the logits of one strand change by every substitution."""

    def __init__(self, model: Model, dtype: type, tokens: Tokens) -> None:
        letters = len(tokens.sequence)
        self._own = np.zeros(0)
        self.jacobian = np.zeros(
            (letters, len(model.alphabet.letters), letters, outputs_of_letters(model)), dtype
        )

    def add(self, found: LetterLogits) -> None:
        logits = found.logits
        if found.places[0] == UNCHANGED:
            self._own, logits = logits[0], logits[1:]
        changed = found.places != UNCHANGED
        self.jacobian[found.places[changed], found.letters[changed]] = logits - self._own


def _put_together(parts: list[np.ndarray], alphabet: Alphabet, letters: bool) -> Jacobian:
    """Of every pair the strand that sees it: letters of the other strand are their complements there."""
    whole = parts[0]
    if len(parts) > 1 and alphabet.complements is not None and letters:
        other = [alphabet.letters.index(alphabet.complements[letter]) for letter in alphabet.letters]
        turned = parts[1][::-1, :, ::-1][:, other][..., other]
        behind = np.tri(len(whole), k=-1, dtype=bool)
        whole = np.where(behind[:, None, :, None], turned, whole)
    return whole


def _too_large(sequence: Letters, size: int) -> InputError:
    most = int((MOST_BYTES / size) ** 0.5)
    return InputError(
        f"sequence {sequence.id!r} has {len(sequence):,} letters, and a categorical Jacobian takes their "
        f"square: expected {most:,} letters at most, or --method dependency"
    )
