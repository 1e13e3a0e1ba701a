from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from relevome.attribution.batches import Explained, check_logit, explain_sequences
from relevome.attribution.gradients import GradientXInput
from relevome.attribution.lift import to_letters
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.attribution.readings import Readings
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.responses import answers
from tests.toys import TOYS

Load = Callable[..., Model]
METHOD = GradientXInput()
BOTH_STRANDS = Readings(both_strands=True)


def one(model: Model, sequence: Sequence, target: Target) -> Explained:
    (found,) = explain_sequences(model, METHOD, [sequence], [target])
    assert isinstance(found, Explained)
    return found


def explained(found: list[Explained | InputError]) -> list[Explained]:
    return [result for result in found if isinstance(result, Explained)]


@pytest.mark.parametrize("pads", [True, False])
def test_every_sequence_comes_with_every_target_in_order(load: Load, pads: bool) -> None:
    model = load("protbert")
    model.takes_mask = pads
    sequences = TOYS["protbert"].sequences(5, 17, 5, 30, 9, 17)
    targets = [Target(4, "e"), Target(1, "b")]
    found = explained(explain_sequences(model, METHOD, sequences, targets))
    expected = [(sequence, target) for sequence in sequences for target in targets]
    assert [(result.track.sequence, result.forward.target) for result in found] == expected
    for result, (sequence, target) in zip(found, expected, strict=True):
        (direct,) = METHOD.attribute(model, Batch((model.tokenize(sequence),), (target,)))
        np.testing.assert_allclose(result.track.values, to_letters(direct).values, atol=1e-10)
        assert result.score == pytest.approx(direct.score)


def test_a_sequence_that_is_refused_gives_its_error_and_the_others_their_results(load: Load) -> None:
    model = load("protbert-residues")
    sequences = TOYS["protbert-residues"].sequences(9, 60, 4, 12)
    found = explain_sequences(model, METHOD, sequences, [Target(1, "x", position=6)])
    assert [isinstance(result, Explained) for result in found] == [True, False, False, True]
    assert "sequence 's1' has 62 tokens" in str(found[1])
    assert "position 6 is outside sequence 's2' of 4 letters" in str(found[2])


@pytest.mark.parametrize("name", ["bpe", "cnn", "dnabert"])
def test_both_strands_are_averaged_over_letters(load: Load, name: str) -> None:
    model, target = load(name), Target(0, "x")
    sequences = TOYS[name].sequences(12, 7, 20)
    found = explained(explain_sequences(model, METHOD, sequences, [target], readings=BOTH_STRANDS))
    for result, sequence in zip(found, sequences, strict=True):
        forward = one(model, sequence, target)
        reverse = one(model, sequence.reverse_complement(), target)
        mean = (forward.track.values + reverse.track.values[::-1]) / 2
        np.testing.assert_allclose(result.track.values, mean, atol=1e-12)
        assert result.track.special == pytest.approx((forward.track.special + reverse.track.special) / 2)
        assert result.score == pytest.approx((forward.score + reverse.score) / 2)
        assert result.readings == 2


def test_scores_of_letters_are_averaged_with_those_of_their_complements(load: Load) -> None:
    model, sequence, target = load("cnn"), Sequence("s", "ACGGTTACCA", DNA), Target(1, "x")
    (result,) = explained(
        explain_sequences(model, Mutagenesis(), [sequence], [target], readings=BOTH_STRANDS)
    )
    scores = [
        Mutagenesis().attribute(model, Batch((model.tokenize(strand),), (target,)))[0].letter_scores
        for strand in (sequence, sequence.reverse_complement())
    ]
    assert result.letter_scores is not None
    assert scores[0] is not None
    assert scores[1] is not None
    for position, letter in np.ndindex(10, 4):
        mean = (scores[0][position, letter] + scores[1][9 - position, 3 - letter]) / 2  # ACGT, TGCA
        assert result.letter_scores[position, letter] == pytest.approx(mean)


def test_on_the_other_strand_the_complement_is_predicted(load: Load) -> None:
    model, sequence = load("letters-masked"), Sequence("s", "ACGGTTACCAT", DNA)
    ids = {letter: model.tokenizer.hf.convert_tokens_to_ids(letter) for letter in "ACGT"}
    target = Target(ids["A"], "A - C", position=3, contrast=ids["C"], mask=True)
    (result,) = explained(explain_sequences(model, METHOD, [sequence], [target], readings=BOTH_STRANDS))
    forward = one(model, sequence, target)
    turned = replace(target, index=ids["T"], contrast=ids["G"], position=7)
    reverse = one(model, sequence.reverse_complement(), turned)
    mean = (forward.track.values + reverse.track.values[::-1]) / 2
    np.testing.assert_allclose(result.track.values, mean, atol=1e-12)
    assert result.score == pytest.approx((forward.score + reverse.score) / 2)


def test_a_token_without_a_complement_has_no_other_strand(load: Load) -> None:
    target = Target(4, "[SEP]", position=3)
    with pytest.raises(InputError, match=r"is no letter, and has no complement on the other strand"):
        explain_sequences(
            load("letters-masked"), METHOD, [Sequence("s", "ACGGT", DNA)], [target], readings=BOTH_STRANDS
        )


def test_a_score_that_the_model_does_not_give_otherwise_is_refused(load: Load) -> None:
    model = load("esm")
    (sequence,) = TOYS["esm"].sequences(9)
    found = one(model, sequence, Target(1, "x"))
    (answer,) = answers(model, [(found.forward.tokens, found.forward.target)])
    check_logit(model, found, answer)
    other = replace(found, forward=replace(found.forward, score=found.score + 1e-3))
    with pytest.raises(InputError, match=r"the logit of 's0' is .* while it is explained but .* otherwise"):
        check_logit(model, other, answer)
