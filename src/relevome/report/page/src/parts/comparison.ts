// Several runs side by side: a column for each, and a test for every pair.

import { el, notes } from "../dom";
import { arrow, curves, type Curves, type Score } from "../drawing/scores";
import { table } from "../tables/table";
import type { Interval } from "../data/content";
import { fixed, interval } from "../words";

interface Comparison {
  labels: string[]; scores: Record<string, Score[]>; best: (string | null)[];
  tests: { metric: string; level: string; first: string; second: string; difference: Interval; superiority: number;
    p: number; better: string | null }[];
  curves: Record<string, Record<string, Curves>>; notes: string[];
}

export function comparison(found: Comparison): (HTMLElement | null)[] {
  const first = found.scores[found.labels[0]] ?? [];
  const columns = [{ name: "metric" }, { name: "level" }, ...found.labels.map((name) => ({ name, number: true })),
    { name: "random order", number: true }];
  const rows = first.map((one, i) => [`${one.metric} ${arrow(one)}`, one.level,
    ...found.labels.map((label) => interval(found.scores[label][i].mean)), fixed(one.random?.[0])]);
  const tests = found.tests.map((one) => [one.metric, one.level, one.first, one.second, interval(one.difference),
    one.superiority, one.p, one.better ?? ""]);
  const drawn = Object.entries(found.curves).flatMap(([level, some]) => Object.entries(some).map(([label, one]) =>
    curves("comparison", `${label}, ${level}`, one, [`share of ${level} taken away`, "score"])));
  return [
    table("comparison", "Means and 95% bootstrap intervals over the sequences that all runs have. Bold: " +
      "significantly better than every other run.", columns, rows,
    (row, column) => column >= 2 && found.labels[column - 2] === found.best[row]),
    drawn.length ? el("details", {}, el("summary", {}, `Curves (${drawn.length})`), el("div", { class: "side" }, ...drawn)) : null,
    el("details", {}, el("summary", {}, `Paired tests (${tests.length})`),
      table("paired tests", "First minus second; p adjusted for all tests.", [
        { name: "metric" }, { name: "level" }, { name: "first" }, { name: "second" }, { name: "difference", number: true },
        { name: "first larger", number: true }, { name: "adjusted p", number: true }, { name: "better" },
      ], tests)),
    notes("Notes", found.notes),
  ];
}
