"""What a training is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from relevome.data.problems import OnBad
from relevome.data.sequences import ALPHABETS
from relevome.errors import InputError
from relevome.training.corpus import SHORTEST
from relevome.training.function_scores import FUNCTION
from relevome.training.labels import TASKS
from relevome.training.objective import objective_names, objectives
from relevome.training.performance import CLASSIFICATION, REGRESSION

LABELS_FROM = ("ec", "go")

_CHOICES = {
    "task": ("auto", *TASKS),
    "labels_from": (None, *LABELS_FROM),
    "best": ("loss", *CLASSIFICATION, *REGRESSION, *FUNCTION),
    "device": ("auto", "cpu", "cuda", "mps"),
    "dtype": ("float32", "bfloat16", "float16"),
    "on_bad": ("refuse", "skip"),
    "alphabet": (None, *ALPHABETS),
}

_POSITIVE = (
    "epochs",
    "batch_size",
    "patience",
    "lora_rank",
    "learning_rate",
    "tokens",
    "windows",
    "steps",
    "streams",
    "min_proteins",
    "max_length",
)


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that ``relevome train`` can be told; None means: chosen, and recorded in training.json.

    ``arch`` is ``cnn`` or the name of another architecture of our own, the folder or hub id of a model to
    fine-tune, or a config.json to start from random weights. ``best`` names the validation score whose
    best epoch is kept; ``patience`` is the number of epochs without a better one after which training stops.
    ``dtype`` is the precision of the arithmetic: weights are kept in float32. ``bpe_dropout`` is the share of
    merges that are left out when training sequences are tokenised, afresh in every epoch. ``tokens`` is the
    size of a byte-pair encoding to learn from the training sequences.

    With ``objective`` ``mlm`` a masked language model learns from ``windows`` windows of ``window`` letters
    in every epoch (None: as many as cover everything once), from a ``genome`` (FASTA) or the sequences of
    ``train``; without a ``validation`` table the share ``held_out`` is kept apart to validate on.

    With ``objective`` ``annotate`` an annotator learns to tell positions of a ``genome`` that ``labels`` name
    (see `relevome.data.positions` for ``feature``, ``labels_column``, ``labels_where``) from all others, in
    so many ``steps``, each on a segment of ``streams`` lanes; ``split`` (a share, None: ``20%``, or a BED
    file) is held out, and ``best`` is always its average precision.

    ``labels_from`` says that classes are those of ``ec`` numbers at ``ec_level`` (0: whether there is one),
    or ``go`` terms of the ontology ``obo``, all or ``go_terms``, with at least ``min_proteins`` to learn
    from; longer proteins than ``max_length`` are left out. Without a ``validation`` table the only one is
    ``split`` by shares (``0.8,0.1,0.1``), so that none of the ``clusters`` of a file, or of identical
    sequences, is in two parts. ``rare_as_x`` has U, Z, O, B and J read as X, and ``strip_stop`` takes off a
    ``*`` at the end of proteins.

    ``resume`` goes on with a training that was stopped; ``finish`` makes a model of its best epoch so far.
    """

    arch: str
    train: Path | None
    validation: Path | None
    output: Path
    test: Path | None = None
    objective: str = "classify"
    genome: Path | None = None
    window: int = 500
    windows: int | None = None
    held_out: float = 0.1
    labels: Path | None = None
    feature: tuple[str, ...] = ()
    labels_column: str | None = None
    labels_where: tuple[str, ...] = ()
    split: str | None = None
    circular: bool = False
    steps: int | None = None
    streams: int | None = None
    labels_from: str | None = None
    ec_level: int = 1
    obo: Path | None = None
    go_terms: tuple[str, ...] = ()
    min_proteins: int = 6
    max_length: int | None = None
    id_column: str | None = None
    clusters: Path | None = None
    rare_as_x: bool = False
    strip_stop: bool = False
    alphabet: str | None = None
    tokenizer: str | None = None
    tokens: int | None = None
    task: str = "auto"
    epochs: int = 10
    batch_size: int = 64
    learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.06
    patience: int = 3
    best: str = "loss"
    class_weights: bool = False
    lora_rank: int | None = None
    bpe_dropout: float = 0.0
    seed: int = 0
    device: str = "auto"
    dtype: str = "float32"
    on_bad: OnBad = "refuse"
    resume: bool = False
    finish: bool = False

    def __post_init__(self) -> None:
        for name, choices in {"objective": objective_names(), **_CHOICES}.items():
            value = getattr(self, name)
            if value not in choices:
                listed = ", ".join(choice for choice in choices if choice)
                raise InputError(f"unknown {name} {value!r}: expected one of {listed}")
        self._check_owned({name: objectives[name].options for name in objective_names()})
        objectives[self.objective].check(self)
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} is {value}: expected a number above 0")
        if not 0 <= self.bpe_dropout <= 1:
            raise InputError(f"bpe_dropout is {self.bpe_dropout}: expected a share of merges, from 0 to 1")
        if not 0 <= self.warmup < 1 or self.weight_decay < 0:
            raise InputError(
                f"warmup is {self.warmup} and weight_decay {self.weight_decay}: "
                "expected a share of all steps from 0 to under 1, and no negative number"
            )
        if not 0 < self.held_out < 1:
            raise InputError(f"held_out is {self.held_out}: expected a share of all letters, between 0 and 1")
        if self.window < SHORTEST:
            raise InputError(f"window is {self.window}: expected at least {SHORTEST} letters")

    def _check_owned(self, options: Mapping[str, tuple[str, ...]]) -> None:
        """Refuses what only other objectives have; ``options`` are those of each."""
        for name in (field.name for field in fields(self)):
            homes = [objective for objective, owned in options.items() if name in owned]
            if homes and self.objective not in homes and self.has_been_set(name):
                raise InputError(
                    f"--{name.replace('_', '-')} belongs to --objective {' or '.join(homes)}, not to "
                    f"{self.objective}: leave it out"
                )

    def has_been_set(self, name: str) -> bool:
        """Whether a setting is another than the usual one."""
        (usual,) = (field.default for field in fields(self) if field.name == name)
        return getattr(self, name) != (None if usual is MISSING else usual)


def settings_record(settings: TrainingSettings) -> dict[str, Any]:
    """The settings as JSON can hold them, and the folder from which their paths are named."""
    named = {name: str(x) if isinstance(x, Path) else x for name, x in asdict(settings).items()}
    return {"begun_in": str(Path.cwd()), "settings": named}


def settings_from_record(record: Mapping[str, Any]) -> TrainingSettings:
    """What `settings_record` was made from. Raises ``InputError`` in another folder, where paths mislead."""
    where, named = Path(record["begun_in"]), dict(record["settings"])
    for name, hint in get_type_hints(TrainingSettings).items():
        value = named.get(name)
        if isinstance(value, list):
            named[name] = tuple(value)
        elif isinstance(value, str) and Path in (hint, *get_args(hint)):
            named[name] = Path(value)
    paths = [Path(x) for name, x in named.items() if isinstance(x, str | Path) and name != "output"]
    misleading = [path for path in paths if not path.is_absolute() and (where / path).exists()]
    if misleading and where != Path.cwd():
        raise InputError(
            f"that training was begun in {where}, from where {misleading[0]} is named: run this there, or "
            "repeat the whole command"
        )
    return TrainingSettings(**named)
