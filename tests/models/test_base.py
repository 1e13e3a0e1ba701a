from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import T5Config, T5ForSequenceClassification

from relevome.data.sequences import DNA, RNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Source, Target, TooLongError
from relevome.models.batching import FixedBatchSize
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens
from tests.toys import LONGEST, TOYS

Load = Callable[..., Model]


def scores(model: Model, tokens: tuple[Tokens, ...], *targets: Target) -> Tensor:
    batch = Batch(tokens, targets)
    with torch.no_grad():
        return model.scores(model.inputs(batch), batch)


@pytest.mark.parametrize("name", TOYS)
def test_padding_never_changes_a_result(load: Load, name: str) -> None:
    model, toy = load(name), TOYS[name]
    batch = toy.batch(model, 17, 3, 36, 11)
    together = scores(model, batch.tokens, *batch.targets)
    alone = [
        scores(model, (tokens,), target) for tokens, target in zip(batch.tokens, batch.targets, strict=True)
    ]
    assert len({len(tokens) for tokens in batch.tokens}) > 1
    np.testing.assert_allclose(together, torch.cat(alone), rtol=0, atol=1e-10)
    assert together.unique().numel() == len(batch)


def test_the_logit_of_an_output_and_a_contrast(load: Load) -> None:
    model = load("protbert")
    tokens = TOYS["protbert"].batch(model, 9, 14).tokens
    logits = [model.module(torch.from_numpy(t.ids)[None]).logits[0].detach() for t in tokens]
    one = scores(model, tokens, Target(3, "x"), Target(1, "y"))
    np.testing.assert_allclose(one, [logits[0][3], logits[1][1]], atol=1e-12)
    other = scores(model, tokens, Target(3, "x", contrast=0), Target(1, "y", contrast=4))
    np.testing.assert_allclose(other, [logits[0][3] - logits[0][0], logits[1][1] - logits[1][4]], atol=1e-12)


def test_the_logit_at_a_letter(load: Load) -> None:
    model = load("protbert-residues")
    tokens = TOYS["protbert-residues"].batch(model, 9, 14).tokens
    logits = [model.module(torch.from_numpy(t.ids)[None]).logits[0].detach() for t in tokens]
    found = scores(model, tokens, Target(2, "x", position=8), Target(0, "y", position=13, contrast=None))
    np.testing.assert_allclose(found, [logits[0][9, 2], logits[1][14, 0]], atol=1e-12)


def test_a_hidden_letter_of_a_masked_language_model(load: Load) -> None:
    model = load("esm-masked")
    tokens = TOYS["esm-masked"].batch(model, 9).tokens
    ids = torch.from_numpy(tokens[0].ids)[None].clone()
    seen = scores(model, tokens, Target(7, "x", position=4))
    np.testing.assert_allclose(seen, model.module(ids).logits.detach()[0, 5, 7], atol=1e-12)
    ids[0, 5] = model.tokenizer.hf.mask_token_id
    hidden = scores(model, tokens, Target(7, "x", position=4, mask=True))
    np.testing.assert_allclose(hidden, model.module(ids).logits.detach()[0, 5, 7], atol=1e-12)


def test_short_sequences_are_filled_up_with_padding_outside_of_the_mask(load: Load) -> None:
    model, toy = load("esm"), TOYS["esm"]
    batch = toy.batch(model, 5, 9, 2)
    inputs = model.inputs(batch)
    widths = [len(tokens) for tokens in batch.tokens]
    rows = [tokens.ids.tolist() + [model.pad_id] * (11 - len(tokens)) for tokens in batch.tokens]
    assert widths == [7, 11, 4]
    assert inputs["input_ids"].tolist() == rows
    assert inputs["attention_mask"].tolist() == [[1] * width + [0] * (11 - width) for width in widths]
    assert {values.dtype for values in inputs.values()} == {torch.long}


def test_every_sequence_of_a_batch_has_its_own_letter_hidden(load: Load) -> None:
    model = load("esm-masked")
    tokens = TOYS["esm-masked"].batch(model, 6, 9, 6).tokens
    targets = (
        Target(7, "x", position=2, mask=True),
        Target(7, "x", position=8, mask=True),
        Target(7, "x", position=0),
    )
    hidden = model.inputs(Batch(tokens, targets))["input_ids"] == model.tokenizer.mask_id
    assert hidden.nonzero().tolist() == [[0, 3], [1, 9]]
    assert not any((one.ids == model.tokenizer.mask_id).any() for one in tokens)


@pytest.mark.parametrize("position", [9, 40])
def test_a_position_beyond_the_sequence_is_refused(load: Load, position: int) -> None:
    model = load("protbert-residues")
    tokens = TOYS["protbert-residues"].batch(model, 9).tokens
    with pytest.raises(InputError, match=f"'s0' has no letter at position {position}"):
        scores(model, tokens, Target(0, "x", position=position))


@pytest.mark.parametrize(
    "targets",
    [
        (Target(0, "x"),),
        (Target(0, "x"), Target(0, "x", position=1)),
        (Target(0, "x"), Target(0, "x", contrast=1)),
    ],
)
def test_a_batch_of_unlike_targets_is_refused(load: Load, targets: tuple[Target, ...]) -> None:
    tokens = TOYS["protbert"].batch(load("protbert"), 9, 14).tokens
    with pytest.raises(ValueError, match="one target for each sequence, all of one kind"):
        Batch(tokens, targets)


