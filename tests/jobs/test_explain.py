"""From sequences to a run: order, windows, strands, bad sequences, kills."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution.gradients import GradientXInput
from relevome.data.inputs import from_bed
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.errors import InputError
from relevome.jobs.running import shards
from relevome.jobs.running.writing import remembered
from relevome.models.batching import DerivedBatchSizes, batch_sizes_of
from relevome.results.parts.manifest import VOLATILE
from relevome.results.run.manifest import RUN
from relevome.stores.place import local

PROTEINS = ["MKTAYIAKQR", "GAVLIMCFYWHKRQNEDSTP", "MK", "WWWWW", "ACDEFGHIKL", "MSTNPKPQRK", "MKV"]


@pytest.fixture
def protein_model(load):
    return load("esm")


@pytest.fixture
def dna_model(load):
    return load("bpe")


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 2)


def test_letters_a_fasta_and_sequence_objects_give_the_same(protein_model, write):
    path = write("p.fa", "".join(f">sequence{i}\n{p}\n" for i, p in enumerate(PROTEINS, start=1)))
    objects = [Sequence(f"sequence{i}", p, protein_model.alphabet) for i, p in enumerate(PROTEINS, start=1)]
    runs = [
        relevome.explain(protein_model, given, target=1, batch_size=4) for given in (PROTEINS, path, objects)
    ]
    assert [row.sequence_id for row in runs[0]] == [f"sequence{i}" for i in range(1, len(PROTEINS) + 1)]
    for row, letters in zip(runs[0], PROTEINS, strict=True):
        assert row.relevance.dtype == np.float32
        assert row.relevance.shape == (len(letters),)
    for other in runs[1:]:
        for a, b in zip(runs[0], other, strict=True):
            np.testing.assert_array_equal(a.relevance, b.relevance)


def test_every_target_has_a_row_of_its_own(protein_model):
    run = relevome.explain(protein_model, PROTEINS[:2], "saliency", target=[1, 0])
    assert [(row.sequence_id, row.target_index) for row in run] == [
        ("sequence1", 1), ("sequence1", 0), ("sequence2", 1), ("sequence2", 0),
    ]  # fmt: skip
    assert run.counts.read == run.counts.explained == 2


def test_a_contrast_is_the_difference_of_two_logits(protein_model):
    both = relevome.explain(protein_model, PROTEINS[:1], "gradient-x-input", target=[0, 1])
    difference = relevome.explain(protein_model, PROTEINS[:1], "gradient-x-input", target=0, contrast=1)[0]
    assert difference.score == pytest.approx(both[0].score - both[1].score, abs=1e-5)
    np.testing.assert_allclose(difference.relevance, both[0].relevance - both[1].relevance, atol=1e-5)


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bytes(
    protein_model, tmp_path, monkeypatch, small_shards
):
    whole = relevome.explain(
        protein_model, PROTEINS, "gradient-x-input", out=tmp_path / "whole", batch_size=4
    )
    calls = []

    def stop_at_third(self, model, batch):
        calls.append(len(batch))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, model, batch)

    original = GradientXInput.attribute
    with monkeypatch.context() as patch:
        patch.setattr(GradientXInput, "attribute", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            relevome.explain(
                protein_model, PROTEINS, "gradient-x-input", out=tmp_path / "stopped", batch_size=4
            )
    assert len(relevome.Run(tmp_path / "stopped")) == 4  # two shards of two, readable

    calls.clear()
    with monkeypatch.context() as patch:
        patch.setattr(GradientXInput, "attribute", lambda *args: calls.append(1) or original(*args))
        resumed = relevome.explain(
            protein_model, PROTEINS, "gradient-x-input", out=tmp_path / "stopped", batch_size=4
        )
    assert len(calls) == 2, "the two shards that were finished are not computed again"
    for path in sorted((tmp_path / "whole").glob("part-*")):
        assert (tmp_path / "stopped" / path.name).read_bytes() == path.read_bytes()
    assert _lasting(resumed.manifest) == _lasting(whole.manifest)


def _lasting(manifest):
    return {key: value for key, value in manifest.items() if key not in VOLATILE | {"ended"}}


def test_batch_sizes_are_kept_for_a_run_that_goes_on(protein_model, tmp_path):
    relevome.explain(protein_model, PROTEINS, "saliency", out=tmp_path / "run")
    sizes = json.loads((tmp_path / "run" / "run.json").read_text())["batch_size"]
    assert sizes
    kept = batch_sizes_of(None, remembered(tmp_path / "run", RUN, overwrite=False))
    assert isinstance(kept, DerivedBatchSizes)
    assert kept.known == {int(width): rows for width, rows in sizes.items()}


def test_another_question_does_not_go_into_the_same_folder(protein_model, tmp_path):
    relevome.explain(protein_model, PROTEINS, "saliency", out=tmp_path / "run")
    with pytest.raises(InputError, match="differs in method"):
        relevome.explain(protein_model, PROTEINS, "gradient-x-input", out=tmp_path / "run")
    run = relevome.explain(
        protein_model, PROTEINS[:1], "gradient-x-input", out=tmp_path / "run", overwrite=True
    )
    assert len(run) == 1


def test_a_bad_sequence_is_refused_before_anything_is_computed(protein_model, write, tmp_path, monkeypatch):
    path = write("p.fa", ">good\nMKT\n>bad\nMK1T\n")
    monkeypatch.setattr(GradientXInput, "attribute", lambda *_: pytest.fail("computed"))
    with pytest.raises(InputError, match=r"line 3.*'bad' has '1' at position 3"):
        relevome.explain(protein_model, path, "gradient-x-input", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_bad_sequences_are_skipped_and_counted_with_their_reasons(load, write, tmp_path):
    model = load("protbert")
    path = write("p.fa", f">good\nMKT\n>bad\nMK1T\n>empty\n>long\n{'M' * 100}\n>good\nMKT\n>last\nWWW\n")
    run = relevome.explain(model, path, "saliency", 1, out=tmp_path / "run", on_bad="skip")
    assert [row.sequence_id for row in run] == ["good", "last"]
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["counts"] == {"read": 6, "explained": 2, "refused": 4}
    reasons = {refusal["sequence_id"]: refusal["reason"] for refusal in manifest["refused"]}
    assert "'1' at position 3" in reasons["bad"]
    assert "empty" in reasons["empty"]
    assert "102 tokens" in reasons["long"]
    assert "used before" in reasons["good"]


def test_long_sequences_are_refused_by_name_or_windowed_to_cover_every_letter(dna_model):
    letters = "ACGTTGCA" * 40
    with pytest.raises(
        InputError, match=r"'sequence1' has \d+ tokens \(320 letters\) but the model takes 40"
    ):
        relevome.explain(dna_model, [letters], "saliency", 0)
    run = relevome.explain(dna_model, [letters], "saliency", 0, long="window")
    covered = np.zeros(len(letters), dtype=int)
    for row in run:
        assert (row.chrom, row.strand) == ("sequence1", "+")
        assert row.sequence_id == f"sequence1:{row.start}-{row.end}"
        assert row.sequence == letters[row.start : row.end]
        assert len(row.tokens) <= 40
        covered[row.start : row.end] += 1
    assert (covered > 0).all()
    assert (covered > 1).any(), "windows overlap"
    assert run.counts.read == run.counts.explained == 1
    assert run.counts.other["windows"] == len(run) - 1


def test_windows_of_an_interval_on_the_reverse_strand_lie_where_they_came_from(dna_model):
    sequence = Sequence("x", "ACGTTGCA" * 40, DNA, Interval("chr1", 1000, 1320, "-"))
    run = relevome.explain(dna_model, [sequence], "saliency", 0, long="window")
    for row in run:
        assert row.strand == "-"
        place = row.interval
        assert place is not None
        assert 1000 <= place.start < place.end <= 1320
        assert sequence.letters[1320 - place.end : 1320 - place.start] == row.sequence


@pytest.mark.parametrize("method", ["gradient-x-input", "mutagenesis"])
def test_both_strands_are_averaged_over_letters(dna_model, method):
    sequence = Sequence("x", "ACGTTGCAATCGGATTC", DNA)
    both = relevome.explain(dna_model, [sequence], method, 0, average_strands=True)[0]
    forward = relevome.explain(dna_model, [sequence], method, 0)[0]
    reverse = relevome.explain(dna_model, [sequence.reverse_complement()], method, 0)[0]
    np.testing.assert_allclose(both.relevance, (forward.relevance + reverse.relevance[::-1]) / 2, atol=1e-6)
    assert both.score == pytest.approx((forward.score + reverse.score) / 2, abs=1e-6)
    assert both.token_relevance is None
    if method == "mutagenesis":
        assert forward.letter_scores is not None
        assert reverse.letter_scores is not None
        assert both.letter_scores is not None
        turned = reverse.letter_scores[::-1, ::-1]  # A, C, G, T read backwards is T, G, C, A
        np.testing.assert_allclose(both.letter_scores, (forward.letter_scores + turned) / 2, atol=1e-6)


def test_a_run_over_many_readings_that_was_stopped_ends_with_the_same_bytes(
    dna_model, tmp_path, monkeypatch, small_shards
):
    sequences = [Sequence(f"s{i}", "ACGTTGCAATCGGATTC"[i:], DNA) for i in range(5)]
    asked = {"tokenisations": 3, "tokenisation_dropout": 0.3, "offsets": 2, "average_strands": True}

    def run(name):
        return relevome.explain(
            dna_model, sequences, "gradient-x-input", 0, out=tmp_path / name, batch_size=4, seed=5, **asked
        )

    whole = run("whole")
    original = GradientXInput.attribute
    calls = []

    def stop_in_second_shard(self, model, batch):
        calls.append(len(batch))
        if len(calls) == 8:
            raise KeyboardInterrupt
        return original(self, model, batch)

    with monkeypatch.context() as patch:
        patch.setattr(GradientXInput, "attribute", stop_in_second_shard)
        with pytest.raises(KeyboardInterrupt):
            run("stopped")
    assert 0 < len(relevome.Run(tmp_path / "stopped")) < 5
    run("stopped")
    for path in sorted((tmp_path / "whole").glob("part-*")):
        assert (tmp_path / "stopped" / path.name).read_bytes() == path.read_bytes()
    assert {name: whole.manifest[name] for name in asked} == asked
    assert all(row.token_relevance is None for row in whole)


def test_progress_counts_readings(dna_model):
    told = []
    relevome.explain(
        dna_model, ["ACGTTGCA", "ACGTT"], "saliency", [0], tokenisations=2, offsets=3,
        progress=lambda *x: told.append(x),
    )  # fmt: skip
    assert sum(count for count, _ in told) == 12
    assert {total for _, total in told} == {12}


def test_a_draw_that_is_too_long_is_found_before_anything_is_computed(dna_model, tmp_path):
    with pytest.raises(InputError, match=r"sequence 's' has 47 tokens \(45 letters\) but the model takes 40"):
        relevome.explain(
            dna_model, [Sequence("s", "ACGTTGCAA" * 5, DNA)], "saliency", 0, out=tmp_path / "run",
            tokenisations=2, tokenisation_dropout=1.0,
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_only_byte_pair_encodings_have_other_tokenisations(load):
    with pytest.raises(InputError, match=r"--tokenisations 2: tokenisations are drawn .* try --offsets"):
        relevome.explain(load("dnabert"), ["ACGTTGCA"], "saliency", 0, tokenisations=2)


@pytest.mark.parametrize("readings", [{"tokenisations": 2}, {"offsets": 3}, {"shifts": 1}])
def test_many_readings_do_not_go_with_windows(dna_model, readings):
    with pytest.raises(
        InputError, match=r"--long window .* cannot go with --tokenisations, --offsets or --shifts"
    ):
        relevome.explain(dna_model, ["ACGTTGCA"], "saliency", 0, long="window", **readings)


def test_a_position_does_not_go_with_windows(load):
    with pytest.raises(InputError, match="cannot go with --long window"):
        relevome.explain(load("protbert-residues"), PROTEINS, "saliency", 0, position=1, long="window")


def test_proteins_have_one_strand(protein_model):
    with pytest.raises(InputError, match="one strand only"):
        relevome.explain(protein_model, PROTEINS, average_strands=True)


def test_intervals_of_a_genome_come_with_their_place(dna_model, write, tmp_path):
    genome = write("g.fa", ">chr1\n" + "ACGTTGCAAT" * 10 + "\n")
    bed = write("b.bed", "chr1\t3\t23\tfirst\t0\t+\nchr1\t30\t55\tsecond\t0\t-\n")
    run = relevome.explain(dna_model, from_bed(bed, genome, DNA), "saliency", 0)
    assert [(r.sequence_id, r.chrom, r.start, r.end, r.strand) for r in run] == [
        ("first", "chr1", 3, 23, "+"), ("second", "chr1", 30, 55, "-"),
    ]  # fmt: skip
    assert run[1].sequence == Sequence("x", ("ACGTTGCAAT" * 10)[30:55], DNA).reverse_complement().letters


def test_ambiguous_letters_and_unknown_tokens_are_counted(load):
    run = relevome.explain(load("dnabert"), ["ACGTNNACGT"], "saliency", 0)
    assert run.counts.other["ambiguous_letters"] == 2
    assert run.counts.other["unknown_tokens"] == 4, "3-mers with an N"


def test_options_that_a_method_does_not_have_are_refused_by_name(protein_model):
    with pytest.raises(
        InputError, match=r"no parameter 'baseline': expected an option of saliency \(site, reference\)"
    ):
        relevome.explain(protein_model, PROTEINS, "saliency", baseline="pad")
    with pytest.raises(InputError, match="--lift average: expected split or copy"):
        relevome.explain(protein_model, PROTEINS, "saliency", lift="average")


def test_progress_is_told_of_every_sequence_and_of_the_total(protein_model):
    told = []
    relevome.explain(protein_model, PROTEINS, "saliency", target=[0, 1], progress=lambda *x: told.append(x))
    assert sum(count for count, _ in told) == 2 * len(PROTEINS)
    assert {total for _, total in told} == {2 * len(PROTEINS)}
    assert told[0][0] == 0  # before anything is explained


def test_a_temporary_run_lives_as_long_as_its_object(protein_model):
    run = relevome.explain(protein_model, PROTEINS[:1], "saliency")
    folder = local(run.path)
    assert folder.exists()
    del run
    assert not folder.exists()


def test_a_model_that_does_not_repeat_itself_is_refused(protein_model, monkeypatch):
    handle = protein_model.module.register_forward_hook(_noisy)
    with pytest.raises(InputError, match=r"while it is explained but .* otherwise"):
        relevome.explain(protein_model, PROTEINS, "gradient-x-input")
    handle.remove()


def _noisy(_module, _inputs, output):
    output.logits = output.logits * (1 + torch.rand(1))
    return output


def test_rows_know_the_probability_and_what_is_predicted(load):
    model = load("protbert")
    run = relevome.explain(model, PROTEINS, "saliency", target=[2, 0])
    told = {one.sequence.letters: one for one in model.predict(PROTEINS)}
    for row in run:
        one = told[row.sequence]
        assert row.probability == pytest.approx(one.probabilities[row.target_index], abs=1e-6)
        assert row.predicted == one.predicted
        assert row.predicted_probability == pytest.approx(one.probability, abs=1e-6)


def test_a_number_is_predicted_without_probability(load):
    row = relevome.explain(load("esm-absolute"), PROTEINS[:1], "saliency")[0]
    assert (row.probability, row.predicted, row.predicted_probability) == (None, None, None)


def test_predicted_is_the_most_probable_output_of_each_sequence(load):
    """Each row is that of a run for its own output alone."""
    model = load("protbert")
    run = relevome.explain(model, PROTEINS, "gradient-x-input", target="predicted")
    assert [row.target for row in run] == [one.predicted for one in model.predict(PROTEINS)]
    assert run.of_predicted
    for row in run:
        alone = relevome.explain(model, [row.sequence], "gradient-x-input", target=row.target_index)[0]
        np.testing.assert_allclose(row.relevance, alone.relevance, atol=1e-6)
        assert row.probability == row.predicted_probability


def test_predicted_at_a_letter_and_on_both_strands(load):
    model = load("letters-masked")
    at = {"position": 2, "mask_position": True, "average_strands": True}
    run = relevome.explain(model, ["ACGTTGCA"], "saliency", target="predicted", **at)
    assert run[0].target in "ACGT"
    assert run[0].target == run[0].predicted


def test_predicted_goes_alone(load, protein_model):
    with pytest.raises(InputError, match=r"--target predicted is another output for every sequence"):
        relevome.explain(protein_model, PROTEINS, "saliency", target=["predicted", 1])
    with pytest.raises(InputError, match=r"--target predicted may be what --contrast 1 subtracts"):
        relevome.explain(protein_model, PROTEINS, "saliency", target="predicted", contrast=1)
    with pytest.raises(InputError, match=r"is the most probable of several outputs, but the model gives one"):
        relevome.explain(load("esm-absolute"), PROTEINS, "saliency", target="predicted")


def test_an_output_called_predicted_is_that_output(protein_model):
    protein_model.labels = ("other", "predicted")
    run = relevome.explain(protein_model, PROTEINS[:2], "saliency", target="predicted")
    assert [row.target_index for row in run] == [1, 1]
