// Maps of numbers as dots of colour: one hue above zero, another below, grey where nothing is known.

import { labelled, ticks } from "./charts";
import type { Surface } from "./surface";
import type { Theme } from "./theme";

// The size that a share of all numbers does not exceed, whatever their sign; 1 where there are none but zeros.
export function reach(values: Iterable<number>, share: number): number {
  const sizes = Float64Array.from(values, Math.abs).filter((size) => Number.isFinite(size)).sort();
  if (!sizes.length) return 1;
  const at = share * (sizes.length - 1), low = Math.floor(at);
  const found = sizes[low] + (at - low) * ((sizes[low + 1] ?? sizes[low]) - sizes[low]);
  return found || sizes[sizes.length - 1] || 1;
}

// Red, green and blue of a number: from the ground to the full hue of its sign.
export function tint(value: number, most: number, colours: Theme): number[] {
  const share = Math.min(1, Math.abs(value) / most) ** 0.8;
  const full = value >= 0 ? (colours.dark ? [86, 180, 233] : [0, 92, 148]) : (colours.dark ? [240, 136, 74] : [190, 80, 0]);
  const ground = colours.dark ? [38, 43, 48] : [240, 240, 235];
  return full.map((one, i) => Math.round(ground[i] + share * (one - ground[i])));
}

// A dot for every number.
export function heat(rows: number, columns: number, value: (row: number, column: number) => number, most: number, colours: Theme): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, columns);
  canvas.height = Math.max(1, rows);
  const context = canvas.getContext("2d")!, image = context.createImageData(canvas.width, canvas.height);
  const none = colours.dark ? [84, 90, 96] : [196, 198, 200];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const one = value(i, j);
      const [r, g, b] = Number.isNaN(one) ? none : tint(one, most, colours);
      image.data.set([r, g, b, 255], 4 * (i * columns + j));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// What colours stand for, upright, from the foot to the top; numbers beyond the ends have their colours.
export function scale(on: Surface, colours: Theme, x: number, top: number, high: number, [low, most]: [number, number], title: string): void {
  const steps = 256, wide = 12, size = Math.max(Math.abs(low), Math.abs(most));
  const y = (value: number) => top + high * (1 - (value - low) / (most - low || 1));
  on.image(heat(steps, 1, (i) => most - ((i + 0.5) / steps) * (most - low), size, colours), x, top, wide, high);
  for (const [value, text] of labelled(ticks(low, most, 5))) {
    on.line([[x + wide, y(value)], [x + wide + 3, y(value)]], colours.muted);
    on.text(text, x + wide + 6, y(value) + 3.5, { size: 10, fill: colours.muted });
  }
  on.text(title, x + wide + 40, top - 9, { size: 10.5, fill: colours.muted, anchor: "end" });
}
