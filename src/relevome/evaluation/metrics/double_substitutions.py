"""Double substitutions: does relevance of two letters add up to what happens without both?

One number for each letter cannot show that letters matter only together. So pairs of letters are
substituted at once, and the fall of the score is held against the sum of their relevance, and against the sum
of what each substitution does by itself: the difference is the model's, which no map of letters can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.own_mutagenesis import OwnMutagenesis
from relevome.evaluation.perturbation import falling_order, sequence_rng
from relevome.evaluation.questions import Answer, AskedRows, Reply
from relevome.evaluation.scoring import Asked, Scorer
from relevome.evaluation.units import relevance_at
from relevome.models.base import Model, Target
from relevome.models.mutants.replaced import interaction, with_letters
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.words import counted

SOURCE = (
    "Greenside et al. 2018, Bioinformatics 34:i629-i637, doi 10.1093/bioinformatics/bty575 (interactions); "
    "Yeh et al. 2019, NeurIPS 32:10967-10978 (relevance against falls)"
)
TOP = 0.1  # of the letters that were asked: those of the largest effect, among which half of the pairs are

Pairs = Int[np.ndarray, "pairs two"]


@dataclass(frozen=True, eq=False)
class DoubleSubstitutions:
    """What substituting two letters at once did to the score of a sequence, for some pairs.

    ``pairs`` are their places, the first half of them among the letters of largest effect. ``falls`` are how
    far the score fell, by each of the alphabet's other letters in turn, counted on from its own for both;
    ``singles`` the sums of what the same substitutions did one by one. All in logits.
    """

    pairs: Pairs
    falls: Float[np.ndarray, "pairs others"]
    singles: Float[np.ndarray, "pairs others"]

    def against(
        self, relevance: Float[np.ndarray, "letters"]
    ) -> tuple[Float[np.ndarray, "pairs"], Float[np.ndarray, "pairs"]]:
        """The relevance of every pair, and its mean fall over substitutions."""
        return relevance[self.pairs].sum(1), self.falls.mean(1)


def pair_fall_spearman(relevance: Float[np.ndarray, "pairs"], falls: Float[np.ndarray, "pairs"]) -> float:
    """Spearman correlation of the relevance of two letters with the fall of the score without both.

    Over drawn pairs, from -1 to 1; 0 where one of both tells no pair from another.
    """
    return float(metrics["spearman"].compute(relevance, falls))


def epistasis(found: Iterable[DoubleSubstitutions]) -> float:
    """Mean |f(ij) - f(i) - f(j)| over mean |f(ij)|, the falls f of double and single substitutions.

    It describes the model, not a map: 0 where letters add up, and where nothing falls; 1 where the loss of
    either letter is already the loss of both.
    """
    apart, falls = [], []
    for one in found:
        # falls are counted down from the whole sequence, which is then 0
        apart.append(np.abs(interaction(0.0, one.singles, np.zeros_like(one.singles), one.falls)).ravel())
        falls.append(np.abs(one.falls).ravel())
    whole = float(np.concatenate(falls).mean()) if falls else 0.0
    return float(np.concatenate(apart).mean()) / whole if whole > 0 else 0.0


@dataclass(frozen=True)
class PairsQuestion:
    """How far the score falls when two letters are substituted at once."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """Letters, whatever was asked for: it is letters that are substituted."""
        return ("letters",)

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """The same pairs of every row for its relevance, its random orders and the model's mutagenesis."""
        made, settings = rows.explainer, rows.settings
        own = rows.mutagenesis()
        found = double_substitutions(
            made.model, rows.sequences(), rows.targets(), own, 10 if settings.fast else 30, settings.seed,
            rows.scorer,
        )  # fmt: skip
        answers: list[Answer | InputError] = []
        for row, one, single in zip(rows.rows, found, own, strict=True):
            if isinstance(one, InputError) or isinstance(single, InputError):
                answers.append(one if isinstance(one, InputError) else InputError(str(single)))
                continue
            values = relevance_at(row)
            rng = sequence_rng(settings.seed, made.sequence(row))
            orders = [one.against(rng.permutation(values)) for _ in range(settings.draws)]
            alone = np.zeros(len(values))
            alone[single.places] = single.relevance
            answers.append(Answer(one.against(values), orders, model=one.against(alone)))
        return Reply(answers, notes=_described([x for x in found if isinstance(x, DoubleSubstitutions)]))


def _described(found: list[DoubleSubstitutions]) -> list[str]:
    """How far letters add up in the model, apart from any map."""
    if not found:
        return []
    top, random = ([_half(one, first) for one in found] for first in (True, False))
    doubles = sum(one.falls.size for one in found)
    return [
        f"of the model itself: of what two substitutions do at once {epistasis(random):.0%} is not the sum "
        f"of what each does (mean |f(ij) - f(i) - f(j)| over mean |f(ij)|), and {epistasis(top):.0%} among "
        f"the letters of largest effect; {counted(doubles, 'double substitution')} of "
        f"{counted(len(found), 'sequence')}"
    ]


