"""The model of a run, and how the run was made, so that more can be explained alike."""

from __future__ import annotations

from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from pathlib import Path

from relevome.attribution import Method, methods
from relevome.attribution.batches import Explained, explain_own_targets, explain_sequences
from relevome.attribution.readings import Readings
from relevome.data.sequences import Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.evaluation.perturbation import sequence_rng
from relevome.models.base import Model, Target
from relevome.models.hugging_face import load_model
from relevome.models.light.whereabouts import python_function
from relevome.models.loading.weight_files import weights_sha256
from relevome.models.untrained import with_shuffled_weights
from relevome.options import configured, option_defaults
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.rows import to_rows


@dataclass(frozen=True)
class Explainer:
    """A model and all that a run says about how it was explained."""

    model: Model
    method: Method
    targets: tuple[Target, ...]
    lift: str
    readings: Readings

    def target(self, row: Explanation) -> Target:
        """The target of a row."""
        if self.targets[0].is_predicted:
            return replace(self.targets[0], index=row.target_index, label=row.target)
        found = next(one for one in self.targets if (one.index, one.label) == (row.target_index, row.target))
        return found if row.positions is None else replace(found, positions=tuple(row.positions.tolist()))

    def sequence(self, row: Explanation) -> Sequence:
        """The sequence of a row."""
        return Sequence(row.sequence_id, row.sequence, self.model.alphabet, row.interval)

    def shuffled(self, row: Explanation, count: int, seed: int) -> list[Explanation]:
        """Explanations of shuffles with the same dinucleotides; they keep the id and the place."""
        own = self.sequence(row)
        rng = sequence_rng(seed, own)
        shuffles = [replace(own, letters=dinucleotide_shuffle(own.letters, rng)) for _ in range(count)]
        found = explain_sequences(
            self.model, self.method, shuffles, [self.target(row)], lift=self.lift, readings=self.readings
        )
        return self._rows(found)

    def _rows(self, found: List[Explained | InputError]) -> list[Explanation]:
        """The rows of those that were not refused."""
        return to_rows([one for one in found if isinstance(one, Explained)], False, self.lift == "split")

    def untrained(self, rows: List[Explanation], seed: int) -> list[Explanation]:
        """Explanations of the same sequences by the model with its weights in random order."""
        found = explain_own_targets(
            with_shuffled_weights(self.model, seed), self.method, [self.sequence(row) for row in rows],
            [self.target(row) for row in rows], lift=self.lift, readings=self.readings,
        )  # fmt: skip
        return self._rows(found)


def explainer(run: Run, model: Model) -> Explainer:
    """How a run was made, with its model.

    Raises InputError for other weights than the run explains, and for options that its method lacks.
    """
    said = run.manifest
    _check_identity(run, model)
    kind = methods[said["method"]]
    unasked = ("heads", "audit")  # they keep more, and change no relevance
    options = {name: value for name, value in said["parameters"].items() if name not in unasked}
    if missing := set(options) - set(option_defaults(kind)):
        raise InputError(
            f"{run.path} was made by a method {said['method']} with an option {min(missing)!r}, which this "
            "one has not: explain again, or leave the model out with --no-model"
        )
    return Explainer(
        model,
        configured(kind, f"method {said['method']}", options),
        tuple(Target(**target) for target in said["targets"]),
        said["lift"],
        Readings(
            said["tokenisations"],
            said["tokenisation_dropout"],
            said["offsets"],
            said["average_strands"],
            said["seed"],
            said.get("shifts", 0),
        ),
    )


def model_of(
    run: Run,
    path: str | Path | None,
    device: str,
    trust_remote_code: bool,
    tokenizer: str | Path | None = None,
) -> Model:
    """The model of a run, read as it was for the run, from where it was or another ``path``.

    So is a tokenizer that was not read where the model was.

    Raises InputError where there is no model.
    """
    said = run.manifest["model"]
    if path is None and python_function(said["path"]):
        raise InputError(
            f"the model of {run.path} is made by code, {said['path']}, which is run only where it is named: "
            "give --model FILE.py:function, or leave the model out with --no-model"
        )
    return load_model(
        path or said["path"],
        task=said["task"],
        alphabet=run.manifest["alphabet"],
        tokenizer=tokenizer or said.get("tokenizer_path"),
        device=device,
        dtype=said["dtype"].removeprefix("torch."),
        max_tokens=said["max_tokens"],
        rare_as_x=said.get("rare_as_x", False),
        prefix=said.get("prefix"),
        trust_remote_code=trust_remote_code,
    )


def _check_identity(run: Run, model: Model) -> None:
    """Raises InputError for another model; of runs by an earlier relevome the weights alone are known."""
    said, path = run.manifest["model"], model.source.path
    known = said.get("sha256", said.get("weights_sha256"))
    found = model.sha256 if "sha256" in said else weights_sha256(path)
    if known is not None and found != known:
        raise InputError(
            f"{path} is not the model that {run.path} explains (sha256 {(found or 'unknown')[:12]}, expected "
            f"{known[:12]}): give the model of the run with --model DIR, explain again, or leave the model "
            "out with --no-model"
        )
