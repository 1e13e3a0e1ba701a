"""How a module reads letters: as vectors out of a fixed table, or as ids of a table of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float, Int
from tokenizers import processors
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from relevome.data.sequences import Alphabet
from relevome.errors import InputError
from relevome.models.any_module.outputs import Channels
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.own_tokenizers import single_letters

_UNKNOWN, _AROUND = "[UNK]", ("[CLS]", "[SEP]")


class OneHot(nn.Module):
    """Vectors of letters, with a ``flank`` of nothing on either side.

    ``local`` says that the output of a letter is of those within ``flank`` alone; then the module may be
    given what it needs for some letters, which are the ``only`` ones that have outputs. See
    `relevome.models.some_letters`.
    """

    def __init__(self, vectors: Float[Tensor, "vocabulary channels"], flank: int, channels: Channels) -> None:
        super().__init__()
        self.table = FixedEmbedding(*vectors.shape)
        self.table.weight.copy_(vectors)
        self.flank = flank
        self.channels: Channels = channels
        self.local = False
        self.only: range | None = None

    @contextmanager
    def settled(self, module: nn.Module, ids: Int[Tensor, "letters"]) -> Iterator[None]:
        """While the module reads ids for the first time: nothing is open."""
        yield

    def forward(self, input_ids: Int[Tensor, "batch letters"]) -> Float[Tensor, "batch _ _"]:
        """(batch, channels, letters), or with channels last (batch, letters, channels)."""
        letters: Tensor = self.table(input_ids)
        if self.flank:
            letters = F.pad(letters, (0, 0, self.flank, self.flank))
        if self.only is not None:
            letters = letters[:, self.only.start : self.only.stop + 2 * self.flank]
        return letters.transpose(1, 2) if self.channels == "first" else letters


class Ids(nn.Module):
    """Ids as they are; ``table`` is the one of the module that reads them."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self._held = (table,)  # it belongs to the module, and is named there

    @contextmanager
    def settled(self, module: nn.Module, ids: Int[Tensor, "letters"]) -> Iterator[None]:
        """While the module reads ids for the first time: which of tables with these weights is called.

        T5 has its table twice. Raises InputError where none is called with what depends on ids, or several.
        """
        weight = self.table.weight
        twins = [one for one in module.modules() if isinstance(one, nn.Embedding) and one.weight is weight]
        called: dict[nn.Embedding, Tensor] = {}

        def note(table: nn.Embedding, given: Any, named: Any) -> None:
            called[table] = [*given, *named.values()][0]

        hooks = [one.register_forward_pre_hook(note, with_kwargs=True) for one in twins]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        if len(called) > 1:
            raise InputError(
                f"{type(module).__name__} reads its input in {len(called)} places, such as an encoder and a "
                "decoder: expected a module of the encoder and a head"
            )
        if not any(_told_by(given, ids) for given in called.values()):
            name = next(name for name, one in module.named_modules() if one is self.table)
            raise InputError(
                f"{type(module).__name__} does not read letters with its table of embeddings {name!r}: say "
                "with embedding which does"
            )
        self._held = (next(iter(called)),)

    @property
    def table(self) -> nn.Embedding:
        """The table of embeddings of the module."""
        return self._held[0]

    def forward(self, input_ids: Int[Tensor, "batch letters"]) -> Int[Tensor, "batch letters"]:
        """The same."""
        return input_ids


def _told_by(given: Tensor, ids: Int[Tensor, "letters"]) -> bool:
    """Whether what a table is given may be made of ids, and is no place or kind of a token."""
    if given.is_floating_point():
        return False
    if given.shape[-1] != len(ids):  # of several letters, or with more around them
        return True
    found, known = given.reshape(-1, len(ids))[0].tolist(), ids.tolist()
    same_for_all = len(set(found)) < min(2, len(set(known)))
    places = list(range(found[0], found[0] + len(found)))
    counted = found == places and known != list(range(known[0], known[0] + len(known)))
    return not (same_for_all or counted or len(set(zip(known, found, strict=True))) > len(set(known)))


def table_in(module: nn.Module, named: str | None, ids: int) -> nn.Embedding:
    """The table of embeddings of a module: by its name, or the only one that has so many rows.

    Raises InputError where there is none, or where there are several.
    """
    tables = {name: one for name, one in module.named_modules() if isinstance(one, nn.Embedding)}
    kind = type(module).__name__
    if named is not None:
        if named not in tables:
            raise InputError(
                f"{kind} has no table of embeddings {named!r}: expected one of {', '.join(tables) or 'none'}"
            )
        return tables[named]
    large = {name: one for name, one in tables.items() if one.num_embeddings >= ids}
    if len(large) != 1:
        raise InputError(
            f"{kind} has {len(large)} tables of embeddings for {ids} ids ({', '.join(large) or 'none'}): say "
            "which reads letters with embedding"
        )
    return next(iter(large.values()))


def tokenizer_of(
    ids: Mapping[str, int],
    alphabet: Alphabet,
    unknown: int | None,
    around: tuple[int, int] | None = None,
) -> Any:
    """A tokenizer of single letters with these ids; ``unknown`` is that of all others, if they have one.

    ``around`` are ids of what stands before and behind every sequence.

    Raises InputError for letters that the alphabet has not, or that are not there, and for other ids.
    """
    lacking = sorted(set(alphabet.letters) - set(ids))
    strange = sorted(set(ids) - set(alphabet.all_letters))
    numbers = [*ids.values(), *(() if unknown is None else (unknown,))]
    if lacking or strange or not all(isinstance(one, int) and one >= 0 for one in numbers):
        raise InputError(
            f"letters {dict(ids)}, others {unknown}: expected an id from 0 on for each of {alphabet.letters} "
            f"and perhaps for codes of {''.join(alphabet.ambiguous)}"
        )
    special = {} if unknown is None or unknown in ids.values() else {_UNKNOWN: unknown}
    same = next((letter for letter, one in ids.items() if one == unknown), None)
    stands = next(iter(special), same)
    ends = {} if around is None else dict(zip(_AROUND, around, strict=True))
    made = single_letters({**ids, **special, **ends}, stands)
    if ends:
        made.post_processor = processors.TemplateProcessing(
            single=f"{_AROUND[0]} $A {_AROUND[1]}", special_tokens=list(ends.items())
        )
    told = {"unk_token": stands} if stands is not None else {}
    told |= dict(zip(("cls_token", "sep_token"), ends, strict=False))
    return PreTrainedTokenizerFast(tokenizer_object=made, **told)
