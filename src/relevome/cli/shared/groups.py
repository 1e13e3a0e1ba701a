"""How ``--help`` looks: options in groups, in two columns, and commands by what they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup

# Of these a command may have some.
COMPUTING = "batch_size device dtype engine workers address gpus seed plan"
_SEQUENCES = (
    "fasta bed genome width anchor kinds table id_column sequence_column sequences strip_stop rare_as_x long "
    "on_bad"
)
_CODE = "trust_remote_code download"
_EVALUATION = {
    "Known sites": "truth feature",
    "What is measured": "metrics level how target label",
    "What the model is asked": "model tokenizer no_model replacement draws null random_models sequences "
    "mutants fast trust_remote_code",
    "Computing": COMPUTING,
    "Output": "output overwrite",
}

# By command: titles of groups, and the options of each in the order in which they are shown.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "explain": {
        "Sequences": _SEQUENCES,
        "Model": f"model tokenizer task alphabet prefix max_tokens {_CODE}",
        "What is explained": "target contrast position positions mask_position",
        "Method": "method baseline steps tolerance site reference rules layers query option heads audit",
        "From tokens to letters": "lift average_strands tokenisations tokenisation_dropout offsets shifts",
        "Computing": COMPUTING,
        "Output": "output letter_scores overwrite",
    },
    "evaluate": _EVALUATION,
    "compare": _EVALUATION,
    "predict": {
        "Sequences": _SEQUENCES,
        "Labels": "labels labels_column",
        "Model": f"model tokenizer task alphabet prefix max_tokens {_CODE}",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "substitute": {
        "What is exchanged": "by most orders sequences head layer target labels",
        "Model": "model tokenizer trust_remote_code",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "heads": {
        "Which question": "by level target",
        "By attention: windows around sites": "fasta bed genome position controls most on_bad",
        "By attention: what is asked": "query weigh share motifs known ablate ablate_by random_weights",
        "By relevance": "run annotations kinds clusters classes random points",
        "Model": "model tokenizer alphabet prefix trust_remote_code",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "annotate": {
        "Genome": "genome circular circular_contig region on_bad",
        "Model": "model tokenizer target window alphabet",
        "What is known": "truth feature labels_column labels_where",
        "How sites are called": "threshold precision apart within",
        "Computing": COMPUTING,
        "Output": "output values tracks feature_type overwrite",
    },
    "sites": {
        "What is looked at": "target window sign coordinates by_strand",
        "What chance would have": "fdr null draws shuffles seed",
        "Sites": "gap least_width",
        "Output": "output overwrite",
    },
    "profile": {
        "Positions": "anchor sites feature at alignment width target",
        "Heat map": "order",
        "Output": "output overwrite",
    },
    "motifs": {
        "What is looked at": "target way strands fewest",
        "What chance would have": "fdr candidates shuffles random_models null draws",
        "What they are": "database sites feature level",
        "Whether they matter": "causes model trust_remote_code",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "variants": {
        "Variants": "vcf genome genes substitutions fasta saturate on_bad",
        "What is asked": "target width indels distance average_strands scheme null",
        "Why": "why method option shifts motifs motif_p",
        "Model": f"model tokenizer task alphabet prefix rare_as_x max_tokens {_CODE}",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "pairs": {
        "Sequences": "fasta bed genome width anchor kinds table id_column sequence_column sequences "
        "strip_stop rare_as_x on_bad",
        "Maps": "method target position by summary estimate no_estimate",
        "Strongest pairs": "apart most shuffles",
        "What is beside them": "contacts random_models sites pictures",
        "Model": f"model tokenizer task alphabet prefix max_tokens {_CODE}",
        "Computing": COMPUTING,
        "Output": "output overwrite",
    },
    "train": {
        "Model": "arch tokenizer tokens alphabet lora_rank",
        "What is learnt": "objective task",
        "Sequences": "train validation test id_column labels_column split clusters strip_stop rare_as_x "
        "on_bad",
        "Protein function": "labels_from ec_level obo go_terms min_proteins max_length",
        "Genome": "genome window windows held_out labels feature labels_where circular steps streams",
        "Training": "epochs batch_size learning_rate patience best class_weights",
        "Examples": "negatives both_strands shifts bpe_dropout",
        "Computing": "device processes dtype seed",
        "Output": "output resume finish",
    },
    "windows": {
        "Sites": "sites genome anchor kinds labels_column labels_where on_bad",
        "Windows": "width strand max_unknown negatives ratio",
        "Parts": "split by test validation",
        "Computing": "seed",
        "Output": "output overwrite",
    },
    "simulate": {
        "What is made": "grammar alphabet length gc seed",
        "Motifs": "motifs motif_names",
        "Sequences": "positives negatives planted position spacing decoys split",
        "Genome": "starts distances share others",
        "Output": "output",
    },
    "show": {
        "What is drawn": "id list_ target region letter_scores tokens variant gene flank",
        "Known sites": "sites feature",
        "Axes": "axis plus_one one_scale",
        "Output": "output title width size",
    },
    "report": {
        "What is shown": "label title top",
        "Known sites and structures": "sites feature structure",
        "Output": "output overwrite",
    },
    "view": {
        "What is shown": "label title",
        "Known sites and structures": "sites feature structure",
        "Where": "port browser",
    },
    "export": {"What is written": "to target option", "Output": "output overwrite"},
    "check": {"Options": "sequences"},
    "rerun": {
        "What is repeated": "model sequences trust_remote_code",
        "Computing": COMPUTING,
        "Output": "output tolerance overwrite",
    },
    "demo": {"Options": "output seed"},
    "list": {},
}

COMMANDS: Mapping[str, str] = {
    "To begin with": "demo simulate data",
    "Models and explanations": "train predict explain show report view export check rerun",
    "Whether to trust them": "evaluate compare substitute",
    "What they mean": "motifs sites profile heads pairs variants annotate",
    "More": "study list",
}
OTHERS = "Others"


class CommandGroup(TyperGroup):
    """Commands by what they are for; those that no group has come last."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes a section for every group."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        sections = {title: words.split() for title, words in COMMANDS.items()}
        known = {name for some in sections.values() for name in some}
        sections[OTHERS] = [name for name in commands if name not in known]
        width = max(map(len, commands), default=0)
        for title, some in sections.items():
            rows = [
                (name.ljust(width), (one.help or "").split("\n\n")[0])
                for name in some
                if (one := commands.get(name)) is not None and not one.hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def write_options(command: str | None, parameters: list[Any], ctx: Any, formatter: Any) -> None:
    """A section for the arguments, and one for every group of options; those that none has come last."""
    sections: dict[str, list[str]] = {"Arguments": []}
    sections |= {title: words.split() for title, words in GROUPS.get(command or "", {}).items()}
    title_of = {name: title for title, names in sections.items() for name in names}
    others = OTHERS if command in GROUPS else "Options"
    rows: dict[str, dict[str, tuple[str, str]]] = {title: {} for title in [*sections, others]}
    for one in parameters:
        row = one.get_help_record(ctx)
        if row is not None:
            argument = one.param_type_name == "argument"
            title = "Arguments" if argument else title_of.get(one.name, others)
            rows[title][one.name] = row if argument else _short(one, row)
    width = max((len(name) for some in rows.values() for name, _ in some.values()), default=0)
    for title, some in rows.items():
        order = [name for name in sections.get(title, ()) if name in some] or [*some]
        if some:
            with formatter.section(title):
                formatter.write_dl(
                    [(some[n][0].ljust(min(width, _FIRST)), some[n][1]) for n in order], _FIRST
                )


_FIRST = 27  # letters of the first column; a longer option has its help on the next line


def _short(option: Any, row: tuple[str, str]) -> tuple[str, str]:
    """A switch that is off needs neither its opposite nor its default; types are those of one value."""
    if option.is_flag and not option.default:
        return ", ".join(sorted(option.opts, key=len)), option.help or ""
    plain = re.sub(r"<(?:list\[)?(\w+)(?:\]| range)>", lambda found: f"<{found[1].lower()}>", row[0])
    return plain, row[1]
