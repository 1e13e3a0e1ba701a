// The sites that stand out, as a table.

import { el, notes } from "../dom";
import { table, type Cell } from "../tables/table";
import { count, counted, tsv } from "../words";

interface CalledSites { fdr: number; columns: string[]; rows: Cell[][]; left_out: number; notes: string[] }

const SHOWN = 200;

export function called_sites(found: CalledSites): (HTMLElement | null)[] {
  const numbers = new Set(["start", "end", "summit", "height", "total", "p", "q"]);
  const places = new Set(["start", "end", "summit"]);
  const rows = found.rows.slice(0, SHOWN).map((row) => row.map((cell, i) =>
    (places.has(found.columns[i]) ? count(Number(cell)) : cell)));
  const hidden = found.rows.length + found.left_out - rows.length;
  return [
    el("p", { class: "lead" }, `${counted(found.rows.length + found.left_out, "site")} at a false discovery rate of ${found.fdr}.`),
    table("called sites", `The best first${hidden ? `; ${count(hidden)} more are not shown` : ""}. Places count from 0.`,
      found.columns.map((name) => ({ name, number: numbers.has(name) })), rows, undefined,
      () => tsv(found.columns, found.rows)),
    notes("Notes", found.notes),
  ];
}