def _half(one: DoubleSubstitutions, first: bool) -> DoubleSubstitutions:
    middle = len(one.pairs) // 2
    some = slice(None, middle) if first else slice(middle, None)
    return DoubleSubstitutions(one.pairs[some], one.falls[some], one.singles[some])


metrics.register("pair-fall-spearman")(
    Metric(
        "pair-fall-spearman",
        "double substitutions",
        True,
        pair_fall_spearman,
        SOURCE,
        chance="0",
        bounds=(-1.0, 1.0),
        question=PairsQuestion(),
    )
)


def double_substitutions(
    model: Model,
    sequences: list[Sequence],
    targets: list[Target],
    mutagenesis: list[OwnMutagenesis | InputError],
    draws: int = 30,
    seed: int = 0,
    scorer: Scorer | None = None,
) -> list[DoubleSubstitutions | InputError]:
    """What ``draws`` pairs do to every sequence, each substituted at once; one that cannot be asked: why.

    Pairs are of the letters at which mutagenesis was asked, without unknown ones, and depend on that, the
    seed and the sequence, so that all explanations of a sequence meet the same ones. Mutants are tokenised
    afresh unless that could change no other token.
    """
    plans: list[_Plan | InputError] = []

    def asked() -> Iterator[Asked]:
        for sequence, target, own in zip(sequences, targets, mutagenesis, strict=True):
            try:
                plan, inputs = _plan(model, sequence, target, own, draws, seed)
            except InputError as error:
                plans.append(error)
                continue
            plans.append(plan)
            yield from inputs

    scores = iter((scorer or Scorer(model)).scores(asked()))
    return [plan if isinstance(plan, InputError) else plan.found(scores) for plan in plans]


@dataclass(frozen=True, eq=False)
class _Plan:
    """What was asked of the model for one sequence: itself, then all pairs by one letter on, by two, ..."""

    pairs: Pairs
    singles: Float[np.ndarray, "pairs others"]

    def found(self, scores: Iterator[float]) -> DoubleSubstitutions:
        whole = next(scores)
        falls = np.array([whole - next(scores) for _ in range(self.singles.size)])
        return DoubleSubstitutions(self.pairs, falls.reshape(self.singles.T.shape).T, self.singles)


def _plan(
    model: Model, sequence: Sequence, target: Target, own: OwnMutagenesis | InputError, draws: int, seed: int
) -> tuple[_Plan, list[Asked]]:
    if isinstance(own, InputError):
        raise own
    alphabet = sequence.alphabet.letters
    kept = [n for n, place in enumerate(own.places.tolist()) if sequence.letters[place] in alphabet]
    if len(kept) < 3:  # with two there is one pair, which has no order
        raise InputError(
            f"sequence {sequence.id!r} has {counted(len(kept), 'letter')} to substitute in pairs: expected "
            "three or more"
        )
    rng = sequence_rng(seed, sequence)
    among = drawn_pairs(np.abs(own.relevance[kept]), draws, rng)
    pairs = own.places[np.array(kept)[among]]
    wild = model.tokenize(sequence)
    own_letters = np.array([alphabet.find(letter) for letter in sequence.letters])[pairs]
    effect = dict(zip(own.places.tolist(), own.effects, strict=True))
    singles, inputs = [], [(wild, target)]
    for step in range(1, len(alphabet)):
        new = (own_letters + step) % len(alphabet)
        inputs += [(one, target) for one in with_letters(model, wild, pairs, new)]
        singles.append(
            [
                -sum(effect[place][letter] for place, letter in zip(*one, strict=True))
                for one in zip(pairs.tolist(), new.tolist(), strict=True)
            ]
        )
    return _Plan(pairs, np.array(singles).T), inputs


def drawn_pairs(size: Float[np.ndarray, "letters"], draws: int, rng: np.random.Generator) -> Pairs:
    """So many different pairs of letters: half of them among those of largest size, the others among all.

    There are three letters or more. Those of largest size are a tenth of all letters, or as many as have the
    pairs; of few letters there are fewer pairs.
    """
    letters, half = len(size), draws // 2
    enough = int(np.ceil((1 + np.sqrt(1 + 8 * half)) / 2))  # of n letters there are n (n - 1) / 2 pairs
    top = falling_order(size, rng)[: max(round(TOP * letters), enough)]
    first = top[_some_pairs(len(top), half, rng)]
    taken = {frozenset(pair) for pair in first.tolist()}
    others = _some_pairs(letters, 2 * half, rng)
    others = np.array([pair for pair in others.tolist() if frozenset(pair) not in taken][: len(first)], int)
    return np.concatenate([first, others.reshape(-1, 2)])


def _some_pairs(letters: int, count: int, rng: np.random.Generator) -> Pairs:
    """Different pairs of numbers below ``letters``, without making all of them."""
    every = letters * (letters - 1) // 2
    number = rng.choice(every, min(count, every), replace=False)
    # pairs in the order (0, 1), (0, 2), (1, 2), (0, 3): number n has the larger one at n = k (k - 1) / 2
    larger = ((1 + np.sqrt(1 + 8 * number)) / 2).astype(int)
    larger -= larger * (larger - 1) // 2 > number
    return np.stack([number - larger * (larger - 1) // 2, larger], 1)
