"""AntiBERTy: residues, species, chain and graft of antibodies (Ruffolo et al. 2021, arXiv 2112.07782).

A BERT with four heads, as the package antiberty has it: a folder with ``config.json`` and
``pytorch_model.bin``, and ``vocab.txt`` in it or in the folder around it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from relevome.data.lines import numbered_lines
from relevome.data.sequences import PROTEIN
from relevome.errors import InputError
from relevome.models.base import Model, Source
from relevome.models.loading.sizes import check_config_sizes
from relevome.models.loading.trial import try_out
from relevome.models.own_tokenizers import known_tokenizer
from relevome.models.published import published
from relevome.models.published.files import parsed_as
from relevome.models.published.wheels import Wheel
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# The outputs of each head that reads a whole chain, in the order of their logits.
LABELS = {
    "species": ("Camel", "Human", "Mouse", "Rabbit", "Rat", "Rhesus"),
    "chain": ("Heavy", "Light"),
    "graft": ("no graft", "graft"),
}
_RESIDUES = "residues"
_NAMES = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
          "mask_token": "[MASK]"}  # fmt: skip


def read_antiberty(path: Path, head: str) -> PreTrainedModel:
    """The network of a folder with one of its heads; nothing in it is run.

    Raises InputError for files that are none of its own, or are damaged.
    """
    with parsed_as("AntiBERTy", path, "config.json and pytorch_model.bin as its authors ship them"):
        said = json.loads((path / "config.json").read_text(encoding="utf-8"))
        check_config_sizes(str(path), said)
        weights = torch.load(path / "pytorch_model.bin", map_location="cpu", weights_only=True)
        network = _network(said, head)
        network.load_state_dict(_of_head(weights, head))
    return network.eval()


def _network(said: dict[str, Any], head: str) -> PreTrainedModel:
    from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

    if head == _RESIDUES:
        return BertForMaskedLM(BertConfig.from_dict(said | {"tie_word_embeddings": False}))
    named = dict(enumerate(LABELS[head]))
    return BertForSequenceClassification(BertConfig.from_dict(said | {"id2label": named}))


def _of_head(weights: dict[str, Tensor], head: str) -> dict[str, Tensor]:
    """Weights by transformers' names: those of the network, and of one head."""
    found = {name: one for name, one in weights.items() if name.startswith("bert.") and "_ids" not in name}
    if head == _RESIDUES:
        without = {name: one for name, one in found.items() if not name.startswith("bert.pooler.")}
        return without | {name: one for name, one in weights.items() if name.startswith("cls.predictions.")}
    return found | {f"classifier.{end}": weights[f"cls.{head}.{end}"] for end in ("weight", "bias")}


@published.register("antiberty")
class AntiBerty:
    """A BERT of antibodies with heads for species, chain and graft, by its ``config.json``."""

    heads = (*LABELS, _RESIDUES)
    wheel = Wheel(
        "antiberty",
        "0.1.3",
        "30d910992b190013871bac49cdc032e01a19339f7d2b958ab99b0eb44638352a",
        (
            "antiberty/trained_models/vocab.txt",
            "antiberty/trained_models/AntiBERTy_md_smooth/config.json",
            "antiberty/trained_models/AntiBERTy_md_smooth/pytorch_model.bin",
            "*.dist-info/LICENSE.MD",
        ),
        "MIT",
    )

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Whether the architecture that it names is this one."""
        try:
            said = json.loads((path / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(said, dict) and said.get("architectures") == ["AntiBERTy"]

    @classmethod
    def read(cls, path: Path, head: str | None) -> Model:
        """The network with a head: one output for each species, chain or graft, or for every residue."""
        words = next(
            (file for file in (path / "vocab.txt", path.parent / "vocab.txt") if file.is_file()), None
        )
        if words is None:
            raise InputError(f"{path} has no vocab.txt: copy the one that its package has beside its folder")
        tokens = tuple(line.strip() for _, line in numbered_lines(words) if line.strip())
        network = read_antiberty(path, head or _RESIDUES)
        rows = network.get_input_embeddings().num_embeddings
        if len(tokens) != rows:
            raise InputError(
                f"{words} has {len(tokens)} tokens, and {path} embeddings of {rows}: copy both again"
            )
        tokenizer = known_tokenizer({token: id for id, token in enumerate(tokens)}, _NAMES)
        model = Model(
            module=network,
            tokenizer=LetterTokenizer(tokenizer, PROTEIN),
            task="masked" if head == _RESIDUES else "sequence",
            labels=LABELS.get(head or _RESIDUES, tokens),
            max_tokens=network.config.max_position_embeddings,
            source=Source(f"{path.resolve()}:{head}", "residues (plain)"),
        )
        try_out(model, str(path), own_code=False)
        return model
