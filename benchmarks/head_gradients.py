"""What integrated gradients at every attention head cost beyond those at the embedding alone.

Random proteins, baseline pad, 50 steps, between the outputs of the embedding block; fused attention, one
thread. The shape of ESM-2 8M (6 layers of 20 heads) and that of ESM-2 35M (12 of 20), each with as many steps
at once as was measured to be fastest. Memory is what tensors take up beyond the model at the peak, as torch's
profiler counts it. The quick form takes short peptides, and 320 channels for the 12 layers, too.

The published scheme (Wenzel, Gruner & Strodthoff 2024) runs integrated gradients once for every layer, one
step at a time, each back to the embedding, and keeps the layer's contexts and gradients of all steps; here it
is written again without captum, and first checked to give the same numbers. Seconds are those that the
processor spent on this process, and, for the embedding, those by the clock, too; medians of ratios in turns.

Target: all layers and heads at most 1.15 times the embedding alone; the published scheme at least 10 times
slower per protein on 12 layers.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import EsmConfig, EsmForSequenceClassification

from benchmarks import Row
from benchmarks.attnlrp import tensor_memory
from relevome.attribution.baselines import baseline_words
from relevome.attribution.embeddings import at_site, leaf
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequences import PROTEIN, Sequence
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

STEPS = 50
HEADS = 20
SHAPES = {"ESM-2 8M shape": (6, 320), "ESM-2 35M shape": (12, 480)}
QUICK = {"6 layers": (6, 320), "12 layers": (12, 320)}


def measure(quick: bool = False) -> list[Row]:
    """Ratios of seconds and memory, model by model."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        shapes, length, turns = (QUICK, 24, 3) if quick else (SHAPES, 256, 9)
        beside = [row for name, shape in shapes.items() for row in _beside(name, Work(*shape, length), turns)]
        return [*beside, _over_published(Work(*shapes[list(shapes)[-1]], length // 2), turns // 3)]
    finally:
        torch.set_num_threads(threads)


def _beside(name: str, work: Work, turns: int) -> list[Row]:
    """All layers and heads over the embedding alone."""
    cpu, clock = _ratios(work.heads, work.embedding, turns)
    return [
        Row(f"{name}, {len(work)} residues, seconds", float(np.median(cpu)), "at most 1.15"),
        Row("    middle half of the ratios", "{:.3f} to {:.3f}".format(*np.quantile(cpu, [0.25, 0.75]))),
        Row("    by the clock", float(np.median(clock))),
        Row("    peak memory", tensor_memory(work.heads) / tensor_memory(work.embedding)),
    ]


def _over_published(work: Work, turns: int) -> Row:
    work.check()
    cpu, _ = _ratios(work.published, work.heads, turns)
    return Row(f"published scheme over ours, {len(work)} residues", float(np.median(cpu)), "at least 10")


def _ratios(
    work: Callable[[], object], reference: Callable[[], object], turns: int
) -> Float[np.ndarray, "2 turns"]:
    """Seconds of the processor, and by the clock, of ``work`` over those of ``reference``."""
    reference()
    return np.array([_seconds(work) / _seconds(reference) for _ in range(turns)]).T


def _seconds(work: Callable[[], object]) -> Float[np.ndarray, "2"]:
    begin = np.array([time.process_time(), time.perf_counter()])
    work()
    return np.array([time.process_time(), time.perf_counter()]) - begin


class Work:
    """One protein, explained in each way."""

    def __init__(self, layers: int, channels: int, residues: int) -> None:
        self.model = _esm(layers, channels)
        letters = np.random.default_rng(0).choice(list(PROTEIN.letters), residues)
        tokens = self.model.tokenize(Sequence("p", "".join(letters), PROTEIN))
        self.batch = Batch((tokens,), (Target(1, "second"),))
        self.model.rows(self.batch.width)

    def __len__(self) -> int:
        return len(self.batch.tokens[0].sequence)

    def embedding(self) -> None:
        """Integrated gradients at the embedding."""
        self._ours(heads=False)

    def heads(self) -> Float[np.ndarray, "layers heads tokens"]:
        """And of every head in every layer."""
        return self._ours(heads=True)

    def published(self) -> Float[np.ndarray, "layers heads tokens"]:
        """One layer after another, one step at a time."""
        model, batch = self.model, self.batch
        with torch.no_grad():
            words = model.word_embedding(model.inputs(batch)["input_ids"])
        origin = baseline_words(model, batch, words, "pad", [0, 0])
        start, end = (at_site(model, batch, "block", at) for at in (origin, words))
        outputs = [m for name, m in model.module.named_modules() if name.endswith("attention.output.dense")]
        return np.stack([_one_layer(model, batch, output, start, end) for output in outputs])

    def check(self) -> None:
        """Both ways give the same numbers."""
        ours, theirs = self.heads(), self.published()
        error = np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
        if not error < 1e-3:
            raise RuntimeError(f"the two ways differ by {error:.1e}: expected below 1e-3")

    def _ours(self, heads: bool) -> Float[np.ndarray, "layers heads tokens"]:
        method = IntegratedGradients(baseline="pad", site="block", steps=STEPS, heads=heads)
        (found,) = method.attribute(self.model, self.batch)
        return np.zeros((0, 0, 0)) if found.heads is None else found.heads


def _one_layer(
    model: Model, batch: Batch, output: nn.Module, start: Tensor, end: Tensor
) -> Float[np.ndarray, "heads tokens"]:
    """The heads of one layer, from as many passes as there are steps."""
    contexts: list[Tensor] = []
    slopes: list[Tensor] = []

    def keep(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        contexts.append(inputs[0].detach().cpu())
        inputs[0].register_hook(lambda gradient: slopes.append(gradient.cpu()))

    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    alphas = torch.from_numpy((nodes + 1) / 2)
    handle = output.register_forward_pre_hook(keep)
    try:
        for alpha in alphas.tolist():
            point = (start + alpha * (end - start)).requires_grad_()
            with model.frozen(), leaf(model.site("block"), point):
                score = model.scores(model.inputs(batch), batch).sum()
                torch.autograd.grad(score, point)
    finally:
        handle.remove()
    (change,) = torch.gradient(torch.cat(contexts), spacing=(alphas.float(),), dim=0, edge_order=1)
    found = torch.einsum("s,stc,stc->tc", torch.from_numpy(weights / 2).float(), torch.cat(slopes), change)
    return found.unflatten(-1, (HEADS, -1)).sum(-1).T.numpy()


def _esm(layers: int, channels: int) -> Model:
    """ESM-2 with random weights, and a head for two classes."""
    torch.manual_seed(0)
    tokenizer = letter_tokenizer(PROTEIN, specials=True)
    vocabulary = tokenizer.get_vocab()
    config = EsmConfig(
        vocab_size=len(vocabulary),
        hidden_size=channels,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        intermediate_size=4 * channels,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        mask_token_id=vocabulary["[MASK]"],
        pad_token_id=vocabulary["[PAD]"],
    )
    letters = LetterTokenizer(tokenizer, PROTEIN)
    source = Source("random weights", "made here")
    module = EsmForSequenceClassification(config).eval()
    return Model(module, letters, "sequence", ("first", "second"), None, source)
