from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from scipy.special import erf
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification

from relevome.attribution import methods
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Target
from relevome.models.dnabert2 import (
    Dnabert2Config,
    Dnabert2ForMaskedLM,
    Dnabert2ForSequenceClassification,
    Dnabert2ForTokenClassification,
    Dnabert2Model,
)
from relevome.models.dnabert2.layers import alibi, alibi_slopes
from relevome.models.hugging_face import load_model
from relevome.models.loading.checkpoint import read_config
from relevome.training.architectures import Architecture, add_lora
from relevome.training.labels import LabelScheme
from tests.toys import TOYS

Saved = Callable[[str], Path]
PUBLISHED = "zhihan1996/DNABERT-2-117M"
CODE = {
    "AutoConfig": "configuration_bert.BertConfig",
    "AutoModel": "bert_layers.BertModel",
    "AutoModelForSequenceClassification": "bert_layers.BertForSequenceClassification",
}


def tiny(kind: Any = Dnabert2ForSequenceClassification, **settings: Any) -> Any:
    """A tiny model in float64, every axis of another size, with weights large enough to matter."""
    torch.manual_seed(3)
    sizes: dict[str, Any] = {
        "vocab_size": 29,
        "hidden_size": 18,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "intermediate_size": 13,
        "num_labels": 4,
    }
    model = kind(Dnabert2Config(**(sizes | settings)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return model.double().eval()


def ids(*lengths: int) -> dict[str, Tensor]:
    """Random tokens, shorter sequences padded, other tokens under the padding."""
    torch.manual_seed(1)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return {"input_ids": torch.randint(29, mask.shape), "attention_mask": mask.long()}


def normed(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    variance = ((x - x.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True)
    scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(variance + 1e-12)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + erf(x / np.sqrt(2))) / 2


def by_hand(weights: dict[str, np.ndarray], slopes: list[float], tokens: list[int]) -> np.ndarray:
    """Hidden states of one sequence, with loops over heads and tokens."""

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)

    kinds = weights["embeddings.token_type_embeddings.weight"]
    words = weights["embeddings.word_embeddings.weight"]
    x = normed(words[tokens] + kinds[0], weights, "embeddings.LayerNorm")
    width, size = x.shape[1], x.shape[1] // len(slopes)
    layers = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
    for layer in (f"encoder.layer.{n}" for n in range(layers)):
        qkv = linear(x, f"{layer}.attention.self.Wqkv")
        context = np.zeros_like(x)
        for head, slope in enumerate(slopes):
            q, k, v = (
                qkv[:, start * width + head * size :][:, :size] for start in range(3)
            )  # all queries come first, then all keys, then all values
            for i in range(len(x)):
                scores = [q[i] @ k[j] / np.sqrt(size) - slope * abs(i - j) for j in range(len(x))]
                attention = np.exp(scores) / np.exp(scores).sum()
                context[i, head * size : (head + 1) * size] = attention @ v
        out = f"{layer}.attention.output"
        x = normed(linear(context, f"{out}.dense") + x, weights, f"{out}.LayerNorm")
        first, second = np.split(linear(x, f"{layer}.mlp.gated_layers"), 2, axis=1)
        x = normed(linear(gelu(first) * second, f"{layer}.mlp.wo") + x, weights, f"{layer}.mlp.layernorm")
    return x


def numbers(model: Any, prefix: str = "") -> dict[str, np.ndarray]:
    found = {name: value.numpy() for name, value in model.state_dict().items()}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}


@pytest.mark.parametrize(
    ("heads", "slopes"),
    [
        (1, [2**-8]),
        (2, [2**-4, 2**-8]),
        (4, [2**-2, 2**-4, 2**-6, 2**-8]),
        (8, [2**-i for i in range(1, 9)]),
        (3, [2**-4, 2**-8, 2**-2]),
        (6, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]),
        (12, [*(2**-i for i in range(1, 9)), 2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]),
    ],
)
def test_slopes_are_a_geometric_series_and_every_second_of_the_next(heads: int, slopes: list[float]) -> None:
    np.testing.assert_allclose(alibi_slopes(heads), slopes, rtol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_alibi_lowers_attention_with_distance_in_both_directions(dtype: torch.dtype) -> None:
    bias = alibi(6, torch.zeros(2, 700, 5, dtype=dtype))
    assert (bias.shape, bias.dtype) == ((1, 6, 700, 700), dtype)
    for head, slope in enumerate(alibi_slopes(6)):
        for i, j in ((0, 0), (3, 1), (1, 3), (0, 699), (600, 41)):
            expected = torch.tensor(-slope * abs(i - j), dtype=torch.float64).to(dtype)
            assert bias[0, head, i, j] == expected


@pytest.mark.parametrize("heads", [6, 2])
def test_hidden_states_equal_a_forward_pass_written_by_hand(heads: int) -> None:
    model = tiny(Dnabert2Model, num_attention_heads=heads)
    slopes = {6: [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8], 2: [1 / 16, 1 / 256]}[heads]
    tokens = [3, 28, 0, 7, 7, 19, 1]
    with torch.no_grad():
        found = model(torch.tensor([tokens]))
    expected = by_hand(numbers(model), slopes, tokens)
    np.testing.assert_allclose(found.last_hidden_state[0], expected, atol=1e-12)
    weights = numbers(model)
    pooled = np.tanh(expected[0] @ weights["pooler.dense.weight"].T + weights["pooler.dense.bias"])
    np.testing.assert_allclose(found.pooler_output[0], pooled, atol=1e-12)


def test_each_head_reads_what_it_should() -> None:
    tokens = [4, 11, 2, 25]
    slopes = [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8]
    for kind in (Dnabert2ForSequenceClassification, Dnabert2ForTokenClassification, Dnabert2ForMaskedLM):
        model = tiny(kind)
        weights = numbers(model)
        hidden = by_hand(numbers(model, "bert."), slopes, tokens)
        if kind is Dnabert2ForMaskedLM:
            transform = "cls.predictions.transform"
            dense = hidden @ weights[f"{transform}.dense.weight"].T + weights[f"{transform}.dense.bias"]
            last = normed(gelu(dense), weights, f"{transform}.LayerNorm")
            weight = weights["bert.embeddings.word_embeddings.weight"]
            expected = last @ weight.T + weights["cls.predictions.decoder.bias"]
        else:
            if kind is Dnabert2ForSequenceClassification:
                dense = hidden[0] @ weights["bert.pooler.dense.weight"].T + weights["bert.pooler.dense.bias"]
                hidden = np.tanh(dense)
            expected = hidden @ weights["classifier.weight"].T + weights["classifier.bias"]
        with torch.no_grad():
            np.testing.assert_allclose(model(torch.tensor([tokens])).logits[0], expected, atol=1e-12)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_padding_changes_nothing_and_its_hidden_states_are_zero(implementation: str) -> None:
    model = tiny(Dnabert2Model)
    model.set_attn_implementation(implementation)
    inputs = ids(9, 4, 7)
    with torch.no_grad():
        together = model(**inputs).last_hidden_state
        for row, length in enumerate((9, 4, 7)):
            alone = model(inputs["input_ids"][row : row + 1, :length]).last_hidden_state[0]
            np.testing.assert_allclose(together[row, :length], alone, rtol=0, atol=1e-13)
            assert not together[row, length:].any()


def test_a_sequence_may_be_longer_than_512_tokens() -> None:
    model = tiny(Dnabert2Model, alibi_starting_size=512, max_position_embeddings=512)
    tokens = torch.randint(29, (1, 530)).tolist()[0]
    with torch.no_grad():
        found = model(torch.tensor([tokens])).last_hidden_state[0]
    expected = by_hand(numbers(model), alibi_slopes(6), tokens)
    np.testing.assert_allclose(found, expected, atol=1e-11)


def gradients(model: Any, inputs: dict[str, Tensor]) -> list[Tensor]:
    model.zero_grad()
    model(**inputs, labels=torch.tensor([2, 0, 3])).loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("lengths", [(9, 4, 7), (5, 5, 5)])
def test_eager_and_fused_attention_give_the_same_logits_and_gradients(lengths: tuple[int, ...]) -> None:
    model, inputs = tiny(), ids(*lengths)
    found = {}
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        assert model.bert.config._attn_implementation == implementation
        found[implementation] = [model(**inputs).logits, *gradients(model, inputs)]
    for eager, fused in zip(found["eager"], found["sdpa"], strict=True):
        torch.testing.assert_close(eager, fused, rtol=0, atol=1e-12)


def test_attention_that_is_asked_for_is_what_is_used() -> None:
    config = tiny().config
    for implementation in ("eager", "sdpa"):
        model = AutoModel.from_config(config, attn_implementation=implementation)
        assert model.config._attn_implementation == implementation


def test_hidden_states_and_attention_of_every_layer_are_there_for_the_asking() -> None:
    model, inputs = tiny(), ids(6, 5)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        found = model(**inputs, output_hidden_states=True, output_attentions=True)
        last = model.bert(**inputs).last_hidden_state
    assert [states.shape for states in found.hidden_states] == [(2, 6, 18)] * 3
    torch.testing.assert_close(found.hidden_states[-1], last)
    assert [weights.shape for weights in found.attentions] == [(2, 6, 6, 6)] * 2
    assert not found.attentions[0][1, :, :, 5].any()
    assert isinstance(model(**inputs, return_dict=False), tuple)


def test_embeddings_may_be_given_instead_of_tokens() -> None:
    model, inputs = tiny(), ids(6, 5)
    embedded = model.get_input_embeddings()(inputs["input_ids"])
    found = model(inputs_embeds=embedded, attention_mask=inputs["attention_mask"]).logits
    torch.testing.assert_close(found, model(**inputs).logits)
    with pytest.raises(ValueError, match="expected either input_ids or inputs_embeds"):
        model(attention_mask=inputs["attention_mask"])


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_low_precision_is_near(implementation: str) -> None:
    model, inputs = tiny(), ids(9, 4, 7)
    exact = model(**inputs).logits
    model.float().set_attn_implementation(implementation)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(model(**inputs).logits.double(), exact, atol=0.1, rtol=0.1)
    logits = model.bfloat16()(**inputs).logits
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.double(), exact, atol=0.1, rtol=0.1)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_gradient_checkpointing_changes_no_gradient(implementation: str) -> None:
    model, inputs = tiny(hidden_dropout_prob=0.0), ids(9, 4, 7)
    model.set_attn_implementation(implementation)
    model.train()
    plain = gradients(model, inputs)
    model.activation_checkpointing_enable()
    for one, other in zip(plain, gradients(model, inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-13)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_training_reads_one_token_of_the_last_layer_and_learns_the_same(implementation: str) -> None:
    model = tiny(attn_implementation=implementation, hidden_dropout_prob=0.0, classifier_dropout=0.0)
    ids, mask = torch.randint(5, 29, (3, 11)), torch.ones(3, 11, dtype=torch.long)
    mask[1, 7:] = 0
    found, shapes = [], []
    last = model.bert.encoder.layer[-1]
    last.register_forward_hook(lambda module, given, output: shapes.append(tuple(output.shape)))
    for training in (False, True):
        model.train(training).zero_grad()
        output = model(input_ids=ids, attention_mask=mask, labels=torch.tensor([0, 3, 1]))
        output.loss.backward()
        found.append([output.logits, *(parameter.grad for parameter in model.parameters())])
    assert shapes == [(3, 11, 18), (3, 1, 18)]
    for whole, first in zip(*found, strict=True):
        torch.testing.assert_close(first, whole, rtol=1e-10, atol=1e-12)
    states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    assert [tuple(one.shape) for one in states] == [(3, 11, 18)] * 3


def test_dropout_is_where_it_was() -> None:
    model, inputs = tiny(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), ids(9, 4, 7)
    exact = model(**inputs).logits
    torch.testing.assert_close(model.train()(**inputs).logits, exact)
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"):
        other = tiny(**({"hidden_dropout_prob": 0.0} | {name: 0.5}))
        torch.testing.assert_close(other(**inputs).logits, exact)
        assert not torch.allclose(other.train()(**inputs).logits, exact)


def test_losses() -> None:
    inputs = ids(9, 4, 7)
    residues = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"] % 4, -100)
    model = tiny(Dnabert2ForTokenClassification)
    found = model(**inputs, labels=residues)
    assert found.loss.item() == pytest.approx(
        F.cross_entropy(found.logits.flatten(0, 1), residues.flatten()).item(), rel=1e-6
    )
    model = tiny(Dnabert2ForMaskedLM)
    found = model(**inputs, labels=residues)
    assert found.loss.item() == pytest.approx(
        F.cross_entropy(found.logits.flatten(0, 1), residues.flatten()).item(), rel=1e-6
    )
    found = tiny()(**inputs, labels=torch.tensor([1, 3, 0]))
    assert found.loss.item() == pytest.approx(
        F.cross_entropy(found.logits, torch.tensor([1, 3, 0])).item(), rel=1e-6
    )


def test_the_masked_language_model_speaks_in_the_words_that_it_reads() -> None:
    model = tiny(Dnabert2ForMaskedLM)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    model.resize_token_embeddings(31, mean_resizing=False)
    assert model(**ids(5)).logits.shape == (1, 5, 31)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_act": "relu"}, "hidden_act 'relu': expected 'gelu'"),
        ({"num_attention_heads": 5}, "hidden_size 18 and 5 heads: expected a multiple"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tiny(**settings)


# Loading


def published(saved: Saved, folder: Path, **entries: Any) -> Path:
    """The toy as the hub has it: code of its own in config.json, and there malicious (None: no entry)."""
    shutil.copytree(saved("dnabert2"), folder)
    fields = json.loads((folder / "config.json").read_text())
    fields |= {"model_type": None, "architectures": ["BertForSequenceClassification"], "auto_map": CODE}
    fields |= {"max_position_embeddings": 512, "position_embedding_type": "absolute"} | entries
    kept = {name: value for name, value in fields.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    for file in ("configuration_bert.py", "bert_layers.py", "bert_padding.py", "flash_attn_triton.py"):
        (folder / file).write_text(
            f"from pathlib import Path\nPath({str(folder / 'ran')!r}).touch()\n1 / 0\n"
        )
    return folder


def logits(model: Any) -> np.ndarray:
    tokens = tuple(model.tokenize(Sequence(text, text, DNA)) for text in ("ACGTTGCATTTGA", "GGCAT"))
    with torch.no_grad():
        return model.module(**model.inputs(Batch(tokens, (Target(0, "x"),) * 2))).logits.numpy()


LAYOUTS = {
    "code of its own": {},
    "code of another place": {"auto_map": {k: f"{PUBLISHED}--{v}" for k, v in CODE.items()}},
    "code of a copy": {"auto_map": {k: f"someone/copy-of-it--{v}" for k, v in CODE.items()}},
    "no code": {"auto_map": None},
    "no size of ALiBi": {"alibi_starting_size": None},
    "BERT, it says": {"model_type": "bert"},
    "BERT without code": {"model_type": "bert", "auto_map": None},
    "no name": {"model_type": ""},
}


@pytest.mark.parametrize("weights", ["safetensors", "bin"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_published_layouts_load_and_their_code_never_runs(
    saved: Saved, tmp_path: Path, layout: str, weights: str
) -> None:
    folder = published(saved, tmp_path / "published", **LAYOUTS[layout])
    if weights == "bin":
        torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    for trust in (False, True):
        model = load_model(folder, device="cpu", trust_remote_code=trust)
        assert isinstance(model.module, Dnabert2ForSequenceClassification)
        assert (model.task, model.max_tokens, model.tokenizer.style) == ("sequence", None, "plain")
        np.testing.assert_array_equal(logits(model), logits(load_model(saved("dnabert2"), device="cpu")))
    assert not (folder / "ran").exists()


def test_the_hub_id_loads_from_the_local_cache(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "7bce263b15377fc15361f52cfab88f8b586abda0"
    home = tmp_path / f"models--{PUBLISHED.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(revision)
    (home / "snapshots").mkdir()
    folder = published(saved, home / "snapshots" / revision)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = load_model(PUBLISHED, device="cpu")
    np.testing.assert_array_equal(logits(model), logits(load_model(saved("dnabert2"), device="cpu")))
    assert model.source.path == PUBLISHED
    assert model.sha256 == load_model(saved("dnabert2"), device="cpu").sha256
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"model_type": "bert"},
        {"model_type": "bert", "auto_map": {"AutoModel": "modeling_bert.JinaBertModel"}},
        {"model_type": "modernbert", "alibi_starting_size": 512},
        {"auto_map": {"AutoConfig": "configuration_own.OwnConfig"}},
        {"auto_map": ["bert_layers.BertModel"]},
        {},
    ],
)
def test_other_models_are_not_taken_for_it(fields: dict[str, Any]) -> None:
    assert not Dnabert2Config.claims(fields)


def test_what_is_saved_loads_plainly(saved: Saved, tmp_path: Path) -> None:
    folder = published(
        saved, tmp_path / "published", auto_map=CODE | {"AutoModel": f"x--{CODE['AutoModel']}"}
    )
    first = load_model(folder, device="cpu")
    first.module.save_pretrained(tmp_path / "again")  # pyright: ignore[reportCallIssue]
    first.tokenizer.hf.save_pretrained(tmp_path / "again")
    fields = json.loads((tmp_path / "again" / "config.json").read_text())
    assert fields["model_type"] == "relevome-dnabert2"
    assert not fields.keys() & {"auto_map", "max_position_embeddings", "position_embedding_type"}
    assert load_file(tmp_path / "again" / "model.safetensors").keys() == first.module.state_dict().keys()
    np.testing.assert_array_equal(logits(load_model(tmp_path / "again", device="cpu")), logits(first))
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "again")
    assert isinstance(plain, Dnabert2ForSequenceClassification)
    assert isinstance(AutoConfig.from_pretrained(tmp_path / "again"), Dnabert2Config)
    assert isinstance(AutoModel.from_pretrained(tmp_path / "again"), Dnabert2Model)


def test_our_own_class_reads_a_published_folder_by_itself(saved: Saved, tmp_path: Path) -> None:
    folder = published(saved, tmp_path / "published")
    module: Any = Dnabert2ForSequenceClassification.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    assert module.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in module.named_parameters())
    assert not (folder / "ran").exists()


def test_the_pretrained_masked_language_model_loads(saved: Saved, tmp_path: Path) -> None:
    """As on the hub: no pooler, the words once as embedding and once as decoder."""
    folder = published(saved, tmp_path / "published", architectures=["BertForMaskedLM"])
    config = read_config(str(folder), trust_remote_code=False, local_files_only=True)
    module = AutoModelForMaskedLM.from_config(config)
    weights = dict(module.state_dict())
    assert "cls.predictions.decoder.weight" in weights
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    model = load_model(folder, device="cpu")
    assert (model.task, len(model.labels)) == ("masked", 60)
    np.testing.assert_array_equal(
        model.module.state_dict()["cls.predictions.decoder.bias"],
        module.state_dict()["cls.predictions.decoder.bias"],
    )
    with pytest.raises(InputError, match=r"no trained weights for bert\.pooler.*, classifier"):
        load_model(folder, task="sequence")


# Training


SCHEME = LabelScheme("multi-class", ("x", "y", "z"))


@pytest.mark.parametrize("head", ["masked", "none"])
def test_a_pretrained_model_gets_a_new_head(saved: Saved, tmp_path: Path, head: str) -> None:
    folder = published(saved, tmp_path / "published", model_type="bert")
    kind = {"masked": Dnabert2ForMaskedLM, "none": Dnabert2Model}[head]
    config = read_config(str(folder), trust_remote_code=False, local_files_only=True)
    trained = kind(config, **({"add_pooling_layer": False} if head == "none" else {}))
    torch.save(trained.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    architecture = Architecture(str(folder))
    module, new = architecture.module(architecture.tokenizer(None, None), SCHEME, [30])
    assert new == (
        "bert.pooler.dense.bias",
        "bert.pooler.dense.weight",
        "classifier.bias",
        "classifier.weight",
    )
    assert (module.config.num_labels, module.config.pad_token_id) == (3, 3)
    words = "embeddings.word_embeddings.weight"
    assert torch.equal(module.state_dict()[f"bert.{words}"], trained.base_model.state_dict()[words])
    learner = add_lora(module, 2, new)
    trainable = {name.split(".lora_")[0] for name, p in learner.named_parameters() if p.requires_grad}
    assert any("attention.self.Wqkv" in name for name in trainable)
    assert any("mlp.gated_layers" in name for name in trainable)
    assert any("pooler" in name for name in trainable)


def test_a_published_config_alone_is_an_architecture_to_start_from(saved: Saved, tmp_path: Path) -> None:
    folder = published(saved, tmp_path / "published")
    architecture = Architecture(str(folder / "config.json"))
    letters = architecture.tokenizer(str(saved("dnabert2")), None)
    module, new = architecture.module(letters, SCHEME, [30])
    assert isinstance(module, Dnabert2ForSequenceClassification)
    assert set(new) == {name for name, _ in module.named_parameters()}
    assert not (folder / "ran").exists()


# Explaining


@pytest.mark.parametrize("kind", ["sequence", "masked"])
def test_relevance_is_the_same_with_eager_and_fused_attention(load: Callable[..., Any], kind: str) -> None:
    name = {"sequence": "dnabert2", "masked": "dnabert2-masked"}[kind]
    model = load(name)
    batch = TOYS[name].batch(model, 30, 17)
    found = {}
    for implementation in ("eager", "sdpa"):
        model.module.set_attn_implementation(implementation)
        found[implementation] = methods["attnlrp"]().attribute(model, batch)
    for eager, fused in zip(found["eager"], found["sdpa"], strict=True):
        np.testing.assert_allclose(eager.values, fused.values, rtol=0, atol=1e-10)
