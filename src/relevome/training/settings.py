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
from relevome.training.function.scores import FUNCTION
from relevome.training.labels import TASKS
from relevome.training.objective import objective_names, objectives
from relevome.training.performance import CLASSIFICATION, REGRESSION

LABELS_FROM = ("ec", "go")
NEGATIVES = ("shuffled",)

_CHOICES = {
    "task": ("auto", *TASKS),
    "labels_from": (None, *LABELS_FROM),
    "best": ("loss", *CLASSIFICATION, *REGRESSION, *FUNCTION),
    "device": ("auto", "cpu", "cuda", "mps"),
    "dtype": ("float32", "bfloat16", "float16"),
    "on_bad": ("refuse", "skip"),
    "alphabet": (None, *ALPHABETS),
    "negatives": (None, *NEGATIVES),
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
    "processes",
    "min_proteins",
    "max_length",
)


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that ``relevome train`` can be told; None means: chosen, and recorded in training.json.

    Args:
        arch: ``cnn`` or another architecture of our own (``dnabert2``, ``annotator``), the folder or hub id
            of a model to fine-tune, or a ``config.json`` to start from random weights.
        train: Table (CSV, TSV) with a sequence and a label column, with ``labels_from`` also UniProt files;
            ``mlm`` needs no labels. None with a ``genome``.
        validation: The same, to choose the best epoch by. None: a part of ``train``, see ``split``.
        output: Folder for the model, new or empty, or to be resumed.
        test: The same as ``train``, to report final scores on. Default: none.
        objective: ``classify`` (default) learns labels, ``mlm`` a language from hidden tokens, ``annotate``
            to tell positions of a genome from all others.
        genome: ``mlm``, ``annotate``: FASTA, plain or gzip. Default: none.
        window: ``mlm``: letters of every window. Default: 500.
        windows: ``mlm``: windows in every epoch. Default: as many as cover everything once.
        held_out: ``mlm``: share of all letters that is kept apart to validate on, where there is no
            ``validation``. Default: 0.1.
        labels: ``annotate``: positions on the genome, as BED, GFF3, or CSV or TSV counted from 1.
        feature: ``annotate``: types of GFF3 features whose first letters are meant. Default: all.
        labels_column: Column of a table with the labels, or for ``annotate`` the positions. Default: by name.
        labels_where: ``annotate``: only rows with ``COLUMN=TEXT`` or ``COLUMN~PART``. Default: all.
        split: Shares of ``train`` to train, validate and test on, where there is no ``validation``
            (``0.8,0.1,0.1``); ``annotate``: what is held out, a share (default: ``20%``) or a BED file.
        circular: ``annotate``: every contig is a circle. Default: False.
        steps: ``annotate``: most steps. Default: 7,000.
        streams: ``annotate``: lanes of the genome, each with a segment in every step. Default: 10.
        labels_from: Classes are ``ec`` numbers or ``go`` terms of proteins. Default: those of a column.
        ec_level: ``ec``: level at which numbers are cut, 1 (default) to 4; 0: enzyme or not.
        obo: ``go``: the ontology, such as ``go-basic.obo``.
        go_terms: ``go``: only these terms. Default: all common ones.
        min_proteins: ``ec``, ``go``: fewest proteins to learn a class from. Default: 6.
        max_length: ``ec``, ``go``: most residues of a protein; longer ones are left out. Default: none.
        id_column: Column of tables with the ids. Default: by name.
        clusters: MMseqs2 TSV or CD-HIT ``.clstr``: no cluster is in two parts of ``split``. Default: only
            identical sequences stay together.
        rare_as_x: Proteins: U, Z, O, B and J are read as X. Default: False.
        strip_stop: Proteins: a ``*`` at the end is taken off. Default: False.
        alphabet: ``dna``, ``rna`` or ``protein``. Default: that of the tokenizer, DNA without one.
        tokenizer: Folder of a tokenizer. Default: the checkpoint's own, or single letters.
        tokens: Tokens of a byte-pair encoding to learn from the training sequences. Default: none is learnt;
            512 for ``dnabert2``.
        task: What labels mean: ``binary``, ``multi-class``, ``multi-label``, ``regression``, ``token``, or
            ``auto`` (default), which reads it off them.
        epochs: Most passes over the training table. Default: 10.
        batch_size: Sequences in every step. Default: 64.
        learning_rate: The highest. Default: by what is trained.
        weight_decay: Of AdamW, from 0 on. Default: 0.01.
        warmup: Share of all steps in which the learning rate rises, from 0 to under 1. Default: 0.06.
        patience: Epochs without a better one after which training stops. Default: 3.
        best: The validation score whose best epoch is kept: ``loss`` (default), or one of the task; of
            ``annotate`` always the average precision.
        class_weights: Every class counts the same in the loss. Default: False.
        lora_rank: Rank of low-rank additions, which alone are trained. Default: all weights are.
        bpe_dropout: Share of merges left out when training sequences are tokenised, afresh in every epoch,
            from 0 (default) to 1.
        both_strands: DNA and RNA: each training sequence is read as its reverse complement in one of two
            epochs, drawn afresh; for labels that mean the same on both strands. Default: False.
        shifts: Letters that every sequence has too many, from 0 (default) on: of a training sequence so many
            fewer are read, from a first one that is drawn afresh in every epoch; of all others the middle.
        negatives: ``shuffled``: the tables have positives only, and beside each stands a shuffle of it with
            as many of every pair of letters, afresh in every epoch where it is learnt from. Default: none.
        seed: Of everything that is drawn. Default: 0.
        device: ``auto`` (default), ``cpu``, ``cuda`` or ``mps``.
        processes: How many share every batch, on one machine, each with a GPU of its own or its share of the
            cores; ``batch_size``, which stays that of a step, is a multiple of it. Not with ``annotate``.
            Default: 1.
        dtype: Precision of the arithmetic, ``float32`` (default), ``bfloat16`` or ``float16``; weights are
            kept in float32.
        on_bad: ``refuse`` tables with rows that cannot be read (default), or ``skip`` these.
        resume: Go on where a training was stopped. Default: False.
        finish: Make a model of the best epoch so far of a training that was stopped. Default: False.

    Raises:
        InputError: For values that are none of these, and for settings that belong to another objective.
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
    both_strands: bool = False
    shifts: int = 0
    negatives: str | None = None
    seed: int = 0
    device: str = "auto"
    processes: int = 1
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
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.batch_size % self.processes:
            raise InputError(
                f"batch_size is {self.batch_size}, which {self.processes} processes cannot share out evenly: "
                "expected a multiple of processes"
            )
        if not 0 <= self.bpe_dropout <= 1:
            raise InputError(f"bpe_dropout is {self.bpe_dropout}: expected a share of merges, from 0 to 1")
        if self.shifts < 0:
            raise InputError(f"shifts is {self.shifts}: expected a number of letters, from 0 on")
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
