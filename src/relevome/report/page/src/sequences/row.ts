// One sequence as a picture: relevance of all series above each other on one axis, tokens, annotations, a ruler.

import { RIGHT, boxOf, type Box, type Framed } from "./axis";
import { tick, ticks } from "../drawing/charts";
import { clipped, inTwo } from "../drawing/clipped";
import type { Letters } from "../data/content";
import { drawLanes, lanesHeight } from "./lanes";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import type { Series, Tracks } from "./tracks";
import { count, short } from "../words";

const TRACK = 62, APART = 8, RULER = 22, TOP = 4;
const LEGIBLE = 5; // dots of a letter from which on it is drawn as one
const SPELLED = 7; // dots of a letter from which on the sequence is spelled below
const SPELLING = 13;

export interface Look extends Framed {
  letters: Letters;
  shared: boolean; // one scale of a series over all sequences
  highlights: readonly (readonly [number, number])[];
}

export function heightOf(tracks: Tracks, number: number): number {
  return lanesTop(tracks, number) + lanesHeight(tracks.annotations, number) + RULER;
}

// Where the lanes of annotations begin.
export function lanesTop(tracks: Tracks, number: number): number {
  return TOP + tracks.shown(number).length * (TRACK + APART) + SPELLING;
}

export function drawRow(on: Surface, colours: Theme, tracks: Tracks, number: number, look: Look): void {
  const series = tracks.shown(number), text = tracks.letters(number), box = boxOf(look, text.length), { left, x } = box;
  let y = TOP;
  const foot = TOP + series.length * (TRACK + APART);
  for (const [from, to] of look.highlights) {
    const [a, b] = [Math.max(left, x(from)), Math.min(box.right, x(to))];
    if (a < b) on.rect(a, TOP, b - a, foot - TOP - APART, colours.caution, colours.dark ? 0.28 : 0.16);
  }
  for (const one of series) {
    drawSeries(on, colours, tracks, one, number, look, y, box);
    y += TRACK + APART;
  }
  y = spelled(on, colours, text, look, box, y);
  for (const one of tracks.annotations) y = drawLanes(on, colours, one, number, box, y);
  drawRuler(on, colours, tracks, number, box, y);
}

const scales = new WeakMap<Series, number>();

// The largest relevance of a series over all sequences.
function sharedScale(tracks: Tracks, series: Series): number {
  let most = scales.get(series);
  if (most === undefined) {
    most = 0;
    for (let i = 0; i < tracks.count; i++) if (series.has(i)) most = Math.max(most, series.largest(i));
    scales.set(series, most);
  }
  return most;
}

function drawSeries(
  on: Surface, colours: Theme, tracks: Tracks, series: Series, number: number, look: Look, y: number, box: Box
): void {
  const values = series.relevance(number)!;
  const scale = look.shared ? sharedScale(tracks, series) : series.largest(number);
  const [low, high] = [Math.min(0, values.reduce((a, b) => Math.min(a, b), 0)), values.reduce((a, b) => Math.max(a, b), 0)];
  // the axis lies where the letters below it have room: as high as they are deep
  const below = look.shared ? 0.5 : -low / (high - low || 1);
  const zero = y + TRACK * (1 - below);
  const unit = look.shared ? TRACK / 2 / (scale || 1) : TRACK / (high - low || 1);
  const colour = colours.series[tracks.series.indexOf(series) % colours.series.length];
  on.rect(0, y + 4, 3, TRACK - 8, colour);
  const lines = inTwo(on, series.name, [box.left - 46, box.left - 20]); // beside the first is the largest value
  lines.forEach((line, i) => on.text(line, 10, y + 16 + 14 * i, { size: 11.5, fill: colours.ink }));
  const target = series.target(number);
  if (target !== null && tracks.targets > 1) {
    on.text(clipped(on, `for ${target}`, box.left - 46), 10, y + 17 + 14 * lines.length, { size: 10.5, fill: colours.muted });
  }
  const top = look.shared ? scale : high;
  const foot = look.shared ? -scale : low;
  if (top > 0) on.text(short(top, 2), box.left - 6, y + 9, { size: 9.5, fill: colours.muted, anchor: "end" });
  if (foot < -0.04 * top || top === 0) on.text(short(foot, 2), box.left - 6, y + TRACK, { size: 9.5, fill: colours.muted, anchor: "end" });
  borders(on, colours, series.spans(number), y, box);
  on.line([[box.left, zero], [box.right, zero]], colours.line);
  if (box.one >= LEGIBLE) letters(on, colours, tracks, number, values, look, zero, unit, box);
  else bars(on, colour, values, zero, unit, box);
}

