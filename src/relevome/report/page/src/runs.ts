// The runs of the page: what was asked, what came of it, and what was refused.

import type { LedgerContent, RunFacts } from "./data/content";
import { el } from "./dom";
import { figure } from "./drawing/figure";
import { flow } from "./drawing/flow";
import { table } from "./tables/table";
import { short, tsv } from "./words";

export function runs(found: readonly RunFacts[]): HTMLElement[] {
  const columns = [
    { name: "run" }, { name: "method" }, { name: "options" }, { name: "target" },
    { name: "read", number: true }, { name: "explained", number: true }, { name: "refused", number: true },
  ];
  const rows = found.map((run) => [
    run.label, run.method, run.options.join(", "), run.target,
    String(run.read), String(run.explained), String(run.refused.length + run.refused_more),
  ]);
  const refused = found.flatMap((run) => run.refused.map(([id, reason]) => [run.label, id, reason]));
  const parts = [table("runs", "Runs, and what became of their sequences", columns, rows)];
  for (const { label, ledger } of found) if (ledger) parts.push(account(label, ledger));
  if (refused.length) {
    const more = found.reduce((sum, run) => sum + run.refused_more, 0);
    const title = `Refused sequences (${refused.length}${more ? `, and ${more} more` : ""})`;
    parts.push(el("details", {}, el("summary", {}, title),
      table("refused", title, [{ name: "run" }, { name: "sequence" }, { name: "reason" }], refused)));
  }
  return parts;
}

// Where the relevance of a run went.
function account(label: string, ledger: LedgerContent): HTMLElement {
  const rows = [["input tokens", "", ledger.tokens], ...ledger.flows.map(([operation, kind, amount]) => [kind, operation, amount]),
    ["unaccounted for", "", ledger.unaccounted]];
  const said = `Where the relevance of ${label} went: ${short(ledger.tokens)} of ${short(ledger.logit)} to the input tokens`;
  return el("div", {}, el("h3", {}, `Where relevance went: ${label}`),
    figure(`ledger ${label}`, said, () => flow(ledger), () => tsv(["kept as", "by", "relevance"], rows)));
}
