"""Study B: what the attention heads of a transformer that annotates a bacterial genome recognise.

After Clauwaert, Menschaert & Waegeman (2021, doi 10.1093/bib/bbab060). An annotator learns start sites, a CNN
and two matrix scans say the same of the same positions, and its heads are characterised, beside those of
networks that have learnt nothing. What is learnt is learnt several times, and what is said holds over all of
these trainings. The steps below are the whole study.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from relevome.data.inputs import sha256_of
from relevome.data.positions import PositionChoice
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.models.identity import files_sha256
from relevome.studies import studies
from relevome.studies.annotation_data import CNN_REACH, DONE, WindowCounts, write_data, write_simulated
from relevome.studies.annotation_summary import WEIGHED, conclude
from relevome.studies.genome_parts import LabelledGenome
from relevome.studies.recipe import Command, StudyOption, check_choices, command

# Files of the folder with public data.
GENOME = Path("ecoli", "NC_000913.3.fna.gz")
LABELS = Path("ecoli", "tss_thomason_wanner_regulondb.tsv")
MOTIFS = Path("ecoli", "RegulonDB_PSSM_2025-05.meme")
KNOWN = Path("ecoli", "regulondb_tfbs_unique.bed")
# Letters of E. coli up to the first are reported on, those from the second on choose the best epoch.
_ENDS = (1_000_000, 4_200_000)

# Models beside the annotator; the scans are not trained from a seed, so there is one of each.
RIVALS = ("cnn", "scan", "scan-published")
TRAININGS = 3
_TRAINED = ("annotator", "cnn")

_TINY = {
    "model_type": "relevome-annotator", "num_hidden_layers": 2, "num_attention_heads": 2, "head_size": 12,
    "hidden_size": 16, "convolution": 7, "segment": 128, "memory": 64, "downstream": 20, "dropout": 0.1,
}  # fmt: skip


_CAUTION = (
    "size small shows that the study runs: after so few steps and windows neither the comparison of models "
    "nor a name of a head means anything"
)


@dataclass(frozen=True)
class AnnotationSize:
    """How much is done.

    ``random`` are networks with random weights, ``simulated`` letters and start sites of a made-up genome.
    A ``caution`` stands at the head of what the study shows.
    """

    arch: str
    steps: int | None
    cnn_epochs: int
    random: int
    ablated: int
    amount: WindowCounts
    simulated: tuple[int, int]
    caution: str | None = None


SIZES = {
    "small": AnnotationSize(
        "annotator.json", 80, 3, 2, 20, WindowCounts(2, 60, (100, 30)), (40_000, 300), _CAUTION
    ),
    "default": AnnotationSize(
        "annotator", None, 6, 10, 200, WindowCounts(5, 1000, (150, 30)), (250_000, 2_000)
    ),
    "published": AnnotationSize(
        "annotator:published", None, 10, 10, 200, WindowCounts(10, 2000, (530, 30)), (2_000_000, 12_000)
    ),
}


@studies.register("annotation")
@dataclass(frozen=True)
class AnnotationStudy:
    """Annotate start sites of a genome, and say what the attention heads of the annotator recognise.

    Example: relevome study annotation --data DATA -o study
    """

    # Without data and genome one is made up. A model must never have seen what is reported on.
    data: Annotated[Path | None, StudyOption("Folder with E. coli's public data; see the docs.")] = None
    genome: Annotated[Path | None, StudyOption("A genome of your own, as FASTA.")] = None
    labels: Annotated[Path | None, StudyOption("Its start sites, as for train.")] = None
    feature: Annotated[tuple[str, ...], StudyOption("Type of GFF3 features, as for train.")] = ()
    labels_column: Annotated[str | None, StudyOption("Column of positions, as for train.")] = None
    labels_where: Annotated[tuple[str, ...], StudyOption("Only rows with COLUMN=TEXT, as for train.")] = ()
    motifs: Annotated[Path | None, StudyOption("Known motifs of its factors, MEME.")] = None
    known: Annotated[Path | None, StudyOption("Known binding sites of them, BED or GFF3.")] = None
    circular: Annotated[bool, StudyOption("Every contig of it is a circle.")] = False
    model: Annotated[
        Path | None, StudyOption("An annotator that is trained already, in place of a new one.")
    ] = None
    trainings: Annotated[
        int | None,
        StudyOption(f"Of annotator and CNN, with other seeds (default: {TRAININGS}; 1 with --model)."),
    ] = None
    size: Annotated[
        str,
        StudyOption("small (minutes), default (hours) or published (for a GPU).", choices=tuple(SIZES)),
    ] = "default"
    seed: int = 0

    name = "annotation"

    def __post_init__(self) -> None:
        check_choices(self)
        if (self.genome is None) != (self.labels is None):
            raise InputError("a genome of your own needs --genome and --labels: give both or neither")
        if self.data is not None and self.genome is not None:
            raise InputError("--data is E. coli, --genome a genome of your own: give one of both")
        own = (self.motifs, self.known, self.choice != PositionChoice(), self.circular)
        if self.genome is None and any(own):
            raise InputError(
                "--motifs, --known, --circular and the --labels options belong to --genome: give that, or "
                "leave them out"
            )
        paths = [self.data / path for path in (GENOME, LABELS, MOTIFS, KNOWN)] if self.data else []
        given = (self.genome, self.labels, self.motifs, self.known)
        for path in (*paths, *(path for path in given if path is not None)):
            if not path.is_file():
                raise InputError(f"{path} is not there: fetch it as the docs say, or name another")
        if self.model is not None and not (self.model / "config.json").is_file():
            raise InputError(f"--model {self.model}: expected the folder of a trained annotator")
        if self.trainings is not None and self.trainings < 1:
            raise InputError(f"--trainings {self.trainings}: expected 1 or more")
        if self.model is not None and self.trainings not in (None, 1):
            raise InputError(
                f"--model {self.model} is one annotator, trained already: expected no --trainings "
                f"{self.trainings} beside it; leave one of both out"
            )

    @property
    def numbers(self) -> range:
        """Of all trainings; each is added to the seed."""
        default = TRAININGS if self.model is None else 1
        return range(default if self.trainings is None else self.trainings)

    @property
    def choice(self) -> PositionChoice:
        """Which rows of ``labels`` count, and where they have their positions."""
        return PositionChoice(self.feature, self.labels_column, self.labels_where)

    def about(self) -> dict[str, Any]:
        """All that decides the results."""
        labelled, motifs, known = self.asked
        paths = (labelled.genome, labelled.labels, motifs, known) if labelled else ()
        read = {str(path): sha256_of(path) for path in paths if path is not None}
        own = None
        if self.model is not None:
            own = {"path": str(self.model.resolve()), "sha256": files_sha256(self.model)}
        choice = asdict(labelled.choice) if labelled else None
        told = {"size": self.size, "trainings": len(self.numbers), "seed": self.seed, "model": own}
        told |= {"read": read, "choice": choice}
        return told | {"circular": bool(labelled and labelled.circular)}

    def prepare(self, folder: Path, say: Say) -> None:
        """The genome, if one is made up, and all that the commands read of it."""
        say("data: " + ("a made-up genome" if self.asked[0] is None else str(self.asked[0].genome)))
        (folder / "annotator.json").write_text(json.dumps(_TINY, indent=1) + "\n")
        labelled, motifs, _ = self.asked
        if labelled is None:
            labelled = write_simulated(folder / "simulated", *self._size.simulated, self.seed)
            motifs = folder / "simulated" / "database.meme"
        if not (folder / "data" / DONE).is_file():
            (folder / "data").mkdir(exist_ok=True)
            write_data(folder / "data", labelled, motifs, self._size.amount, self.seed)

    def commands(self) -> Sequence[Command]:
        """Train, annotate the test region by every model, characterise heads, trained and random ones."""
        return [*self._training(), *self._annotating(), *self._heads()]

    def conclude(self, folder: Path) -> Sequence[str]:
        """Tables of models and heads, and what they show."""
        models = {
            name: [_of(name, number) for number in self.numbers] if name in _TRAINED else [name]
            for name in ("annotator", *RIVALS)
        }
        return conclude(folder, models, self._size.random, self._size.caution)

    @property
    def _size(self) -> AnnotationSize:
        return SIZES[self.size]

    @property
    def asked(self) -> tuple[LabelledGenome | None, Path | None, Path | None]:
        """Genome and labels, known motifs, known sites; nothing where the genome is made up."""
        if self.data is not None:
            folder = self.data.resolve()
            choice = PositionChoice((), "position_NC_000913.3", ("source_info~storz",))
            labelled = LabelledGenome(folder / GENOME, folder / LABELS, choice, circular=True, ends=_ENDS)
            return labelled, folder / MOTIFS, folder / KNOWN
        if self.genome is None or self.labels is None:
            return None, None, None
        labelled = LabelledGenome(self.genome.resolve(), self.labels.resolve(), self.choice, self.circular)
        motifs, known = (None if path is None else path.resolve() for path in (self.motifs, self.known))
        return labelled, motifs, known

    @property
    def _genome(self) -> dict[str, Any]:
        labelled, _, _ = self.asked
        return {"genome": "simulated/genome.fa" if labelled is None else labelled.genome}

    @property
    def _circular(self) -> dict[str, Any]:
        labelled, _, _ = self.asked
        return {"circular": labelled is not None and labelled.circular}

    def _annotator(self, number: int) -> tuple[str | Path, list[str]]:
        """The folder of a training of the annotator, and the command that makes it, if one does."""
        if self.model is not None:
            return self.model.resolve(), []
        return _of("annotator", number), [f"annotator-{number}"]

    def _training(self) -> Iterator[Command]:
        size = self._size
        for number in self.numbers if self.model is None else ():
            yield command(
                f"annotator-{number}", "train", arch=size.arch, **self._genome, labels="data/sites.bed",
                split="data/regions.bed", **self._circular, steps=size.steps, patience=100, resume=True,
                seed=self.seed + number, output=_of("annotator", number),
            )  # fmt: skip
        for number in self.numbers:
            yield command(
                f"cnn-{number}", "train", arch="cnn", train="data/train.csv",
                validation="data/validation.csv", best="average_precision", epochs=size.cnn_epochs,
                resume=True, seed=self.seed + number, output=_of("cnn", number),
            )  # fmt: skip

    def _annotating(self) -> Iterator[Command]:
        for number in self.numbers:
            yield self._annotation(_of("annotator", number), *self._annotator(number))
        for number in self.numbers:
            yield self._annotation(_of("cnn", number), _of("cnn", number), [f"cnn-{number}"], CNN_REACH)
        for name in RIVALS:
            if name not in _TRAINED:
                yield self._annotation(name, f"data/{name}", [])

    def _annotation(
        self, name: str, model: str | Path, after: list[str], window: tuple[int, int] | None = None
    ) -> Command:
        return command(
            f"{name.replace('/', '-')}-annotation", "annotate", model=model, **self._genome, **self._circular,
            region="data/test.bed", truth="data/sites.bed", no_tracks=True,
            window=None if window is None else ",".join(map(str, window)), output=f"annotation/{name}",
            after=after,
        )  # fmt: skip

    def _heads(self) -> Iterator[Command]:
        asked = {
            "bed": "data/windows.bed", **self._genome, "controls": "data/controls.bed",
            "position": self._size.amount.reach[0], "motifs": "data/motifs.meme", "known": self._known,
        }  # fmt: skip
        for weigh in WEIGHED:
            # what is lost without a head is the same, however its letters are weighed
            ablate = self._size.ablated if weigh == WEIGHED[0] else 0
            for number in self.numbers:
                folder, made = self._annotator(number)
                yield command(
                    f"annotator-{number}-heads-{weigh}", "heads", model=folder, **asked, weigh=weigh,
                    ablate=ablate, seed=self.seed, output=f"heads/{weigh}/{_of('annotator', number)}",
                    after=made,
                )  # fmt: skip
            # random weights depend on the architecture alone, which all trainings have in common
            folder, made = self._annotator(0)
            for number in range(self._size.random):
                yield command(
                    f"random-{number}-heads-{weigh}", "heads", model=folder, **asked, weigh=weigh,
                    random_weights=True, ablate=0, seed=self.seed + number,
                    output=f"heads/{weigh}/random-{number}", after=made,
                )  # fmt: skip

    @property
    def _known(self) -> Path | str | None:
        labelled, _, known = self.asked
        return "simulated/known.bed" if labelled is None else known


def _of(name: str, number: int) -> str:
    """The folder of one training."""
    return f"{name}/{number}"
