"""What metrics take, of one explanation after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from relevome.data.sequences import Alphabet
from relevome.data.sequences import Sequence as Letters
from relevome.data.sites import listed_as, mask, sites_on
from relevome.errors import InputError
from relevome.evaluation.required import Required, required_sites, with_both_signs
from relevome.evaluation.truth import Truth, has_effects, located
from relevome.evaluation.units import mask_at, relevance_at
from relevome.results.evaluation.scores import Level
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run

Given: TypeAlias = dict[str, Any]  # arrays and sites, or the reason why there are none


@dataclass(frozen=True)
class ArgumentSource:
    """Where the arguments of metrics come from, row by row; a missing one is the reason why.

    ``level`` and ``how`` are those of `relevance_at`.
    """

    alphabet: Alphabet
    truth: Truth | None
    other: Run | None
    level: Level
    how: str

    def given(self, row: Explanation) -> Given:
        """By the names of needs, what there is of one explanation; ``sites`` may all be of one sign."""
        found: Given = {"relevance": relevance_at(row, self.level, self.how)}
        if self.truth is not None:
            found["mask"] = self._mask(row, self.truth)
        if self._has_effects and self.truth is not None:
            found["sites"] = sites = self.sites(row, self.truth)
            found["effects"] = with_both_signs(sites)
        if self.other is not None:
            found["other"] = self._other(row, self.other)
        return found

    def _mask(self, row: Explanation, truth: Truth) -> np.ndarray | str:
        if not any(name and listed_as(name, truth) for name in (row.sequence_id, row.chrom)):
            return "not in the file of known sites"
        inside = mask(self._letters(row), self._located)
        if not inside.any():
            return "without a known site"
        inside = mask_at(inside, row, self.level)
        if inside.all():
            return f"with all {self.level} inside known sites"
        return inside if inside.any() else f"with no {self.level} inside known sites"

    def sites(self, row: Explanation, truth: Truth) -> Required | str:
        """Known sites with their effects, or the reason why there are none."""
        return required_sites(sites_on(self._letters(row), truth), row, self.level)

    @cached_property
    def _has_effects(self) -> bool:
        return has_effects(self.truth)

    @cached_property
    def _located(self) -> Truth:
        return located(self.truth or {})

    def _letters(self, row: Explanation) -> Letters:
        return Letters(row.sequence_id, row.sequence, self.alphabet, row.interval)

    def _other(self, row: Explanation, other: Run) -> np.ndarray | str:
        try:
            found = other.find(row.sequence_id, None if len(other.targets) == 1 else row.target)[0]
        except InputError:
            return "not in the other run"
        if found.sequence != row.sequence:
            return "with other letters in the other run"
        return relevance_at(found, self.level, self.how, tokens_of=row)
