"""Tokens out of a table are those of the tokenizer."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.sequences import Sequence
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.errors import InputError
from tests.toys import TOYS


@pytest.mark.parametrize("name", sorted(TOYS))
def test_they_are_those_of_the_tokenizer(toy_model, name):
    model = toy_model(name)
    tokenize = LetterTokens(model)
    draw = np.random.default_rng(0)
    some = model.alphabet.letters + (
        model.alphabet.unknown * 3 if model.tokenizer.unknown_id is not None else ""
    )
    for number, length in enumerate((12, 12, 15, 12, 15)):
        sequence = Sequence(f"s{number}", "".join(draw.choice(list(some), length)), model.alphabet)
        ours, theirs = tokenize(sequence), model.tokenize(sequence)
        for part in ("ids", "starts", "ends", "special"):
            np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
        assert ours.sequence is sequence


def test_all_codes_are_read_as_the_tokenizer_does(toy_model):
    for name in ("protbert", "esm", "cnn", "letters-masked"):
        model = toy_model(name)
        tokenize = LetterTokens(model)
        letters = model.alphabet.all_letters
        tokenize(Sequence("a", letters, model.alphabet))
        turned = Sequence("b", letters[::-1], model.alphabet)
        np.testing.assert_array_equal(tokenize(turned).ids, model.tokenize(turned).ids)


def test_what_the_model_does_not_take_is_refused(toy_model):
    model = toy_model("protbert")
    with pytest.raises(InputError, match="has 52 tokens"):
        LetterTokens(model)(Sequence("long", "MK" * 25, model.alphabet))
    with pytest.raises(InputError, match="is dna, but the model reads protein"):
        LetterTokens(model)(Sequence("a", "ACG", toy_model("cnn").alphabet))
