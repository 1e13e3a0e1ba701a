"""What holds for every way to write letters."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.models.tokenizing.styles import (
    STYLES,
    BlanksStyle,
    KmersStyle,
    PlainStyle,
    TokenizerStyle,
    find_style,
    ways_of_writing,
)

LETTERS = "GATTACAN"
WORDS = ["AC", "CG", "GT"]

every_style = pytest.mark.parametrize("kind", STYLES)


def made(kind: type[TokenizerStyle]) -> TokenizerStyle:
    style = kind.for_words(WORDS)
    assert style is not None
    return style


@every_style
def test_every_letter_is_written_where_it_is_said_to_be(kind: type[TokenizerStyle]) -> None:
    style = made(kind)
    for length in range(style.shortest, len(LETTERS) + 1):
        written = style.write(LETTERS[:length])
        assert len(written.letter_of) == len(written.text)
        assert set(written.letter_of) - {-1} == set(range(length))
        for character, letter in zip(written.text, written.letter_of, strict=True):
            assert character == (" " if letter < 0 else LETTERS[letter])


@every_style
def test_what_a_style_says_of_itself_is_so(kind: type[TokenizerStyle]) -> None:
    style = made(kind)
    text = style.write(LETTERS).text
    assert style.name.startswith(style.kind)
    assert style.joined == (" " not in text)
    assert style.apart == all(len(word) == 1 for word in text.split())
    assert style.overlapping == (len(text.replace(" ", "")) > len(LETTERS))


@every_style
def test_spans_of_characters_are_traced_to_letters(kind: type[TokenizerStyle]) -> None:
    written = made(kind).write(LETTERS)
    spans = [(i, i + 1) for i in range(len(written.text))]
    starts, ends = written.letters_at([(0, 0), *spans, (0, len(written.text))])
    assert (starts[0], ends[0]) == (0, 0)
    assert (starts[-1], ends[-1]) == (0, len(LETTERS))
    on_letters = written.letter_of >= 0
    np.testing.assert_array_equal(starts[1:-1][on_letters], written.letter_of[on_letters])
    np.testing.assert_array_equal(ends[1:-1], starts[1:-1] + on_letters)


@pytest.mark.parametrize(
    ("known", "words", "style"),
    [
        ({"ACGT", "A C G T", "AC CG GT"}, WORDS, PlainStyle()),
        ({"A C G T", "AC CG GT"}, WORDS, BlanksStyle()),
        ({"AC CG GT"}, WORDS, KmersStyle(2)),
        ({"AC CG GT"}, [*WORDS, "A"], None),
        (set(), WORDS, None),
    ],
)
def test_the_first_style_that_leaves_nothing_unknown_is_taken(
    known: set[str], words: list[str], style: TokenizerStyle | None
) -> None:
    assert find_style(words, known.__contains__, "ACGT") == style


def test_the_styles_have_names_of_their_own_and_are_listed_in_an_error() -> None:
    assert len({kind.kind for kind in STYLES}) == len(STYLES)
    assert ways_of_writing() == "plainly, with blanks or as overlapping words"
