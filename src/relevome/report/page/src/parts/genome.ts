// A genome that was annotated: what was called, and how good that is.

import { el } from "../dom";
import { table, type Cell } from "../tables/table";
import { count, counted, short } from "../words";

interface Genome {
  classes: string[]; threshold: number | null; counts: Record<string, number>; columns: string[]; rows: Cell[][];
  problems: number; genome: string; regions: string[]; within: number;
}

export function genome(found: Genome): (HTMLElement | null)[] {
  const called = found.threshold === null ? "no threshold is precise enough"
    : `those of a probability from ${short(found.threshold)} on`;
  const asked = found.regions.length ? `${found.regions.slice(0, 3).join(", ")}${found.regions.length > 3 ? `, and ${counted(found.regions.length - 3, "further region")},` : ""} of ` : "";
  const near = found.within ? `within ${counted(found.within, "letter")} of a labelled position` : "at the very position";
  return [
    el("p", { class: "lead" }, `${found.classes.join(", ")}: ${counted(found.counts.sites, "site")} called at ` +
      `${counted(found.counts.letters, "position")} (each strand counts) of ${counted(found.counts.contigs, "contig")}, ` +
      `${asked}${found.genome}; ${called}.`),
    found.rows.length ? table("annotation", `Against labelled positions, over all strands and on each. A call is right ${near}.`,
      found.columns.map((name, i) => ({ name: name.replace(/_/g, " "), number: i > 1 })), found.rows) : null,
    found.problems ? el("p", { class: "caption" }, `${count(found.problems)} labelled positions were left out.`) : null,
  ];
}
