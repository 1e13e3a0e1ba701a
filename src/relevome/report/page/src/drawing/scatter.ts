// Dots over places: where numbers are large, and which of them the pointer is at.

import { labelled, ticks } from "./charts";
import type { Drawing } from "./figure";
import type { Surface } from "./surface";
import type { Theme } from "./theme";
import type { Places } from "./walk";
import { count } from "../words";

export interface Dot { x: number; y: number; kind: number } // the kind has a colour
export interface Scatter { drawing: () => Drawing; at: (x: number, y: number) => number | null; places: Places }

const REACH = 9; // dots of the screen that the pointer may be off

export function scatter(
  dots: readonly Dot[], axes: readonly [string, string], kinds: readonly string[], picked: () => number | null, width: number,
): Scatter {
  const height = 260, left = 62, right = 14, top = 28, bottom = 44;
  const [x0, x1] = extent(dots.map((dot) => dot.x)), [y0, y1] = extent([0, ...dots.map((dot) => dot.y)]);
  const pad = 0.06 * (y1 - y0 || 1);
  const across = (value: number) => left + ((value - x0) / (x1 - x0 || 1)) * (width - left - right - 12) + 6;
  const up = (value: number) => height - bottom - ((value - y0 + pad) / (y1 - y0 + 2 * pad)) * (height - top - bottom);
  const places = dots.map((dot) => [across(dot.x), up(dot.y)] as const);
  const drawing = (): Drawing => ({ width, height, draw(on, colours) {
    for (const [value, text] of labelled(ticks(y0 - pad, y1 + pad, 5))) {
      on.line([[left, up(value)], [width - right, up(value)]], colours.line);
      on.text(text, left - 7, up(value) + 4, { size: 11, fill: colours.muted, anchor: "end" });
    }
    on.line([[left, up(0)], [width - right, up(0)]], colours.ink, 1);
    for (const value of ticks(x0, x1, width > 600 ? 6 : 3).filter(Number.isInteger)) {
      on.line([[across(value), height - bottom], [across(value), height - bottom + 4]], colours.muted);
      on.text(count(value), across(value), height - bottom + 17, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    on.text(axes[1], 4, 14, { size: 11, fill: colours.muted });
    on.text(axes[0], (left + width - right) / 2, height - 8, { size: 11, fill: colours.muted, anchor: "middle" });
    places.forEach(([x, y], i) => mark(on, x, y, 2.6, dots[i].kind, colours));
    const one = picked();
    if (one !== null) {
      on.dot(...places[one], 8, colours.ground, colours.ink);
      mark(on, ...places[one], 3.6, dots[one].kind, colours);
    }
    if (kinds.length < 2) return;
    let from = width - right - 66; // where the menu is
    [...kinds.entries()].reverse().forEach(([i, name]) => {
      from -= on.width(name, { size: 10.5, fill: "" });
      on.text(name, from, 14, { size: 10.5, fill: colours.muted });
      mark(on, from - 8, 10, 3.2, i, colours);
      from -= 26;
    });
  } });
  const inOrder = [...places].sort((a, b) => a[0] - b[0]);
  return { drawing, at: (x, y) => nearest(places, x, y), places: { rows: 1, columns: places.length, dots: (_, i) => inOrder[i] } };
}

// A kind is told by its shape as well as by its colour: a dot, a square, a triangle, a diamond, a triangle that hangs.
function mark(on: Surface, x: number, y: number, size: number, kind: number, colours: Theme): void {
  const colour = colours.series[kind % colours.series.length], r = 1.35 * size;
  const shapes: [number, number][][] = [
    [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]], [[0, -1], [1, 0.8], [-1, 0.8]],
    [[0, -1.2], [1, 0], [0, 1.2], [-1, 0]], [[0, 1], [1, -0.8], [-1, -0.8]],
  ];
  if (!kind) on.dot(x, y, size, colour);
  else on.area(shapes[(kind - 1) % shapes.length].map(([a, b]) => [x + a * r, y + b * r] as const), colour, 1);
}

// The number of the nearest place within reach; of equally near ones the last, which is drawn on top.
export function nearest(places: readonly (readonly [number, number])[], x: number, y: number): number | null {
  let found: number | null = null, best = REACH;
  places.forEach(([a, b], i) => {
    const away = Math.hypot(a - x, b - y);
    if (away <= best) [found, best] = [i, away];
  });
  return found;
}

export function extent(values: readonly number[]): [number, number] {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
