// One sequence as a picture: relevance of all series above each other on one axis, tokens, annotations, a ruler.

import { tick, ticks } from "./charts";
import type { Letters } from "./content";
import type { Surface } from "./surface";
import type { Theme } from "./theme";
import type { Annotation, Series, Tracks } from "./tracks";
import type { View } from "./view";
import { count, short } from "./words";

const RIGHT = 12;
const TRACK = 62, APART = 8, LANE = 15, RULER = 22, TOP = 4;
const LEGIBLE = 5; // dots of a letter from which on it is drawn as one
const SPELLED = 7; // dots of a letter from which on the sequence is spelled below
const SPELLING = 13;

export interface Look {
  letters: Letters;
  view: View;
  width: number;
  shared: boolean; // one scale of a series over all sequences
  highlights: readonly (readonly [number, number])[];
}

// Room for names beside the letters.
export function gutter(look: Look): number {
  return look.width < 560 ? 104 : 176;
}

export function letterWidth(look: Look): number {
  return (look.width - gutter(look) - RIGHT) / look.view.span;
}

export function letterAt(look: Look, x: number): number {
  return Math.floor(look.view.start + (x - gutter(look)) / letterWidth(look));
}

export function heightOf(tracks: Tracks, number: number): number {
  const lanes = tracks.annotations.reduce((sum, one) => sum + one.lanes(number), 0);
  const lines = tracks.annotations.filter((one) => one.has(number)).length;
  return TOP + tracks.shown(number).length * (TRACK + APART) + SPELLING + lanes * LANE + lines * 4 + RULER;
}

export function drawRow(on: Surface, colours: Theme, tracks: Tracks, number: number, look: Look): void {
  const series = tracks.shown(number), one = letterWidth(look), text = tracks.letters(number);
  const left = gutter(look);
  const x = (letter: number) => left + (letter - look.view.start) * one;
  const first = Math.max(0, Math.floor(look.view.start));
  const last = Math.min(text.length, Math.ceil(look.view.start + look.view.span));
  const box = { x, left, first, last, one, right: Math.min(x(text.length), look.width - RIGHT) };
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
  for (const one of tracks.annotations) y = drawSites(on, colours, one, number, box, y);
  drawRuler(on, colours, tracks, number, box, y);
}

interface Box { left: number; x: (letter: number) => number; first: number; last: number; one: number; right: number }

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
  on.text(clipped(on, series.name, box.left - 46), 10, y + 16, { size: 11.5, fill: colours.ink });
  const target = series.target(number);
  if (target !== null && tracks.targets > 1) {
    on.text(clipped(on, `for ${target}`, box.left - 46), 10, y + 31, { size: 10.5, fill: colours.muted });
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

function drawSites(on: Surface, colours: Theme, line: Annotation, number: number, box: Box, y: number): number {
  const spans = line.spans(number);
  if (!spans.length) return y;
  on.text(clipped(on, line.name, box.left - 20), 10, y + 10, { size: 10.5, fill: colours.muted });
  let lanes = 0;
  for (const span of spans) {
    lanes = Math.max(lanes, span.lane + 1);
    const from = Math.max(box.left, box.x(span.start)), to = Math.min(box.right, box.x(span.end));
    if (from >= to) continue;
    const top = y + span.lane * LANE;
    const place = line.labels.indexOf(span.label) % colours.sites.length;
    on.rect(from, top + 2, to - from, LANE - 4, colours.sites[line.labels.length > 9 ? 0 : place], 0.85);
    const style = { size: 10, fill: colours.dark ? "#14171a" : "#ffffff" };
    const label = clipped(on, span.label, to - from - 6, style.size);
    if (label.length > 1 && label !== "…") on.text(label, from + 3, top + LANE - 4.5, style);
  }
  return y + lanes * LANE + 4;
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

const cut = new Map<string, string>();

function clipped(on: Surface, text: string, room: number, size = 11.5): string {
  const key = `${Math.round(room)} ${size} ${text}`;
  const known = cut.get(key);
  if (known !== undefined) return known;
  let kept = text;
  while (kept.length > 1 && on.width(kept, { size, fill: "" }) > room) kept = `${kept.replace(/…$/, "").slice(0, -1)}…`;
  if (cut.size > 20_000) cut.clear();
  cut.set(key, kept);
  return kept;
}
