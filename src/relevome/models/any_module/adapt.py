"""From any torch module to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as List
from typing import Any, cast

import torch
from torch import Tensor, nn

from relevome.data.sequences import Alphabet, Sequence, named_alphabet
from relevome.errors import InputError
from relevome.models.any_module.letters import order_of, vectors
from relevome.models.any_module.outputs import Channels, Output
from relevome.models.any_module.reading import Ids, OneHot, table_in, tokenizer_of
from relevome.models.any_module.wrapped import ModuleConfig, Wrapped, source_of
from relevome.models.base import Model, Source
from relevome.models.loading.errors import first_line
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.words import counted

_KINDS = {"numbers": "regression", "classes": None, "labels": "multi_label_classification"}
_SPELLED = 200  # ids of a tokenizer that are written out
_ALONE = 0.01  # of the largest output: rounding, also in half precision, is less
_TRIALS = (24, 100, 500, 2_000, 10_000)  # letters: some modules take none so short


def from_module(
    module: Any,
    *,
    alphabet: str = "dna",
    input: str = "one-hot",
    channels: str = "first",
    letters: str | Mapping[str, int] | None = None,
    unknown: str | int | None = None,
    length: int | None = None,
    flank: int = 0,
    output: str | Callable[[Any], Tensor] | None = None,
    outputs: str = "numbers",
    labels: List[str] | None = None,
    others: List[Tensor] | Mapping[str, Tensor] = (),
    argument: str | None = None,
    embedding: str | None = None,
    tokenizer: Any = None,
    name: str | None = None,
) -> Model:
    """Any torch module that reads letters, as a model; it is used as it is, where it is.

    >>> import torch, relevome
    >>> cnn = torch.nn.Sequential(
    ...     torch.nn.Conv1d(4, 8, 5), torch.nn.ReLU(), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten()
    ... )
    >>> model = relevome.from_module(cnn, labels=[f"filter{i}" for i in range(8)])
    >>> run = relevome.explain(model, ["ACGTACGTAC"], "attnlrp", "filter3")
    >>> run[0].relevance.shape
    (10,)

    Args:
        module: The module. It gets (batch, channels, letters), or ids (batch, tokens), and is put into
            evaluation mode.
        alphabet: ``dna`` (default), ``rna`` or ``protein``.
        input: ``one-hot`` (default), a number for each letter and channel; or ``tokens``, ids of a table of
            embeddings.
        channels: ``first`` (default), or ``last`` for (batch, letters, channels); its outputs at many
            positions have the same order.
        letters: The letter of each channel, such as ``ACGT``; ``.`` for a channel of none. Of tokens the id
            of each letter, such as ``{"A": 5, "C": 6, "G": 7, "T": 8}``, or letters whose ids count from 0.
            Default: the alphabet's own order.
        unknown: What a letter without a channel is, such as N: ``zero`` (default); ``quarter``, the same
            number for all letters; or ``codes``, the mean of those that an IUPAC code stands for. Of tokens
            the id of letters that have none; by default sequences with such are refused.
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
        embedding: Of tokens, the name of the table that reads them. Default: the only one that is as large.
        tokenizer: Of tokens, a tokenizer of transformers in place of ``letters``. Default: none.
        name: What results call the model. Default: the name of the class.

    Raises:
        InputError: If values are none of these, or the module gives nothing that can be read so.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"a {type(module).__name__} is no torch module: expected a torch.nn.Module")
    if channels not in ("first", "last") or input not in ("one-hot", "tokens") or outputs not in _KINDS:
        raise InputError(
            f"input {input!r}, channels {channels!r}, outputs {outputs!r}: expected one-hot or tokens; first "
            f"or last; and one of {', '.join(_KINDS)}"
        )
    if flank < 0 or (flank and input == "tokens"):
        raise InputError(f"flank {flank}: expected 0 or more, of one-hot letters only")
    known = named_alphabet(alphabet)
    meant = Output(output, cast(Channels, channels))
    meant.check()
    reads = _one_hot if input == "one-hot" else _tokens
    reading, reader, read = reads(module, known, letters, unknown, flank, channels, embedding, tokenizer)
    named = dict(others) if isinstance(others, Mapping) else {str(i): one for i, one in enumerate(others)}
    about = {
        "module": str(module), "source": source_of(module, output), "alphabet": alphabet, "read": read,
        "flank": flank, "length": length, "argument": argument, "others": list(named),
        "output": output if isinstance(output, str | None) else "a function",
    }  # fmt: skip
    wrapped = Wrapped(module, reading, meant, named, argument, ModuleConfig(about, _KINDS[outputs]))
    wrapped.eval()
    shape = _trial(wrapped, reader, length)
    return Model(
        module=wrapped,
        tokenizer=reader,
        task="token" if len(shape) == 3 else "sequence",
        labels=_labels(labels, shape[-1]),
        max_tokens=None,
        source=Source(name or type(module).__name__, f"{input}, {read}"),
        fixed_tokens=length,
    )


