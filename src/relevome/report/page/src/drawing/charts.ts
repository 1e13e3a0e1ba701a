// Charts with few marks: intervals about zero, curves with bands, bars of a histogram.

import type { Interval } from "../data/content";
import type { Drawing } from "./figure";
import type { Surface } from "./surface";
import type { Theme } from "./theme";
import { interval, minus } from "../words";

// ``toward`` is -1 where what is below zero is good.
export interface IntervalRow { name: string; detail?: string; value: Interval; toward?: number }

const SMALL = 12;

// Nice numbers between two ends, about as many as asked.
export function ticks(low: number, high: number, about = 5): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

export const tick = (value: number) => minus(Number(value.toPrecision(6)).toString());

// Ticks of an axis of values as they are written, all in one way: with exponents where all are small or one is large.
export function labelled(values: readonly number[]): [number, string][] {
  const largest = Math.max(0, ...values.map(Math.abs));
  const scientific = (largest > 0 && largest < 0.001) || largest >= 1e6;
  return values.map((value) => [value, value && scientific ? minus(Number(value.toPrecision(6)).toExponential()) : tick(value)]);
}

export function toneOf(value: Interval, colours: Theme, toward = 1): string {
  const [above, below] = toward < 0 ? [colours.bad, colours.good] : [colours.good, colours.bad];
  return value[1] > 0 ? above : value[2] < 0 ? below : colours.caution;
}

