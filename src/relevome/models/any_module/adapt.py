"""From any torch module to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from relevome.data.sequences import Alphabet, named_alphabet
from relevome.errors import InputError
from relevome.models.any_module.letters import Unknown, order_of, vectors
from relevome.models.any_module.outputs import Channels, Output
from relevome.models.any_module.wrapped import ModuleConfig, Wrapped, source_of
from relevome.models.base import Model, Source
from relevome.models.loading.errors import first_line
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokens import LetterTokenizer

_KINDS = {"numbers": "regression", "classes": None, "labels": "multi_label_classification"}
_TRIALS = (24, 100, 500, 2_000, 10_000)  # letters: some modules take none so short


def from_module(
    module: Any,
    *,
    alphabet: str = "dna",
    channels: str = "first",
    letters: str | None = None,
    unknown: str = "zero",
    length: int | None = None,
    flank: int = 0,
    output: str | Callable[[Any], Tensor] | None = None,
    outputs: str = "numbers",
    labels: Sequence[str] | None = None,
    others: Sequence[Tensor] | Mapping[str, Tensor] = (),
    argument: str | None = None,
    name: str | None = None,
) -> Model:
    """Any torch module that reads one vector for each letter, as a model; it is used as it is, where it is.

    >>> import torch, relevome
    >>> cnn = torch.nn.Sequential(
    ...     torch.nn.Conv1d(4, 8, 5), torch.nn.ReLU(), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten()
    ... )
    >>> model = relevome.from_module(cnn, labels=[f"filter{i}" for i in range(8)])
    >>> run = relevome.explain(model, ["ACGTACGTAC"], "attnlrp", "filter3")
    >>> run[0].relevance.shape
    (10,)

    Args:
        module: The module. It gets (batch, channels, letters), and is asked in evaluation mode.
        alphabet: ``dna`` (default), ``rna`` or ``protein``.
        channels: ``first`` (default), or ``last`` for (batch, letters, channels); its outputs at many
            positions have the same order.
        letters: The letter of each channel, such as ``ACGT``; ``.`` for a channel of none. Default: the
            alphabet's own order.
        unknown: What a letter without a channel is, such as N: ``zero`` (default); ``quarter``, the same
            number for all letters; or ``codes``, the mean of those that an IUPAC code stands for.
        length: The number of letters that the module was made for. Default: any.
        flank: Letters of nothing that the module gets on either side, which its outputs do not cover.
            Default: 0.
        output: What of its output is explained: steps with commas between (``part:0``, ``counts``,
            ``profile``, ``mean``, ``sum:40-60``, ``max``, ``position:50``, ``letters``, ``log-odds``), or a
            function from what the module gives to (batch,), (batch, outputs) or (batch, letters, outputs).
            Default: (batch, outputs) as they come.
        outputs: What they are: ``numbers`` (default), logits of ``classes`` that exclude each other, or of
            ``labels`` that do not.
        labels: Their names. Default: ``output``, or numbers from 0.
        others: Further inputs, which are held fixed, each for a batch of one: in their order behind the
            letters, or by name. Default: none.
        argument: The name of the input that is explained. Default: the first.
        name: What results call the model. Default: the name of the class.

    Raises:
        InputError: If values are none of these, or the module gives nothing that can be read so.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"a {type(module).__name__} is no torch module: expected a torch.nn.Module")
    if channels not in ("first", "last") or outputs not in _KINDS or flank < 0:
        raise InputError(
            f"channels {channels!r}, outputs {outputs!r}, flank {flank}: expected first or last; one of "
            f"{', '.join(_KINDS)}; and 0 or more"
        )
    known = named_alphabet(alphabet)
    order = order_of(letters, known)
    meant = Output(output, cast(Channels, channels))
    meant.check()
    named = dict(others) if isinstance(others, Mapping) else {str(i): one for i, one in enumerate(others)}
    about = {
        "module": str(module), "source": source_of(module, output), "alphabet": alphabet, "letters": order,
        "unknown": unknown, "channels": channels, "flank": flank, "length": length, "argument": argument,
        "output": output if isinstance(output, str | None) else "a function", "others": list(named),
    }  # fmt: skip
    config = ModuleConfig(about, _KINDS[outputs])
    wrapped = Wrapped(
        module, vectors(known, order, cast(Unknown, unknown)), meant, flank, named, argument, config
    )
    first = next(module.parameters(), torch.zeros(0))
    wrapped.embedding.to(device=first.device, dtype=first.dtype)
    wrapped.eval()
    shape = _trial(wrapped, known, length)
    return Model(
        module=wrapped,
        tokenizer=LetterTokenizer(letter_tokenizer(known), known),
        task="token" if len(shape) == 3 else "sequence",
        labels=_labels(labels, shape[-1]),
        max_tokens=None,
        source=Source(name or type(module).__name__, f"one-hot {order}, channels {channels}"),
        fixed_tokens=length,
    )


def _labels(given: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if given is None:
        return ("output",) if count == 1 else tuple(map(str, range(count)))
    if len(given) != count or isinstance(given, str):
        raise InputError(f"{len(given)} labels of {count} outputs: expected one for each")
    return tuple(map(str, given))


def _trial(wrapped: Wrapped, alphabet: Alphabet, length: int | None) -> tuple[int, ...]:
    """The shape of outputs for a few letters, of as many as the module takes."""
    first = LetterTokenizer(letter_tokenizer(alphabet), alphabet).letter_ids() or [0]
    failed: list[str] = []
    for count in (length,) if length is not None else _TRIALS:
        ids = torch.tensor(first * (count // len(first) + 1))[:count].expand(2, count)
        try:
            with torch.inference_mode():
                return tuple(wrapped(ids.to(wrapped.embedding.weight.device), True).logits.shape)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - of somebody's module, which may raise anything
            failed.append(f"{count} letters: {type(error).__name__}, {first_line(error)}")
    raise InputError(
        f"{type(wrapped.module).__name__} fails ({failed[0]}): expected a module that reads (batch, "
        f"{wrapped.embedding.embedding_dim}, letters), or with channels='last' (batch, letters, channels); "
        "length says how many letters it takes"
    )
