// Texts where there is little room.

import type { Surface } from "./surface";

const cut = new Map<string, string>();

// A name on one line, or on two, broken behind a hyphen, a comma, a slash or a space; what is still too long lacks its
// middle, since names that begin alike end otherwise. ``rooms`` are those of both lines.
export function inTwo(on: Surface, text: string, rooms: readonly [number, number], size = 11.5): string[] {
  const fits = (part: string, room: number) => on.width(part, { size, fill: "" }) <= room;
  if (fits(text, rooms[0])) return [text];
  const breaks = [...text.matchAll(/[-,/ ]+(?=.)/g)].map((one) => one.index + one[0].length);
  const at = breaks.filter((end) => fits(text.slice(0, end).trimEnd(), rooms[0])).pop();
  if (at === undefined) return [withoutMiddle(text, (part) => fits(part, rooms[0]))];
  return [text.slice(0, at).trimEnd(), withoutMiddle(text.slice(at), (part) => fits(part, rooms[1]))];
}

function withoutMiddle(text: string, fits: (part: string) => boolean): string {
  let kept = text.length, shown = text;
  while (kept > 2 && !fits(shown)) {
    kept--;
    shown = `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
  }
  return shown;
}

// A text as long as there is room for, with an ellipsis where it was cut.
export function clipped(on: Surface, text: string, room: number, size = 11.5): string {
  const key = `${Math.round(room)} ${size} ${text}`;
  const known = cut.get(key);
  if (known !== undefined) return known;
  let kept = text;
  while (kept.length > 1 && on.width(kept, { size, fill: "" }) > room) kept = `${kept.replace(/…$/, "").slice(0, -1)}…`;
  if (cut.size > 20_000) cut.clear();
  cut.set(key, kept);
  return kept;
}
