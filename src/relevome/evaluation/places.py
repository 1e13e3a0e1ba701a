"""The nulls of metrics of places over one run: what each comes to for every sequence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from relevome.evaluation.metrics import Metric
from relevome.evaluation.nulls import MapExchange, OtherSequences, Peer, Peers, orders_among_equals

# Metrics of where relevance lies, which a map may reach that knows nothing of its sequence.
LOGIC = "logic"
OF_PLACES = ("localisation", LOGIC)
ORDERS = 5  # among equals, of each sequence
MET = 12  # sequences to exchange maps with, for each

Values = Float[np.ndarray, " letters"]
Mask = Bool[np.ndarray, " letters"]


@dataclass(frozen=True)
class Mapped:
    """One sequence of a run: its letters, the relevance of each, and whether each is inside a known site.

    ``mask`` is None where nothing is known of its sites.
    """

    sequence_id: str
    letters: str
    relevance: Values
    mask: Mask | None


class Places:
    """What maps reach that know a place or letters alone, from all explanations of a run.

    Args:
        found: Every sequence of the run.
        seed: Of what is exchanged, and of orders among equal letters.
    """

    def __init__(self, found: Iterable[Mapped], seed: int = 0) -> None:
        self._signed, self._absolute = OtherSequences(), OtherSequences()
        self._peers = Peers(seed)
        self._rng = np.random.default_rng(seed)
        self._exchanges: dict[str, MapExchange] = {}
        for one in found:
            self._signed.add(one.letters, one.relevance)
            self._absolute.add(one.letters, np.abs(one.relevance))
            if one.mask is not None:
                self._peers.add(Peer(one.sequence_id, one.relevance, one.mask))

    def means(self, letters: str, relevance: Values) -> dict[str, Values]:
        """For one of the sequences the means over the others, of places, letters and pairs."""
        return self._signed.maps(letters, relevance)

    def of(self, one: Mapped, metrics: Sequence[Metric]) -> dict[str, dict[str, float]]:
        """For a sequence with known sites the values of its nulls, by the names of metrics and of nulls.

        That of exchanged maps is in `exchanged`, after all sequences.
        """
        if one.mask is None:
            return {}
        orders = orders_among_equals(one.letters, one.relevance, self._rng, ORDERS)
        means = {
            False: self.means(one.letters, one.relevance),
            True: self._absolute.maps(one.letters, np.abs(one.relevance)),
        }
        peers = self._peers.draw(one.sequence_id, MET)
        found: dict[str, dict[str, float]] = {}
        for metric in metrics:
            maps = {name: [values] for name, values in means[metric.absolute].items()} | orders
            found[metric.name] = {name: _mean(metric, some, one.mask) for name, some in maps.items()}
            account = self._exchanges.setdefault(metric.name, MapExchange())
            for peer in peers:
                account.add(one.sequence_id, peer.sequence_id, metric.compute(peer.relevance, one.mask))
                account.add(peer.sequence_id, one.sequence_id, metric.compute(one.relevance, peer.mask))
        return found

    def exchanged(self, metric: str) -> dict[str, float]:
        """Of each sequence that `of` was asked about, the null of exchanged maps; empty without any."""
        return self._exchanges[metric].expected() if metric in self._exchanges else {}


def _mean(metric: Metric, maps: Iterable[Values], mask: Mask) -> float:
    return float(np.mean([metric.compute(values, mask) for values in maps]))


class RandomModels:
    """What explanations by models with random weights reach, of which the best is the null.

    Their mean would do for other sequences, and not for other weights: a network that was drawn as they were
    has habits of its own, and half of all networks are above the mean of the others. It is above the best of
    n others in one of n + 1 cases.
    """

    def __init__(self) -> None:
        self._values: dict[str, dict[int, dict[str, float]]] = {}

    def add(self, metric: Metric, sequence_id: str, by_model: Mapping[int, float | None]) -> None:
        """What a metric gives for one sequence by every model, None where it does not apply."""
        for model, value in by_model.items():
            if value is not None:
                self._values.setdefault(metric.name, {}).setdefault(model, {})[sequence_id] = value

    def best(self, metric: Metric) -> dict[str, float]:
        """Of the model with the best mean the values by sequence; nothing without models."""
        sign = 1.0 if metric.higher_is_better else -1.0
        found = self._values.get(metric.name, {}).values()
        return max(found, key=lambda one: sign * float(np.mean([*one.values()])), default={})