// Means with their intervals, one below the other, about a line at zero.
export function intervals(rows: readonly IntervalRow[], axis: string, width = 900, detail = "null"): Drawing {
  const narrow = width < 640;
  const left = narrow ? 170 : 200, right = narrow ? 16 : 330, top = 30, line = 26;
  const height = top + rows.length * line + 44;
  const ends = rows.flatMap((row) => row.value);
  const pad = 0.06 * (Math.max(0, ...ends) - Math.min(0, ...ends) || 1);
  const [low, high] = [Math.min(0, ...ends) - pad, Math.max(0, ...ends) + pad];
  const x = (value: number) => left + ((value - low) / (high - low)) * (width - left - right);
  return { width, height, draw(on, colours) {
    const foot = top + rows.length * line + 4;
    for (const [value, text] of labelled(ticks(low, high))) {
      on.line([[x(value), top], [x(value), foot]], colours.line);
      on.text(text, x(value), foot + 15, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    on.line([[x(0), top - 4], [x(0), foot]], colours.ink, 1.2);
    on.text(axis, x((low + high) / 2), foot + 32, { size: SMALL, fill: colours.muted, anchor: "middle" });
    if (!narrow) on.text("mean [95% interval]", width - right + 12, top - 14, { size: 11, fill: colours.muted });
    if (!narrow) on.text(detail, width - right + 182, top - 14, { size: 11, fill: colours.muted });
    rows.forEach((row, i) => {
      const y = top + (i + 0.5) * line, colour = toneOf(row.value, colours, row.toward);
      on.text(row.name, left - 14, y + 4, { size: 13, fill: colours.ink, anchor: "end" });
      on.line([[x(row.value[1]), y], [x(row.value[2]), y]], colour, 2.5);
      on.dot(x(row.value[0]), y, 4.5, colour, colours.ground);
      if (narrow) return;
      on.text(interval(row.value), width - right + 12, y + 4, { size: SMALL, fill: colours.ink });
      if (row.detail) on.text(row.detail, width - right + 182, y + 4, { size: SMALL, fill: colours.muted });
    });
  } };
}

export interface Line { name: string; points: Interval[]; dash?: boolean }

// Curves with bands over the same places on x.
export function curves(
  title: string, x: readonly number[], lines: readonly Line[], axes: readonly [string, string],
  { even = false, width = 360, height = 250, colour = 0 } = {}
): Drawing {
  const left = 54, right = 12, top = 30, bottom = lines.length > 1 ? 62 : 42; // a legend of one says nothing
  const places = even ? x.map((_, i) => i) : x;
  const values = lines.flatMap((line) => line.points.flat());
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = 0.05 * (high - low || 1);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const across = (value: number) => left + ((value - first) / (last - first || 1)) * (width - left - right);
  const up = (value: number) => height - bottom - ((value - low + pad) / (high - low + 2 * pad)) * (height - top - bottom);
  return { width, height, draw(on, colours) {
    on.text(title, left, 16, { size: 13, fill: colours.ink, bold: true });
    for (const [value, text] of labelled(ticks(low - pad, high + pad, 4))) {
      on.line([[left, up(value)], [width - right, up(value)]], colours.line);
      on.text(text, left - 7, up(value) + 4, { size: 11, fill: colours.muted, anchor: "end" });
    }
    const marks = even ? places.map((place, i) => [place, x[i]]) : ticks(first, last, width > 500 ? 10 : 4).map((value) => [value, value]);
    for (const [place, value] of marks) {
      on.text(tick(value), across(place), height - bottom + 16, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    on.text(axes[0], (left + width - right) / 2, height - bottom + 32, { size: 11, fill: colours.muted, anchor: "middle" });
    lines.forEach((line, i) => {
      const shown = dashed(line) ? colours.muted : colours.series[(i + colour) % colours.series.length];
      const band = [
        ...line.points.map((point, at) => [across(places[at]), up(point[1])] as const),
        ...line.points.map((point, at) => [across(places[at]), up(point[2])] as const).reverse(),
      ];
      on.area(band, shown, 0.16);
      on.line(line.points.map((point, at) => [across(places[at]), up(point[0])] as const), shown, 2, dashed(line));
    });
    if (lines.length > 1) legend(on, colours, lines, left, height - 8);
  } };
}

const dashed = (line: Line) => line.dash || line.name.startsWith("random");

function legend(on: Surface, colours: Theme, lines: readonly Line[], left: number, y: number): void {
  let x = left - 40;
  lines.forEach((line, i) => {
    const colour = dashed(line) ? colours.muted : colours.series[i % colours.series.length];
    on.line([[x, y - 4], [x + 16, y - 4]], colour, 2, dashed(line));
    on.text(line.name, x + 20, y, { size: 10.5, fill: colours.muted });
    x += 28 + on.width(line.name, { size: 10.5, fill: colours.muted });
  });
}

export interface Bins { low: number; step: number; counts: number[] }

export function binned(values: readonly number[], low: number, high: number, bins: number): Bins {
  const step = (high - low || 1) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.max(0, Math.floor((value - low) / step)))]++;
  return { low, step, counts };
}

export function histogram(title: string, found: Bins, axis: string, colour: number): Drawing {
  const width = 360, height = 200, left = 44, right = 10, top = 30, bottom = 44;
  const most = Math.max(1, ...found.counts);
  const high = found.low + found.step * found.counts.length;
  const across = (value: number) => left + ((value - found.low) / (high - found.low)) * (width - left - right);
  const up = (value: number) => height - bottom - (value / most) * (height - top - bottom);
  return { width, height, draw(on, colours) {
    on.text(title, left, 16, { size: 13, fill: colours.ink, bold: true });
    for (const value of ticks(0, most, 3).filter(Number.isInteger)) {
      on.line([[left, up(value)], [width - right, up(value)]], colours.line);
      on.text(tick(value), left - 7, up(value) + 4, { size: 11, fill: colours.muted, anchor: "end" });
    }
    found.counts.forEach((value, i) => {
      const [from, to] = [across(found.low + i * found.step), across(found.low + (i + 1) * found.step)];
      on.rect(from + 0.5, up(value), to - from - 1, up(0) - up(value), colours.series[colour % colours.series.length]);
    });
    for (const [value, text] of labelled(ticks(found.low, high, 5))) {
      on.text(text, across(value), height - bottom + 16, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    on.text(axis, (left + width - right) / 2, height - 8, { size: 11, fill: colours.muted, anchor: "middle" });
  } };
}