def _one_hot(
    module: nn.Module, alphabet: Alphabet, letters: Any, unknown: Any, flank: int, channels: Any, *_: Any
) -> tuple[OneHot, LetterTokenizer, str]:
    """How a module reads vectors, the tokenizer, and both in words."""
    order = order_of(letters, alphabet)
    rule = "zero" if unknown is None else unknown
    reading = OneHot(vectors(alphabet, order, rule), flank, channels)
    first = next(module.parameters(), torch.zeros(0))
    reading.to(device=first.device, dtype=first.dtype)
    tokenizer = LetterTokenizer(letter_tokenizer(alphabet), alphabet)
    return reading, tokenizer, f"{order}, others {rule}, channels {channels}"


def _tokens(
    module: nn.Module, alphabet: Alphabet, letters: Any, unknown: Any, flank: int, channels: Any,
    embedding: str | None, tokenizer: Any,
) -> tuple[Ids, LetterTokenizer, str]:  # fmt: skip
    """The same of ids."""
    if tokenizer is None:
        order = letters or alphabet.letters
        ids = order if isinstance(order, Mapping) else {one: i for i, one in enumerate(order)}
        tokenizer = tokenizer_of(ids, alphabet, unknown)
    reader = LetterTokenizer(tokenizer, alphabet)
    most = 1 + max([*reader.ordinary_ids(), reader.unknown_id or 0])
    listed = sorted(tokenizer.get_vocab().items(), key=lambda one: one[1])  # which come in any order
    own = dict(listed) if most <= _SPELLED else f"{most} ids"
    return Ids(table_in(module, embedding, most)), reader, f"{own}, channels {channels}"


def _labels(given: List[str] | None, count: int) -> tuple[str, ...]:
    if given is None:
        return ("output",) if count == 1 else tuple(map(str, range(count)))
    if len(given) != count or isinstance(given, str):
        raise InputError(
            f"{counted(len(given), 'label')} of {counted(count, 'output')}: expected one for each"
        )
    return tuple(map(str, given))


def _check_alone(wrapped: Wrapped, together: Tensor, alone: Tensor) -> None:
    """Raises InputError where a sequence has other outputs beside another one, or the second time."""
    size = alone.float().abs().amax().clamp_min(1e-3)
    difference = (together.float() - alone.float()).abs().amax()
    if bool(difference > _ALONE * size):
        raise InputError(
            f"{type(wrapped.module).__name__} gives a sequence other outputs beside another one, or the "
            f"second time (by {float(difference):.2g}): expected a module whose outputs are of each sequence "
            "alone, without what is taken over a batch (BatchNorm that is training) or drawn (dropout)"
        )


def _trial(wrapped: Wrapped, reader: LetterTokenizer, length: int | None) -> tuple[int, ...]:
    """The shape of outputs for a few letters, of as many as the module takes.

    Raises InputError for a module that takes none of these, or gives a sequence other outputs beside others.
    """
    failed: list[str] = []
    device = wrapped.reading.table.weight.device
    for count in (length,) if length is not None else _TRIALS:
        letters = reader.alphabet.letters
        texts = (letters * count)[:count], letters[0] * count
        ids, other = (
            torch.from_numpy(reader.encode(Sequence("trial", part, reader.alphabet)).ids).to(device)
            for part in texts
        )
        both = torch.stack([ids, other if len(other) == len(ids) else ids])
        try:
            with torch.inference_mode(), wrapped.reading.settled(wrapped.module, ids.cpu()):
                together = wrapped(both, True).logits
                alone = wrapped(both[:1], True).logits
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - of somebody's module, which may raise anything
            failed.append(f"{counted(count, 'letter')}: {type(error).__name__}, {first_line(error)}")
        else:
            _check_alone(wrapped, together[:1], alone)
            return tuple(together.shape)
    raise InputError(
        f"{type(wrapped.module).__name__} fails ({failed[0]}): expected a module that reads (batch, "
        "channels, letters), with channels='last' (batch, letters, channels), or with input='tokens' ids "
        "(batch, tokens); length says how many letters it takes"
    )
