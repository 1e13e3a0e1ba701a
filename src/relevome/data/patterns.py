"""Patterns of PROSITE, and where sequences match them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from relevome.data.sequences import PROTEIN, Alphabet, Sequence
from relevome.data.sites import Site
from relevome.errors import InputError

_ELEMENT = re.compile(
    r"""(?P<set> x | [A-Z] | \[ <? [A-Z]+ >? \] | \{ [A-Z]+ \} )  # any letter, one, one of, none of
        (?: \( (?P<least>\d+) (?: , (?P<most>\d+) )? \) | (?P<any> \* ) )?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Pattern:
    """A pattern in the syntax of PROSITE, such as ``[AC]-x-V-x(4)-{ED}.``, and what it is called.

    https://prosite.expasy.org/prosuser.html#conv_pa: ``x`` is any letter, ``[ ]`` one of several, ``{ }`` any
    but these, ``(2)`` and ``(2,4)`` repeat; ``<`` and ``>`` are the ends of the sequence, also in brackets:
    ``[G>]`` is G or the end. A code for several letters, as X, fits where each of them would. Raises
    InputError for what is no pattern.
    """

    text: str
    name: str = ""
    alphabet: Alphabet = PROTEIN

    def __post_init__(self) -> None:
        _ = self._compiled

    def sites(self, sequence: Sequence) -> list[Site]:
        """All matches, from left to right, overlapping ones too; of those with one start, the greedy one."""
        name = self.name or self.text
        matches = ((m.start(1), m.end(1)) for m in self._compiled.finditer(sequence.letters))
        return [Site(start, end, name) for start, end in matches if start < end]

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        text = "".join(self.text.split()).rstrip(".")
        body = text.removeprefix("<").removesuffix(">")
        parts = body.removesuffix("-").removeprefix("-").split("-")
        expression = "".join(self._element(part) for part in parts)
        start, end = r"\A" * text.startswith("<"), r"\Z" * text.endswith(">")
        # A match inside of a look-ahead takes no letters, so that the next may overlap it.
        return re.compile(f"(?=({start}{expression}{end}))")

    def _element(self, part: str) -> str:
        found = _ELEMENT.fullmatch(part)
        if found is None:
            raise InputError(
                f"pattern {self.text!r} has {part!r}, which is no element of PROSITE: expected x, a letter, "
                "[AC], {ED}, each perhaps with (2) or (2,4), joined by -"
            )
        least, most = found["least"], found["most"]
        if most is not None and int(most) < int(least):
            raise InputError(f"pattern {self.text!r} has {part!r}: expected the smaller number first")
        times = "*" if found["any"] else "" if least is None else f"{{{least},{most or least}}}"
        return f"(?:{self._letters(found['set'])}){times}"

    def _letters(self, element: str) -> str:
        named = set(element.strip("[]{}<>")) - {"x"}
        if unknown := sorted(named - set(self.alphabet.all_letters)):
            raise InputError(f"pattern {self.text!r} has {unknown[0]!r}, no {self.alphabet.name} letter")
        wanted = {letter for one in named for letter in (one, *self._stands_for(one))}
        if element == "x":
            wanted = set(self.alphabet.all_letters)
        elif element.startswith("{"):
            wanted = set(self.alphabet.all_letters) - wanted
            wanted -= {code for code in wanted if not wanted.issuperset(self._stands_for(code))}
        else:
            codes = self.alphabet.ambiguous
            wanted |= {code for code in codes if wanted.issuperset(self._stands_for(code))}
        ends = [r"\A"] * ("<" in element) + [r"\Z"] * (">" in element)
        return "|".join([f"[{''.join(sorted(wanted))}]", *ends]) if wanted else "|".join(["(?!)", *ends])

    def _stands_for(self, letter: str) -> str:
        return self.alphabet.ambiguous.get(letter, letter)
