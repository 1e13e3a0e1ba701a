// What lies on the letters, below their relevance: a lane for each type of feature, or for what finds no room.

import type { Box } from "./axis";
import { clipped } from "../drawing/clipped";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import type { Annotation, Span } from "./tracks";

const LANE = 15, APART = 4;
const NARROWEST = 4; // dots of a site, however narrow a letter is

export function lanesHeight(lines: readonly Annotation[], number: number): number {
  return lines.reduce((sum, line) => sum + (line.has(number) ? line.lanes(number) * LANE + APART : 0), 0);
}

// From the top `y` down; gives where the next begins.
export function drawLanes(on: Surface, colours: Theme, line: Annotation, number: number, box: Box, y: number): number {
  const spans = line.spans(number);
  if (!spans.length) return y;
  const names = new Map<string, Span[]>();
  for (const span of spans) names.set(line.under(span), [...(names.get(line.under(span)) ?? []), span]);
  for (const [name, ones] of names) {
    const first = Math.min(...ones.map((span) => span.lane)), last = Math.max(...ones.map((span) => span.lane));
    on.text(clipped(on, name, box.left - 20, 10.5), 10, y + first * LANE + 10.5, { size: 10.5, fill: colours.muted });
    for (let lane = first; line.types.length && lane <= last; lane++) {
      const middle = y + (lane + 0.5) * LANE;
      on.line([[box.left, middle], [box.right, middle]], colours.line);
    }
  }
  for (const span of spans) drawSpan(on, colours, line, span, box, y);
  return y + line.lanes(number) * LANE + APART;
}

function drawSpan(on: Surface, colours: Theme, line: Annotation, span: Span, box: Box, y: number): void {
  const ends = dots(span, box);
  if (!ends) return;
  const [from, to] = ends, top = y + span.lane * LANE;
  on.rect(from, top + 2, to - from, LANE - 4, colours.sites[line.colour(span) % colours.sites.length], line.types.length ? 1 : 0.85);
  const style = { size: 10, fill: colours.dark ? "#14171a" : "#ffffff" };
  const label = clipped(on, line.types.length ? span.note : span.label, to - from - 6, style.size);
  if (label.length > 1 && label !== "…") on.text(label, from + 3, top + LANE - 4.5, style);
}

// From where to where a site is drawn; null where that is out of view.
function dots(span: Span, box: Box): [number, number] | null {
  const [from, to] = [box.x(span.start), box.x(span.end)], more = Math.max(0, NARROWEST - (to - from)) / 2;
  const [left, right] = [Math.max(box.left, from - more), Math.min(box.right + more, to + more)];
  return left < right ? [left, right] : null;
}

// The site at these dots of a picture whose lanes begin at `top`; of several the narrowest.
export function spanAt(
  lines: readonly Annotation[], number: number, box: Box, top: number, x: number, y: number
): { line: Annotation; span: Span } | null {
  for (const line of lines.filter((one) => one.has(number))) {
    const lane = Math.floor((y - top) / LANE);
    const there = line.spans(number).filter((span) => {
      const ends = span.lane === lane ? dots(span, box) : null;
      return ends && ends[0] <= x && x < ends[1];
    });
    if (there.length) return { line, span: there.reduce((a, b) => (b.end - b.start < a.end - a.start ? b : a)) };
    top += line.lanes(number) * LANE + APART;
  }
  return null;
}
