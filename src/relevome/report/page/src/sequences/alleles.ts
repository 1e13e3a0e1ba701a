// Relevance with either allele of a variant, letter under letter, and the difference of both.

import type { Letters, Ref } from "../data/content";
import { el } from "../dom";
import { plot, type Drawing } from "../drawing/figure";
import { letterColour } from "./row";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import type { Tip } from "../drawing/tip";
import type { PageTools } from "../tools";
import { count, counted, short, tsv } from "../words";

interface WhyRow { ref: string; alt: string; changed: [number, number]; before: number; left_out: number; scores: [number | null, number | null]; motifs: string[]; values: Ref }
export interface Why { method: string; shifts: number; most: number; rows: Record<string, WhyRow> }

const LEFT = 112, RIGHT = 12, TOP = 26, HIGH = 70, APART = 20, FOOT = 24;
const WIDEST = 16, ROOM = 1000; // dots of a letter, and of all

interface Track { name: string; letters: string; values: ArrayLike<number>; ends: [number, number]; band: boolean }

export function alleles(why: Why, row: number, name: string, alphabet: string, letters: Letters, tools: PageTools): HTMLElement[] {
  const one = why.rows[String(row)];
  const title = el("h4", {}, "Why: relevance with either allele");
  if (!one) return row < why.most ? [] : [title, el("p", { class: "caption" }, `Only the ${count(why.most)} largest have it on this page.`)];
  const n = one.ref.length, all = Array.from(tools.array(one.values));
  const [ref, alt, difference, low, high] = [0, 1, 2, 3, 4].map((i) => all.slice(i * n, (i + 1) * n));
  const either = Array.from(one.alt, (letter, i) => (letter === "-" ? one.ref[i] : letter)).join("");
  const both = ends([...ref, ...alt]);
  const tracks: Track[] = [
    { name: "reference", letters: one.ref, values: ref, ends: both, band: false },
    { name: "alternative", letters: one.alt, values: alt, ends: both, band: false },
    { name: "difference", letters: either, values: difference, ends: ends(why.shifts ? [...difference, ...low, ...high] : difference), band: why.shifts > 0 },
  ];
  const wide = Math.min(WIDEST, ROOM / n), places = placesOf(one);
  const drawing = (): Drawing => ({ width: LEFT + n * wide + RIGHT, height: TOP + 3 * (HIGH + APART) + FOOT, draw(on, colours) {
    tracks.forEach((track, i) => draw(on, colours, track, one, TOP + i * (HIGH + APART), wide, alphabet, letters));
    if (why.shifts) bars(on, colours, low, high, tracks[2].ends, TOP + 2 * (HIGH + APART), wide);
    const foot = TOP + 3 * (HIGH + APART) - APART + 16;
    places.forEach((place, i) => {
      const inserted = i > 0 && place === places[i - 1];
      if (!inserted && (place + 1) % 10 === 0) on.text(count(place + 1), LEFT + (i + 0.5) * wide, foot, { size: 10, fill: colours.muted, anchor: "middle" });
    });
  } });
  const over = (x: number): Tip | null => {
    const i = Math.floor((x - LEFT) / wide);
    if (i < 0 || i >= n) return null;
    const lines: [string, string][] = [[`reference ${one.ref[i]}`, short(ref[i], 4)], [`alternative ${one.alt[i]}`, short(alt[i], 4)], ["difference", short(difference[i], 4)]];
    if (why.shifts) lines.push(["over shifts", `${short(low[i])} to ${short(high[i])}`]);
    return { title: `position ${count(places[i] + 1)}`, where: one.ref[i] === "-" ? "inserted behind it" : "", lines };
  };
  const data = () => tsv(["position", "reference", "alternative", "reference relevance", "alternative relevance", "difference", "lowest", "highest"],
    places.map((place, i) => [place + 1, one.ref[i], one.alt[i], ...[ref, alt, difference, low, high].map((values) => (Number.isNaN(values[i]) ? "" : values[i]))]));
  const { element } = plot(`why ${name}`, `Relevance of ${name} with the reference, the alternative, and the difference`, drawing, data,
    { over, places: { rows: 1, columns: n, dots: (_, i) => [LEFT + (i + 0.5) * wide, TOP + HIGH / 2] } });
  const said = [`By ${why.method}, in logits; ${short(one.scores[0])} with the reference, ${short(one.scores[1])} with the alternative. What differs is marked; dashes are letters that an allele does not have.`,
    why.shifts ? `Bars: the least and the largest difference over windows that are moved by up to ${counted(why.shifts, "letter")}.` : "",
    ...one.motifs,
    one.left_out ? `${count(one.left_out)} more columns are in the folder.` : ""];
  return [title, element, el("p", { class: "caption" }, said.filter(Boolean).join(" "))];
}

// The place of every column in the sequence, from 0; of what is inserted that of the letter before it.
function placesOf(one: WhyRow): number[] {
  let at = one.before;
  return Array.from(one.ref, (letter) => (letter === "-" ? at : ++at));
}

// From the least to the largest number, with zero among them.
function ends(values: readonly number[]): [number, number] {
  const known = values.filter((value) => !Number.isNaN(value));
  return [Math.min(0, ...known), Math.max(0, ...known)];
}

function draw(on: Surface, colours: Theme, track: Track, one: WhyRow, top: number, wide: number, alphabet: string, letters: Letters): void {
  const [low, high] = track.ends, unit = HIGH / (high - low || 1), zero = top + high * unit, right = LEFT + track.letters.length * wide;
  on.rect(LEFT + one.changed[0] * wide, top - 13, (one.changed[1] - one.changed[0]) * wide, HIGH + 15, colours.caution, colours.dark ? 0.28 : 0.16);
  on.text(track.name, 2, top + 10, { size: 11.5, fill: colours.ink });
  if (high > 0) on.text(short(high, 2), LEFT - 6, top + 6, { size: 9.5, fill: colours.muted, anchor: "end" });
  if (low < -0.04 * high || high === 0) on.text(short(low, 2), LEFT - 6, top + HIGH, { size: 9.5, fill: colours.muted, anchor: "end" });
  on.line([[LEFT, zero], [right, zero]], colours.line);
  for (let i = 0; i < track.letters.length; i++) {
    const letter = track.letters[i], value = track.values[i], tall = Math.abs(value) * unit, middle = LEFT + (i + 0.5) * wide;
    if (!track.band && one.changed[0] <= i && i < one.changed[1] && wide > 6) on.text(letter.replace("-", "–"), middle, top - 3, { size: 10, fill: colours.ink, anchor: "middle" });
    if (letter === "-" || !(tall >= 0.4)) continue;
    on.glyph(letters.outlines[letter], middle, value < 0 ? zero + tall : zero, wide, tall, letterColour(letters, alphabet, letter, colours));
  }
}

// How far the difference goes over shifts.
function bars(on: Surface, colours: Theme, low: readonly number[], high: readonly number[], [least, most]: [number, number], top: number, wide: number): void {
  const y = (value: number) => top + HIGH * (1 - (value - least) / (most - least || 1));
  low.forEach((value, i) => {
    if (!Number.isNaN(value) && value !== high[i]) on.line([[LEFT + (i + 0.5) * wide, y(value)], [LEFT + (i + 0.5) * wide, y(high[i])]], colours.ink);
  });
}
