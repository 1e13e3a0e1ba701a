// A site in words: what it is, where, and how its letters differ from the others of its sequence.

import type { Annotation, Span, Tracks } from "./tracks";
import { count, short } from "../words";

// The mean of the letters of a site, and that of the other letters of its sequence; NaN where there are none.
export function within(values: ArrayLike<number>, start: number, end: number): [number, number] {
  let inside = 0, all = 0;
  for (let i = 0; i < values.length; i++) {
    all += values[i];
    if (start <= i && i < end) inside += values[i];
  }
  return [inside / (end - start), (all - inside) / (values.length - end + start)];
}

const both = ([inside, outside]: [number, number]) =>
  `${short(inside)} within, ${Number.isNaN(outside) ? "no letters" : short(outside)} outside`;

// Title and place, then what is known of it and the means of every series, a line each.
export function facts(tracks: Tracks, number: number, line: Annotation, span: Span): [string, string][] {
  const letters = span.end - span.start, place = [tracks.place(number, span.start), tracks.place(number, span.end - 1)];
  const [low, high] = place.map((one) => one?.at ?? 0).sort((a, b) => a - b);
  const from = letters === 1 ? `letter ${count(span.start + 1)}` : `letters ${count(span.start + 1)}–${count(span.end)}`;
  const found: [string, string][] = [[line.titled(span), from + (letters > 1 ? ` (${count(letters)})` : "")]];
  if (place[0]) found.push(["on", `${place[0].chrom}:${count(low)}–${count(high)}`]);
  found.push(line.types.length && span.note ? ["note", span.note] : ["of", line.name]);
  for (const one of tracks.shown(number)) {
    const values = one.relevance(number)!;
    found.push([`${one.name}, mean`, both(within(values, span.start, span.end))]);
    if (values.some((value) => value < 0)) {
      found.push([`${one.name}, mean size`, both(within(values.map(Math.abs), span.start, span.end))]);
    }
  }
  return found;
}

export interface Site { line: Annotation; span: Span }

// All sites of a sequence from left to right.
export function sitesOf(tracks: Tracks, number: number): Site[] {
  const all = tracks.annotations.flatMap((line) => line.spans(number).map((span) => ({ line, span })));
  return all.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

// The next of these sites, or the one before: of the one at place `at`, or where that is null of a letter. -1: none.
export function besides(sites: readonly Site[], at: number | null, letter: number, after: boolean): number {
  if (at !== null) return after ? (at + 1 < sites.length ? at + 1 : -1) : at - 1;
  const first = sites.findIndex(({ span }) => span.start >= letter);
  return after ? first : (first < 0 ? sites.length : first) - 1;
}
