// Texts where there is little room.

import type { Surface } from "./surface";

const cut = new Map<string, string>();

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
