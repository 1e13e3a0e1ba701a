"""How many sequences go through a model at once: given by the user, or derived from its activations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from relevome.errors import InputError

if TYPE_CHECKING:
    from relevome.models.base import Model

MOST_ROWS = 1024
MOST_TOKENS = 65_536
LEAST_FILLED = 0.9  # `like_lengths` of very many inputs: the shortest of a batch, as a share of the longest
# Bytes of the widest activation of a batch. On CPUs, of CNNs and transformers from 10 thousand to 85 million
# weights and widths from 16 to 1,000, this many gave 92% to 100% of the fastest (one case: 75%); from four
# times as many on a CNN is half as fast, since its activations are in no cache.
WIDEST = 4 << 20
WIDEST_ON_DEVICE = 64 << 20
SHARE_OF_MEMORY = 4  # all activations of a batch, which a backward pass keeps, take a quarter of a device's


@runtime_checkable
class BatchSizes(Protocol):
    """Says how many rows of a width a model takes at once."""

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """Rows for sequences of ``width`` tokens, of which there are no more than ``most``."""
        ...

    def on_record(self) -> int | dict[str, int]:
        """What a run keeps of it, from which `batch_sizes_of` makes the same again."""
        ...


@dataclass(frozen=True)
class FixedBatchSize:
    """The same number of rows always."""

    size: int

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """The given number, whatever the width."""
        return self.size

    def on_record(self) -> int:
        """The number."""
        return self.size


@dataclass
class DerivedBatchSizes:
    """As many rows as a model can take for its activations, derived for every width up to a power of two.

    More is not always faster: on CPUs a CNN ran 2.7 times slower with 256 rows than with 32. The activations
    of one row are counted in one pass, so that the number depends on the model, the width and the device and
    on nothing else: a measured time would also depend on what the machine does besides, and other numbers of
    rows change the last digits of results. What was derived is kept in ``known`` and stored with a run.
    """

    known: dict[int, int] = field(default_factory=dict)

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """The number for this width."""
        bucket = 1 << (width - 1).bit_length()
        if bucket not in self.known:
            if most == 1:
                return 1
            self.known[bucket] = _derived(model, width, _widest(model, width, bucket))
        return self.known[bucket]

    def on_record(self) -> dict[str, int]:
        """What was derived, by width."""
        return {str(width): rows for width, rows in self.known.items()}


def like_lengths(model: Model, lengths: Sequence[int], filled: float = 0.0) -> Iterator[list[int]]:
    """Which sequences go through a model together, by their places, of their lengths in tokens.

    Lengths fall, so that the first batch is the one that needs most memory, and of equal ones the order
    stays. Where a model cannot pad they are the same in a batch; else the shortest is at least ``filled`` of
    the longest.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while order:
        width = lengths[order[0]]
        least = filled * width if model.pads else width
        some = [place for place in order[: model.rows(width, len(order))] if lengths[place] >= least]
        yield some
        order = order[len(some) :]


def batch_sizes_of(size: int | None, on_record: object = None) -> BatchSizes:
    """The number that a user gave, or else what is derived, beginning with what a run has on record.

    Raises InputError for a number below 1.
    """
    if size is not None and size < 1:
        raise InputError(f"--batch-size {size}: expected auto or a number from 1 on")
    if size:
        return FixedBatchSize(size)
    known = on_record if isinstance(on_record, dict) else {}
    return DerivedBatchSizes({int(width): int(rows) for width, rows in known.items()})


def _widest(model: Model, width: int, bucket: int) -> int:
    """The width that stands for all of a bucket, of those that the model takes."""
    if model.fixed_tokens is not None:
        return width
    return bucket if model.max_tokens is None else max(width, min(bucket, model.max_tokens))


def _derived(model: Model, width: int, widest: int) -> int:
    """The highest power of two of rows whose activations are not too large.

    They are those of ``widest`` tokens, or of a model that takes none so long and does not say so, of
    ``width``. At what it fails altogether is said where its name is known.
    """
    for tokens in dict.fromkeys((widest, width)):
        try:
            counted = _activations(model, tokens)
        except torch.OutOfMemoryError:
            return 1
        except Exception:  # noqa: BLE001 - of somebody's module, which may raise anything
            continue
        return _at_once(counted, tokens, model.device)
    return 1


def _at_once(counted: _Activations, width: int, device: torch.device) -> int:
    most = (WIDEST if device.type == "cpu" else WIDEST_ON_DEVICE) // max(counted.widest, 1)
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
        most = min(most, memory // SHARE_OF_MEMORY // max(counted.all, 1))
    most = max(1, min(most, MOST_ROWS, MOST_TOKENS // width))
    return 1 << (most.bit_length() - 1)


class _Activations(TorchFunctionMode):
    """While active, counts the bytes of what operations make: the widest of them, and all together.

    A result that looks at what the operation was given, such as a view of weights, is nothing new.
    """

    widest = 0
    all = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **kwargs or {})
        given = {_storage(one) for one in _tensors((args, kwargs))}
        for one in _tensors(result):
            if _storage(one) not in given:
                size = one.numel() * one.element_size()
                self.widest = max(self.widest, size)
                self.all += size
        return result


def _tensors(values: Any) -> list[torch.Tensor]:
    return [all_rows(one) for one in tree_leaves(values) if isinstance(one, torch.Tensor)]


def all_rows(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor of all rows, of which this is one within ``torch.vmap``; elsewhere the tensor itself."""
    while is_functorch_wrapped_tensor(tensor):
        tensor = get_unwrapped(tensor)
    return tensor


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _activations(model: Model, width: int) -> _Activations:
    """What one row of this width makes in a forward pass."""
    ids = torch.full((1, width), model.tokenizer.ordinary_ids()[0], device=model.device)
    inputs = {"input_ids": ids}
    if model.takes_mask:
        inputs["attention_mask"] = torch.ones_like(ids)
    with model.frozen(), torch.inference_mode(), _Activations() as counted:
        model.module(**inputs)
    return counted
