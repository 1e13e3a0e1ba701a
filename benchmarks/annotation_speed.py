"""How fast a genome is annotated, and how much memory that takes.

The network has the published sizes (6 layers, 6 heads of 32, memory of 512) and random weights. Our path, the
layout ``sliding`` by ``stream``, against the published one written anew: segments of 512 after a memory of
512, attention weights of all pairs in memory, laid out as Transformer-XL does (letters, keys, sequences,
heads), and as many segments at once as are fastest. Stretches of the genome of E. coli, in turns, processor
time of one thread. Memory is what ``annotate`` adds at its peak to the resident set of a process that holds
the model, both strands, the median of three processes; to see whether it grows, three times the chromosome
against a million letters, by one layer of one head, since the network has nothing that could.

Target: at least 5 times as fast; and for so many letters at most 1.1 times the memory.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks import Row, added_memory, data, in_fresh_process
from relevome.data.genomes import open_genome
from relevome.data.sequences import DNA
from relevome.jobs.annotate import AnnotationSettings, annotate
from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer

STREAMS = (1, 2, 10)
LEAST = {"num_hidden_layers": 1, "num_attention_heads": 1}


def measure(quick: bool = False) -> list[Row]:
    """Ratios of processor time, and memory."""
    torch.set_num_threads(1)
    letters, turns = (16_384, 2) if quick else (65_536, 5)
    text = genome(turns * letters)
    ratios = _ratios([text[at : at + letters] for at in range(0, len(text), letters)])
    return [
        Row(f"published path over ours, {len(text):,} letters", float(np.median(ratios)), "at least 5"),
        Row("the same, each turn", ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))),
        *memory(quick),
    ]


def memory(quick: bool = False) -> list[Row]:
    """For a million letters and three times the chromosome."""
    some = genome(50_000 if quick else 1_000_000)
    more = some * 4 if quick else genome(None) * 3
    times = 1 if quick else 3
    whole, few, many = (
        median(in_fresh_process(_added, text, sizes) for _ in range(times))
        for text, sizes in ((some, {}), (some, LEAST), (more, LEAST))
    )
    return [
        Row(f"{len(some):,} letters, MiB on top of the model", whole),
        Row("the same by one layer of one head", few),
        Row(f"{len(more):,} letters by one layer of one head", many),
        # files of scores have a million letters: fewer say nothing of what grows
        Row(f"{len(more):,} letters over {len(some):,}", many / few, "" if quick else "at most 1.1"),
    ]


def genome(letters: int | None) -> str:
    """The first letters of E. coli K-12 MG1655, or all of them."""
    with open_genome(data("ecoli", "NC_000913.3.fna.gz")) as chromosomes:
        ((_, record),) = chromosomes.items()
        return str(record[:letters])


def network(sizes: Mapping[str, int] = MappingProxyType({})) -> AnnotatorForTokenClassification:
    """An annotator for two classes, of the published sizes where it has no others."""
    torch.manual_seed(0)
    return AnnotatorForTokenClassification(AnnotatorConfig(**{**AnnotatorConfig.published, **sizes})).eval()


def _ratios(texts: list[str]) -> list[float]:
    """Of each text; before, what makes the published path fastest is found on a part of the first."""
    module = network()
    probe = texts[0][: 10 * 1024]
    costs = [processor_seconds(partial(published_logits, module, probe, streams)) for streams in STREAMS]
    best = STREAMS[int(np.argmin(costs))]
    module.logits(probe)
    return [
        processor_seconds(partial(published_logits, module, text, best))
        / processor_seconds(partial(module.logits, text))
        for text in texts
    ]


def processor_seconds(work: Callable[[], object]) -> float:
    """What other work on the machine disturbs less than time."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


@torch.no_grad()
def published_logits(
    module: AnnotatorForTokenClassification, letters: str, streams: int = 1
) -> Float[np.ndarray, "positions classes"]:
    """Logits segment by segment, ``streams`` stretches of the letters side by side, each from no memory."""
    length = -(-len(letters) // streams)
    tokens = module.tokens(letters.ljust(streams * length, DNA.unknown)).view(streams, length).T
    memory = [torch.zeros(0, streams, module.config.hidden_size)] * module.config.num_hidden_layers
    found = []
    for segment in tokens.split(module.config.segment):
        hidden = module.encoder.embeddings(segment)
        for index, layer in enumerate(module.encoder.layers):
            seen = torch.cat([memory[index], hidden])
            memory[index] = seen[max(len(seen) - module.config.memory, 0) :]
            hidden = _layer(module, layer, seen, len(hidden))
        found.append(module.classifier(hidden))
    return torch.cat(found).transpose(0, 1).flatten(0, 1)[: len(letters)].numpy()


def _layer(
    module: AnnotatorForTokenClassification, layer: Any, seen: Tensor, count: int
) -> Float[Tensor, "letters streams channels"]:
    """One layer for the last ``count`` letters, with weights (letters, keys, streams, heads)."""
    config, keys = module.config, len(seen)
    parts = layer.qkv(seen).chunk(3, -1)
    parts = parts[0][-count:], *parts[1:]
    query, key, value = (_convolved(layer, number, part) for number, part in enumerate(parts))
    places = torch.arange(keys - 1, -1, -1.0)[:, None]
    angles = places * 10_000 ** (-torch.arange(0, config.hidden_size, 2) / config.hidden_size)
    distance = layer.distance(torch.cat([angles.sin(), angles.cos()], -1)).unflatten(-1, query.shape[-2:])
    content = torch.einsum("ibnd,jbnd->ijbn", query + module.encoder.content_bias, key)
    position = torch.einsum("ibnd,jnd->ijbn", query + module.encoder.position_bias, distance)
    scores = (content + _shifted(position)).mul_(config.head_size**-0.5)
    apart = torch.arange(count)[:, None] + keys - count - torch.arange(keys)
    unseen = (apart < 0) | (apart >= (config.memory or config.segment))
    weights = scores.masked_fill(unseen[..., None, None], float("-inf")).softmax(1)
    context = torch.einsum("ijbn,jbnd->ibnd", weights, value)
    return layer.norm(seen[-count:] + layer.output(context.flatten(2)))


def _convolved(layer: Any, number: int, part: Tensor) -> Float[Tensor, "letters streams heads size"]:
    heads = part.unflatten(-1, (layer.heads, -1)).permute(1, 2, 3, 0)
    motifs = layer.motifs[number](heads.flatten(0, 1))[..., : len(part)]
    return motifs.unflatten(0, heads.shape[:2]).permute(3, 0, 1, 2)


def _shifted(x: Float[Tensor, "letters keys streams heads"]) -> Float[Tensor, "letters keys streams heads"]:
    """Rows that begin at each letter's own distances (Dai et al. 2019, appendix B)."""
    padded = torch.cat([torch.zeros_like(x[:, :1]), x], 1)
    return padded.view(x.shape[1] + 1, x.shape[0], *x.shape[2:])[1:].view_as(x)


def _added(text: str, sizes: Mapping[str, int] = MappingProxyType({})) -> float:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network(sizes).save_pretrained(folder / "model")
        letter_tokenizer(DNA).save_pretrained(folder / "model")
        lines = (text[at : at + 80] for at in range(0, len(text), 80))
        (folder / "genome.fa").write_text("\n".join([">chromosome", *lines, ""]))
        model = load_model(folder / "model", device="cpu")
        settings = AnnotationSettings(folder / "genome.fa", circular=True)
        return added_memory(lambda: annotate(model, settings, folder / "out"))
