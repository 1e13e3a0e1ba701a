// What exchanging relevant letters does to the prediction.

import type { Interval } from "../data/content";
import { el, notes } from "../dom";
import { curves, type Curves } from "../drawing/scores";
import { table } from "../tables/table";
import { interval, counted } from "../words";

interface Substitution {
  by: string; sequences: number; curves: Record<string, Curves>; notes: string[];
  areas: { measure: string; upper: string; lower: string; estimate: Interval; p: number | null }[];
}

export function substitution(found: Substitution): (HTMLElement | null)[] {
  const by = found.by === "random" ? "random others" : found.by;
  return [
    el("p", { class: "lead" }, `Letters exchanged for ${by} in ${counted(found.sequences, "sequence")}.`),
    el("div", { class: "side" }, ...Object.entries(found.curves).map(([measure, one]) =>
      curves("substitution", measure, one, ["letters exchanged", measure], true))),
    table("areas", "Areas between curves: mean differences over doublings of the number of letters, with 95% intervals.", [
      { name: "measure" }, { name: "upper curve" }, { name: "lower curve" }, { name: "area", number: true },
      { name: "p", number: true },
    ], found.areas.map((one) => [one.measure, one.upper, one.lower, interval(one.estimate), one.p])),
    notes("Notes", found.notes),
  ];
}
