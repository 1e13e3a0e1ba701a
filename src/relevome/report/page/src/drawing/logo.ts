// Letters in columns, as tall as their numbers: those above zero upwards, the others below the line.

import type { Letters } from "../data/content";
import type { Drawing } from "./figure";
import { letterColour } from "../sequences/row";
import { minus, short } from "../words";

export interface Logo {
  letters: string; // of the columns
  first: number; // what the first place is called
  unit: string;
  least?: number; // what the axis reaches at least
  wide?: number; // dots of a letter
  high?: number;
  title?: string;
  bare?: boolean; // without an axis
}

export function logo(rows: readonly (readonly number[])[], asked: Logo, page: Letters): Drawing {
  const { letters, wide = 20, high = 70, bare = false } = asked;
  const left = bare ? 2 : 40, top = bare ? 2 : 30, foot = bare ? 2 : 20;
  const sums = (sign: number) => rows.map((row) => row.reduce((sum, one) => sum + Math.max(0, sign * one), 0));
  const most = Math.max(asked.least ?? 0, ...sums(1)), depth = Math.max(0, ...sums(-1));
  const unit = high / (most + depth || 1), zero = top + most * unit;
  const alphabet = letters.length > 4 ? "protein" : "dna";
  const width = left + rows.length * wide + (bare ? 2 : 10);
  return { width: bare ? width : Math.max(260, width), height: top + high + foot, draw(on, colours) {
    if (!bare) {
      on.text(asked.title ?? "", left - 3, 16, { size: 12, fill: colours.ink, bold: true });
      on.line([[left - 3, top], [left - 3, top + high]], colours.line);
      const style = { size: 10, fill: colours.muted, anchor: "end" as const };
      if (most > 0) on.text(short(most, 2), left - 7, top + 8, style);
      if (depth > 0.1 * most) on.text(short(-depth, 2), left - 7, top + high, style);
      on.text(asked.unit, 2, top + high + 15, { size: 10, fill: colours.muted });
    }
    if (depth) on.line([[left - 3, zero], [left + rows.length * wide, zero]], colours.line);
    rows.forEach((row, i) => {
      let [up, down] = [zero, zero];
      const order = row.map((value, j) => [value, j] as const).sort((a, b) => Math.abs(a[0]) - Math.abs(b[0]));
      for (const [value, j] of order) {
        const tall = Math.abs(value) * unit;
        if (tall < 0.4) continue;
        if (value < 0) down += tall;
        on.glyph(page.outlines[letters[j]], left + (i + 0.5) * wide, value < 0 ? down : up, wide, tall,
          letterColour(page, alphabet, letters[j], colours));
        if (value > 0) up -= tall;
      }
      const name = asked.first + i;
      if (!bare && (i % 5 === 0)) on.text(minus(String(name)), left + (i + 0.5) * wide, top + high + 15, { size: 10, fill: colours.muted, anchor: "middle" });
    });
  } };
}
