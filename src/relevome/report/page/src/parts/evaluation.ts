// Scores of one run: every metric beside its nulls, curves of faithfulness, checks.

import { el, notes } from "../dom";
import { arrow, curves, excesses, type Curves, type Score } from "../scores";
import { table } from "../table";
import { interval } from "../words";

interface Evaluation {
  run: string; method: string; target: string; sequences: number; scores: Score[]; curves: Record<string, Curves>;
  checks: { name: string; failed: boolean; sentence: string }[]; grouped: string[]; notes: string[];
}

export function evaluation(found: Evaluation): (HTMLElement | null)[] {
  const name = `evaluation of ${found.method}`;
  const several = new Set(found.scores.map((one) => one.level)).size > 1;
  const drawn = Object.entries(found.curves).map(([level, one]) =>
    curves(name, `Faithfulness, ${level}`, one, [`share of ${level} taken away`, "score"]));
  return [
    el("p", { class: "lead" }, `${found.method}, target ${found.target}, ${found.sequences} sequences.`),
    excesses(name, found.scores, several),
    drawn.length ? el("div", {}, el("h3", {}, "What happens without the relevant letters"),
      el("p", { class: "caption" }, "The score as letters are taken away, the most relevant first and the least " +
        "relevant first, beside random orders; bands are 95% intervals."),
      el("div", { class: "side" }, ...drawn)) : null,
    scores(name, found.scores),
    checks(found),
    notes("Notes", found.notes),
  ];
}

function scores(name: string, found: readonly Score[]): HTMLElement {
  const columns = [
    { name: "metric" }, { name: "kind" }, { name: "level" }, { name: "mean", number: true },
    { name: "random order", number: true }, { name: "shuffled", number: true }, { name: "strongest null" },
    { name: "excess", number: true }, { name: "model's own mutagenesis", number: true }, { name: "sequences", number: true },
  ];
  const rows = found.map((one) => [
    `${one.metric} ${arrow(one)}`, one.kind, one.level, interval(one.mean), one.random?.[0], one.shuffled?.[0],
    one.over?.null, interval(one.over?.excess), one.own?.[0], String(one.sequences),
  ]);
  return el("div", {}, el("h3", {}, "All metrics"),
    table(name, "Means and 95% bootstrap intervals over sequences. ↑ higher is better, ↓ lower is better.", columns, rows));
}

function checks(found: Evaluation): HTMLElement | null {
  if (!found.checks.length) return null;
  const failed = found.checks.filter((one) => one.failed).length;
  const lines = [...found.checks].sort((a, b) => Number(b.failed) - Number(a.failed));
  return el("div", {}, el("h3", {}, `Checks: ${failed} of ${found.checks.length} failed`),
    el("ul", { class: "notes" }, ...found.grouped.map((line) => el("li", {}, line))),
    el("details", {}, el("summary", {}, "Every check"),
      el("ul", { class: "remarks" }, ...lines.map((one) => el("li", { class: one.failed ? "bad" : "good" },
        el("span", { class: `sign ${one.failed ? "bad" : "good"}` }, one.failed ? "✕" : "✓",
          el("span", { class: "unseen" }, one.failed ? " failed: " : " passed: ")),
        el("span", {}, one.sentence))))));
}