function letters(
  on: Surface, colours: Theme, tracks: Tracks, number: number, values: Float32Array, look: Look, zero: number,
  unit: number, box: Box
): void {
  const text = tracks.letters(number);
  for (let i = box.first; i < box.last; i++) {
    const height = Math.abs(values[i]) * unit;
    const centre = box.x(i + 0.5);
    if (height < 0.4 || centre < box.left || centre > box.right) continue;
    const outline = look.letters.outlines[text[i]];
    on.glyph(outline, centre, values[i] < 0 ? zero + height : zero, box.one, height,
      letterColour(look.letters, tracks.alphabet, text[i], colours));
  }
}

// A colour of letters as this ground shows it.
export function onGround(colour: string, colours: Theme): string {
  return colours.dark ? ON_DARK[colour] ?? colour : colour;
}

// Colours of letters that a dark ground would swallow.
const ON_DARK: Record<string, string> = { "#333333": "#d5d9dd", "#0072B2": "#4a9fda" };

export function letterColour(letters: Letters, alphabet: string, letter: string, colours: Theme): string {
  const found = (alphabet === "protein" ? letters.residues : letters.bases)[letter] ?? letters.other;
  return onGround(found, colours);
}

// Where letters are narrower than a dot, a bar has the value that is furthest from zero of those behind it.
function bars(on: Surface, colour: string, values: Float32Array, zero: number, unit: number, box: Box): void {
  const step = Math.max(1, Math.floor(1 / box.one));
  for (let i = box.first; i < box.last; i += step) {
    let value = 0;
    for (let j = i; j < Math.min(i + step, box.last); j++) if (Math.abs(values[j]) > Math.abs(value)) value = values[j];
    const height = Math.abs(value) * unit, x = box.x(i);
    if (height < 0.3 || x < box.left - 0.5 || x > box.right) continue;
    on.rect(x, value < 0 ? zero : zero - height, Math.max(1, box.one * step - 0.5), height, colour);
  }
}

function borders(on: Surface, colours: Theme, spans: readonly [number, number][], y: number, box: Box): void {
  if (box.one < LEGIBLE / 2) return;
  for (const [start] of spans) {
    const x = box.x(start);
    if (x > box.left && x < box.right) on.line([[x, y + 2], [x, y + TRACK]], colours.line, 1, true);
  }
}

function spelled(on: Surface, colours: Theme, text: string, look: Look, box: Box, y: number): number {
  if (box.one >= SPELLED) {
    for (let i = box.first; i < box.last; i++) {
      const centre = box.x(i + 0.5);
      if (centre < box.left || centre > look.width - RIGHT) continue;
      on.text(text[i], centre, y + 6, { size: Math.min(11, box.one * 0.95), fill: colours.muted, anchor: "middle" });
    }
  }
  return y + SPELLING;
}

function drawRuler(on: Surface, colours: Theme, tracks: Tracks, number: number, box: Box, y: number): void {
  on.line([[box.left, y], [box.right, y]], colours.line);
  const known = tracks.place(number, 0);
  const [from, to] = [box.first, Math.max(box.first, box.last - 1)];
  const at = (letter: number) => tracks.place(number, letter)?.at ?? letter + 1;
  const [low, high] = [Math.min(at(from), at(to)), Math.max(at(from), at(to))];
  for (const value of ticks(low, high, 8)) {
    if (!Number.isInteger(value)) continue;
    const letter = from + Math.abs(value - at(from));
    const x = box.x(letter + 0.5);
    if (x < box.left || x > box.right) continue;
    on.line([[x, y], [x, y + 4]], colours.muted);
    on.text(known ? count(value) : tick(value), x, y + 15, { size: 10, fill: colours.muted, anchor: "middle" });
  }
  if (known) on.text(clipped(on, `${known.chrom} ${known.strand}`, box.left - 20), 10, y + 15, { size: 10, fill: colours.muted });
}
