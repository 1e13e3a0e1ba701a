// Scores of one run: every metric beside its nulls, curves of faithfulness, checks.

import type { Letters } from "../data/content";
import { el, notes } from "../dom";
import { arrow, curves, excesses, type Curves, type Score } from "../drawing/scores";
import { table } from "../tables/table";
import type { PageTools } from "../tools";
import { fixed, interval, counted, tsv } from "../words";

interface Evaluation {
  run: string; method: string; target: string; truth: string | null; sequences: number; scores: Score[]; curves: Record<string, Curves>;
  checks: { name: string; failed: boolean; sentence: string }[]; grouped: string[]; notes: string[];
}

export function evaluation(found: Evaluation, _: Letters, __: PageTools, of: string): (HTMLElement | null)[] {
  const name = `evaluation of ${of}`;
  const several = new Set(found.scores.map((one) => one.level)).size > 1;
  const drawn = Object.entries(found.curves).map(([level, one]) =>
    curves(name, `Faithfulness, ${level}`, one, [`share of ${level} taken away`, "score"]));
  return [
    el("p", { class: "lead" }, `${of}, target ${found.target}, ${counted(found.sequences, "sequence")}` +
      `${found.truth ? `, against the known sites of ${found.truth}` : ""}.`),
    excesses(name, found.scores, several),
    drawn.length ? el("div", {}, el("h3", {}, "What happens without the relevant letters"),
      el("p", { class: "caption" }, "The score as letters are taken away, the most relevant first and the least " +
        "relevant first, beside random orders; bands are 95% intervals."),
      el("div", { class: "side" }, ...drawn)) : null,
    scores(name, found.scores, several),
    checks(found),
    notes("Notes", found.notes),
  ];
}

function scores(name: string, found: readonly Score[], several: boolean): HTMLElement {
  const columns = [
    { name: "metric" }, { name: "kind" }, ...(several ? [{ name: "level" }] : []), { name: "mean", number: true },
    { name: "random order", number: true }, { name: "shuffled", number: true }, { name: "strongest null" },
    { name: "excess", number: true }, { name: "mutagenesis", number: true, title: "what the model's own mutagenesis reaches" },
  ];
  const rows = found.map((one) => [
    `${one.metric} ${arrow(one)}`, one.kind, ...(several ? [one.level] : []), interval(one.mean), fixed(one.random?.[0]),
    fixed(one.shuffled?.[0]), one.over && `${one.over.null} ${fixed(one.over.of[0])}`, interval(one.over?.excess),
    fixed(one.own?.[0]),
  ]);
  return el("div", {}, el("h3", {}, "All metrics"),
    table(name, "Means and 95% bootstrap intervals over sequences. ↑ higher is better, ↓ lower is better. Shuffled: " +
      "sequences of the same pairs of letters. Mutagenesis: what the model's own reaches in place of relevance.",
    columns, rows, undefined, () => data(found)));
}

function data(found: readonly Score[]): string {
  return tsv(["metric", "kind", "level", "direction", "sequences", "mean", "low", "high", "random_order", "shuffled",
    "strongest_null", "strongest", "excess", "excess_low", "excess_high", "mutagenesis"], found.map((one) => [
    one.metric, one.kind, one.level, one.direction, one.sequences, ...one.mean, one.random?.[0], one.shuffled?.[0],
    one.over?.null, one.over?.of[0], ...(one.over?.excess ?? ["", "", ""]), one.own?.[0]]));
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
