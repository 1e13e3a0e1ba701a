"""The maps of many sequences by one method, with those of their shuffles and an estimate beside each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, field, replace

import numpy as np

from relevome.data.sequences import Sequence
from relevome.data.shuffle import dinucleotide_shuffle, shuffle
from relevome.discovery.pairs.dependency import dependency_maps
from relevome.discovery.pairs.epistasis import epistasis_map
from relevome.discovery.pairs.estimate import attention_estimate
from relevome.discovery.pairs.jacobian import jacobian_maps, product_corrected
from relevome.discovery.pairs.letter_relevance import relevance_map
from relevome.discovery.pairs.strands import PairMap
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.results.pairs.maps import KeptMap, strengths
from relevome.results.pairs.settings import PairSettings

Found = Iterator[tuple[int, PairMap | InputError]]

BY_THEMSELVES = ("attention", "attnlrp", "gradient")  # methods that are estimates


def estimate_of(model: Model, settings: PairSettings, sequence: Sequence, target: Target | None) -> PairMap:
    """The estimate that stands beside maps, beside a Jacobian made symmetrical and corrected as that is.

    Raises InputError for a model that has none.
    """
    if settings.estimate in ("attnlrp", "gradient"):
        found = relevance_map(model, sequence, settings.estimate)
    else:
        found = attention_estimate(model, sequence, target)
    if settings.method != "jacobian":
        return found
    known = np.nan_to_num(found.values)  # of a causal model of proteins one way is not known
    return replace(found, values=product_corrected(known + known.T))


@dataclass(eq=False)
class MapMaker:
    """Makes maps by one method, and estimates beside them where there can be some.

    Args:
        model: The model.
        settings: How maps are made.
        target: The logit of epistasis, and of attention in a model of whole sequences.

    ``no_estimate`` says why there are none, once it is known.
    """

    model: Model
    settings: PairSettings
    target: Target | None = None
    no_estimate: str | None = field(default=None, init=False)

    def kept(self, sequences: Mapping[int, Sequence]) -> Iterator[tuple[int, KeptMap | InputError]]:
        """What is to be kept of every sequence, with its number, as they come; or why there is nothing.

        A sequence and its shuffles go through the model together, and so do sequences of like lengths.
        """
        every = [
            (number, one) for number, own in sequences.items() for one in self._with_shuffles(number, own)
        ]
        waiting: dict[int, list[np.ndarray | None]] = {}
        maps: dict[int, PairMap] = {}
        each = 1 + self.settings.shuffles
        failed: set[int] = set()
        for place, found in self.maps([one for _, one in every]):
            number, which = every[place][0], place % each
            if number in failed:
                continue
            if isinstance(found, InputError):
                failed.add(number)
                yield number, found
                continue
            if which == 0:
                maps[number] = found
            nulls = waiting.setdefault(number, [None] * each)
            nulls[which] = strengths(found.values.astype(np.float32), self.settings.method)
            if all(one is not None for one in nulls):
                yield (
                    number,
                    self._finished(maps.pop(number), [x for x in waiting.pop(number)[1:] if x is not None]),
                )

    def maps(self, sequences: Many[Sequence]) -> Found:
        """The map of every sequence, with its place, as they come; or why there is none.

        Raises InputError for a model that the method is not for.
        """
        method = self.settings.method
        if method == "dependency":
            return dependency_maps(self.model, sequences)
        if method == "jacobian":
            return jacobian_maps(self.model, sequences)
        return self._one_by_one(sequences)

    def _one_by_one(self, sequences: Many[Sequence]) -> Found:
        for place, sequence in enumerate(sequences):
            try:
                yield place, self._alone(sequence)
            except InputError as error:
                yield place, error

    def _alone(self, sequence: Sequence) -> PairMap:
        settings = self.settings
        if settings.method == "attention":
            return attention_estimate(self.model, sequence, self.target)
        if settings.method in ("attnlrp", "gradient"):
            return relevance_map(self.model, sequence, settings.method)
        if self.target is None:
            raise ValueError("epistasis needs a target")
        return epistasis_map(self.model, sequence, self.target, settings.by, settings.summary)

    def _finished(self, found: PairMap, null: list[np.ndarray]) -> KeptMap:
        estimate = self._estimate(found.sequence)
        return KeptMap(
            found.sequence.letters,
            found.values.astype(np.float32),
            None if estimate is None else estimate.values.astype(np.float32),
            np.array(null) if null else None,
        )

    def _estimate(self, sequence: Sequence) -> PairMap | None:
        if self.settings.estimate == "none" or self.settings.method in BY_THEMSELVES or self.no_estimate:
            return None
        try:
            return estimate_of(self.model, self.settings, sequence, self.target)
        except InputError as error:
            self.no_estimate = str(error)
            return None

    def _with_shuffles(self, number: int, sequence: Sequence) -> Iterable[Sequence]:
        """The sequence, and shuffled ones: of nucleic acids with the same pairs of neighbours."""
        yield sequence
        shuffled = shuffle if sequence.alphabet.complements is None else dinucleotide_shuffle
        for which in range(self.settings.shuffles):
            rng = np.random.default_rng([self.settings.seed, number, which])
            yield replace(sequence, letters=shuffled(sequence.letters, rng))