@pytest.mark.parametrize("name", ["protbert", "esm", "esm-absolute", "roberta", "dnabert"])
def test_the_longest_sequence_is_taken_and_one_token_more_is_refused(load: Load, name: str) -> None:
    model, toy = load(name), TOYS[name]
    letter = "G" if name == "roberta" else toy.alphabet.letters[0]
    longest = LONGEST - 2 + (2 if name == "dnabert" else 0)
    fits = Sequence("fits", letter * longest, toy.alphabet)
    assert len(model.tokenize(fits)) == LONGEST
    assert torch.isfinite(scores(model, (model.tokenize(fits),), toy.target(model))).all()
    with pytest.raises(
        TooLongError, match=rf"'long' has {LONGEST + 1} tokens \({longest + 1} letters\) .* {LONGEST}"
    ):
        model.tokenize(Sequence("long", letter * (longest + 1), toy.alphabet))


@pytest.mark.parametrize("length", [19, 21])
def test_a_model_of_one_length_refuses_others(load: Load, length: int) -> None:
    model = load("cnn")
    model.fixed_tokens = 20
    assert len(model.tokenize(Sequence("s", "A" * 20, DNA))) == 20
    with pytest.raises(InputError, match=f"'s' has {length} tokens but the model was made for exactly 20"):
        model.tokenize(Sequence("s", "A" * length, DNA))


def test_a_sequence_of_another_kind_is_refused(load: Load) -> None:
    with pytest.raises(InputError, match="sequence 's' is rna, but the model reads protein"):
        load("esm").tokenize(Sequence("s", "ACG", RNA))


@pytest.mark.parametrize(
    ("name", "kind", "block"),
    [
        ("protbert", "Embedding", "BertEmbeddings"),
        ("esm", "Embedding", "EsmEmbeddings"),
        ("roberta", "Embedding", "RobertaEmbeddings"),
        ("prott5", "Embedding", "Embedding"),
        ("cnn", "FixedEmbedding", "FixedEmbedding"),
    ],
)
def test_the_sites_where_relevance_is_read(load: Load, name: str, kind: str, block: str) -> None:
    model = load(name)
    calls: list[nn.Module] = []
    sites = {model.site("word"): kind, model.site("block"): block}
    for site, expected in sites.items():
        assert type(site).__name__ in (kind, expected)
        site.register_forward_hook(lambda module, *_: calls.append(module))
    batch = TOYS[name].batch(model, 9)
    scores(model, batch.tokens, *batch.targets)
    assert calls == list(sites)


def test_an_unknown_site_is_refused(load: Load) -> None:
    site = inspect.unwrap(Model.site)  # as users call it: without the types that are checked in tests
    with pytest.raises(InputError, match="unknown site 'middle': expected word or block"):
        site(load("esm"), "middle")  # pyright: ignore[reportArgumentType]


def test_a_model_that_reads_a_sequence_twice_is_refused() -> None:
    config = T5Config(vocab_size=37, d_model=12, d_kv=5, d_ff=21, num_layers=1, num_heads=3)
    model = Model(
        T5ForSequenceClassification(config), LetterTokenizer(letter_tokenizer(DNA)), "sequence", ("x",), None,
        Source("here", ""),
    )  # fmt: skip
    with pytest.raises(
        InputError, match=r"reads its input in 2 places, .*: expected a model that reads a sequence once"
    ):
        model.word_embedding  # noqa: B018


def test_a_model_without_a_mask_takes_sequences_of_one_length_only(load: Load) -> None:
    model = load("protbert")
    model.takes_mask = False
    batch = TOYS["protbert"].batch(model, 9, 9)
    assert set(model.inputs(batch)) == {"input_ids"}
    with pytest.raises(ValueError, match="a batch must hold sequences of one length"):
        model.inputs(TOYS["protbert"].batch(model, 9, 14))


@pytest.mark.parametrize("name", ["protbert", "esm-masked", "protbert-masked", "protbert-residues", "cnn"])
def test_scores_of_substitutions_are_those_of_the_mutants(load: Load, name: str) -> None:
    model, toy = load(name), TOYS[name]
    model = model.with_batch_sizes(FixedBatchSize(3))
    batch = toy.batch(model, 11)
    letters, target = batch.tokens[0].sequence.letters, batch.targets[0]
    draw = np.random.default_rng(2)
    positions = np.array([0, 2, 2, 5, 10, 7, 3, 0])
    new = draw.choice(list(toy.alphabet.letters), size=positions.size)
    ids = np.array(model.tokenizer.hf.convert_tokens_to_ids(new.tolist()))
    places = np.flatnonzero(~batch.tokens[0].special)[positions]
    with torch.no_grad():
        found = model.substituted_scores(batch.tokens[0], target, places, ids)
    for position, letter, score in zip(positions, new, found, strict=True):
        mutant = Sequence("m", letters[:position] + letter + letters[position + 1 :], toy.alphabet)
        assert score == pytest.approx(scores(model, (model.tokenize(mutant),), target).item(), abs=1e-10)


@pytest.mark.parametrize("training", [True, False])
def test_freezing_is_undone_also_after_an_error(load: Load, training: bool) -> None:
    model = load("esm").module
    model.train(training)
    odd = [*model.modules()][5]
    odd.training = not training
    first, *others = model.parameters()
    first.requires_grad_(False)

    def fails_while_frozen() -> None:
        with load_frozen.frozen():
            assert not any(module.training for module in model.modules())
            assert not any(parameter.requires_grad for parameter in model.parameters())
            raise RuntimeError("broken")

    load_frozen = load("esm")
    load_frozen.module = model
    with pytest.raises(RuntimeError, match="broken"):
        fails_while_frozen()
    assert [m for m in model.modules() if m.training is not training] == [odd]
    assert not first.requires_grad
    assert all(parameter.requires_grad for parameter in others)
