// Scores, curves and checks, whether of one run or of several.

import { curves as curvesDrawing, intervals, type Line } from "./charts";
import type { Interval } from "../data/content";
import { el } from "../dom";
import { figure } from "./figure";
import { interval, tsv } from "../words";

export interface Over { null: string; of: Interval; excess: Interval }
export interface Score {
  metric: string; kind: string; level: string; direction: string; sequences: number; mean: Interval;
  random: Interval | null; shuffled: Interval | null; over: Over | null; exchange: Over | null; own: Interval | null;
}
export interface Curves { sequences: number; x: number[]; lines: Line[] }

export const arrow = (one: Score) => (one.direction.startsWith("higher") ? "↑" : "↓");

export function excesses(name: string, scores: readonly Score[], several: boolean): HTMLElement | null {
  const rows = scores.flatMap((one) => (one.over ? [{
    name: several ? `${one.metric}, ${one.level}` : one.metric, detail: one.over.null, value: one.over.excess,
  }] : []));
  if (!rows.length) return null;
  const data = () => tsv(["metric", "null", "excess", "low", "high"], rows.map((row) => [row.name, row.detail, ...row.value]));
  return el("div", {},
    el("h3", {}, "Above the strongest null"),
    el("p", { class: "caption" }, "What each measure of place has above the strongest of its nulls, with 95% intervals. " +
      "Right of the line the explanation knows more than that null does."),
    figure(`${name} above the strongest null`, `Excess over the strongest null: ${rows.map((row) =>
      `${row.name} ${interval(row.value)} over ${row.detail}`).join("; ")}`,
    () => intervals(rows, "excess over the strongest null", window.innerWidth < 640 ? 480 : 900), data));
}

export function curves(name: string, title: string, found: Curves, axes: [string, string], even = false): HTMLElement {
  const data = () => tsv(["line", axes[0], "mean", "low", "high"], found.lines.flatMap((line) =>
    line.points.map((point, i) => [line.name, found.x[i], ...point])));
  return figure(`${name} ${title}`, `${title}: ${axes[1]} by ${axes[0]}, ${found.lines.map((line) => line.name).join(", ")}`,
    () => curvesDrawing(title, found.x, found.lines, axes, { even }), data);
}
