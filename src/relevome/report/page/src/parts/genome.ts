// A genome that was annotated: what was called, and how good that is.

import { el } from "../dom";
import { table, type Cell } from "../tables/table";
import { count, counted, short } from "../words";

interface Genome {
  classes: string[]; threshold: number | null; counts: Record<string, number>; columns: string[]; rows: Cell[][];
  problems: number;
}

export function genome(found: Genome): (HTMLElement | null)[] {
  const called = found.threshold === null ? "no threshold is precise enough"
    : `those of a probability from ${short(found.threshold)} on`;
  return [
    el("p", { class: "lead" }, `${found.classes.join(", ")}: ${counted(found.counts.sites, "site")} called at ` +
      `${counted(found.counts.letters, "position")} of ${counted(found.counts.contigs, "contig")}; ${called}.`),
    found.rows.length ? table("annotation", "Against labelled positions, over all strands and on each.",
      found.columns.map((name, i) => ({ name: name.replace(/_/g, " "), number: i > 1 })), found.rows) : null,
    found.problems ? el("p", { class: "caption" }, `${count(found.problems)} labelled positions were left out.`) : null,
  ];
}
