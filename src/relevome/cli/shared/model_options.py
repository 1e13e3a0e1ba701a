"""Which model a command asks, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.options import AlphabetName, Device, ModelPath, Prefix, RareAsX, TokenizerPath

if TYPE_CHECKING:
    from relevome.models.base import Model


@dataclass(frozen=True)
class ModelOptions:
    """The model, where it computes, and what it does not say of itself."""

    model: ModelPath
    device: Device = "auto"
    dtype: Annotated[str, typer.Option(help="float32, float64, bfloat16 or float16.")] = "float32"
    task: Annotated[
        str | None, typer.Option(help="sequence, token, masked or causal; read off the model.")
    ] = None
    alphabet: AlphabetName = None
    tokenizer: TokenizerPath = None
    prefix: Prefix = None
    rare_as_x: RareAsX = False
    max_tokens: Annotated[int | None, typer.Option(help="Replace the length the model states.")] = None
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that comes with the checkpoint.")
    ] = False
    download: Annotated[
        bool, typer.Option("--download", help="Fetch a hub id that is not in the local cache.")
    ] = False

    def load(self) -> Model:
        """The model. Raises InputError for one that is not there or cannot be read."""
        from relevome.models.hugging_face import load_model

        return load_model(
            self.model, task=self.task, alphabet=self.alphabet, tokenizer=self.tokenizer, device=self.device,
            dtype=self.dtype, max_tokens=self.max_tokens, rare_as_x=self.rare_as_x or None,
            prefix=self.prefix, trust_remote_code=self.trust_remote_code, download=self.download,
        )  # fmt: skip
