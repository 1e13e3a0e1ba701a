// Pairs of letters: the map of a sequence with arcs over its strongest pairs, and the strongest pairs of all.

import type { Interval, Letters, Ref } from "../data/content";
import { choice, Detail, el, notes } from "../dom";
import { plot, type Drawing } from "../drawing/figure";
import { heat, reach, scale } from "../drawing/heat";
import { listing, type ListColumn } from "../tables/listing";
import { ticks } from "../drawing/charts";
import { table, type Cell } from "../tables/table";
import type { PageTools } from "../tools";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import type { Span } from "../sequences/tracks";
import { count, interval, counted, short, tsv } from "../words";

type Pair = [id: string, i: number, j: number, first: string, second: string, strength: number, forward: number | null,
  backward: number | null, estimate: number | null, q: number | null];
interface Kept { scale: number; values: Ref }
interface Mapped { id: string; letters: string; agreement: number | null; map: Kept; estimate: Kept | null }
interface Pairs {
  said: string; method: string; quantity: string; signed: boolean; estimated: string; agreement: Interval | null; sequences: Mapped[];
  without_map: number; columns: string[]; pairs: Pair[]; left_out: number; contact_columns: string[]; contacts: Cell[][];
  refused: [string, string][]; notes: string[];
}
interface Shown { one: Mapped; values: Float32Array; estimate: Float32Array | null; arcs: Pair[]; sites: { name: string; spans: Span[] }[] }

const SIDE = 520, LEFT = 62, ARCS = 92, TITLE = 26, RIGHT = 118, FOOT = 44;
const SPELT = 80; // letters that are spelt along the axes
const MOST_ARCS = 30;
const WITHIN = 0.995; // of the numbers, those that colours tell apart
const NAMED = 8; // labels of a line of sites that are named beside the map
const BAR = 7; // dots of a line of sites

export function pairs(found: Pairs, _: Letters, tools: PageTools): (HTMLElement | null)[] {
  const detail = new Detail("chosen");
  const maps = found.sequences.length ? new Maps(found, tools, (pair) => detail.show(...facts(found, pair, tools))) : null;
  if (found.pairs.length) detail.show(...facts(found, found.pairs[0], tools));
  const agreement = found.agreement ? ` The estimate by ${found.estimated} agrees with the maps by Spearman ${interval(found.agreement)}, mean over sequences.` : "";
  const without = found.without_map ? ` ${counted(found.without_map, "sequence")} with weaker pairs have no room for their map here.` : "";
  return [
    el("p", { class: "lead" }, `${found.said}.${agreement}${without}`),
    maps?.element ?? null,
    found.pairs.length ? strongest(found, (pair) => {
      if (maps) maps.pick(pair);
      detail.show(...facts(found, pair, tools));
    }) : el("p", {}, "No two letters are as far apart as was asked for."),
    found.pairs.length ? detail.element : null,
    found.contacts.length ? table("contacts", "How many of the strongest pairs touch in structures: means and 95% intervals over sequences, beside all pairs so far apart (chance) and models with random weights", found.contact_columns.map((name) => ({ name: name.replace(/_/g, " "), number: !["source", "top"].includes(name) })), found.contacts) : null,
    found.refused.length ? el("details", {}, el("summary", {}, `Sequences without a map (${count(found.refused.length)})`),
      table("refused pairs", "Sequences without a map", [{ name: "sequence" }, { name: "reason" }], found.refused)) : null,
    notes("Notes", found.notes),
  ];
}

const named = (pair: Pair) => `${pair[3]}${pair[1] + 1}–${pair[4]}${pair[2] + 1}`;

function strongest(found: Pairs, show: (pair: Pair) => void): HTMLElement {
  const numbers: [string, number, string][] = [
    ["strength", 5, `the larger of both ways round: ${found.quantity}`], ["forward", 6, "what the first changes at the second"],
    ["backward", 7, "what the second changes at the first"], ["estimate", 8, `by ${found.estimated}`], ["q", 9, "false discovery rate by shuffles"],
  ];
  const known = numbers.filter(([, at]) => found.pairs.some((pair) => pair[at] !== null));
  const columns: ListColumn<Pair>[] = [
    { name: "pair", value: (pair) => pair[1], shown: named },
    { name: "sequence", value: (pair) => pair[0] },
    { name: "apart", number: true, value: (pair) => pair[2] - pair[1], title: "letters from one to the other" },
    ...known.map(([name, at, title]): ListColumn<Pair> => ({ name, title, number: true, value: (pair) => pair[at] as number | null })),
  ];
  const beyond: [string, (pair: Pair) => boolean][] = found.pairs.some((pair) => pair[9] !== null)
    ? [["q below 0.05", (pair) => (pair[9] ?? 1) < 0.05]] : [];
  return el("div", {}, el("h3", {}, "Strongest pairs"), listing({
    name: "pairs", columns, rows: found.pairs, search: "sequence", chosen: show, picked: found.pairs[0],
    filters: [["all", () => true], ...beyond, ["at least 24 apart", (pair) => pair[2] - pair[1] >= 24]],
    saved: found.columns.map((name, i) => ({ name, value: (pair: Pair) => pair[i] as Cell })),
    caption: `Letters are counted from 1.${found.left_out ? ` ${count(found.left_out)} weaker ones are in the folder alone.` : ""} A click shows a pair in its map.`,
  }));
}

function facts(found: Pairs, pair: Pair, tools: PageTools): Node[] {
  const [id, i, j, , , strength, forward, backward, estimate, q] = pair;
  const said = [`${found.quantity} ${short(strength, 4)}`, forward !== null && `forward ${short(forward, 4)}`, backward !== null && `backward ${short(backward, 4)}`,
    estimate !== null && `by the estimate ${short(estimate, 4)}`, q === null ? "no shuffles beside it" : `false discovery rate ${short(q)}`].filter(Boolean).join(", ");
  const letters = found.sequences.find((one) => one.id === id)?.letters;
  const number = letters === undefined ? null : tools.sequences?.find(id, 0, letters) ?? null;
  return [el("h4", {}, `${named(pair)} of ${id}`), el("p", {}, `${said}. `,
    number === null ? null : tools.sequences!.button("Show it among the sequences", `Show ${named(pair)} of ${id} among the sequences`, number, i, j + 1))];
}

// The map of one sequence at a time, and the estimate of it.
class Maps {
  readonly element: HTMLElement;
  private readonly place = el("div", {});
  private readonly select: HTMLElement | null;
  private at = 0;
  private estimated = false;
  private picked: Pair | null = null;
  private redraw: () => void = () => {};

  constructor(private readonly found: Pairs, private readonly tools: PageTools, private readonly tell: (pair: Pair) => void) {
    const { sequences } = found, first = found.pairs[0];
    this.at = Math.max(0, sequences.findIndex((one) => one.id === first?.[0]));
    this.picked = sequences[this.at].id === first?.[0] ? first : null;
    this.select = sequences.length > 1 ? choice("Map of", sequences.map((one, i) => [String(i), one.id] as const), (value) => { this.at = Number(value); this.draw(); }) : null;
    const estimate = sequences.some((one) => one.estimate)
      ? choice("By", [["", found.method], ["estimate", `the estimate by ${found.estimated}`]], (value) => { this.estimated = !!value; this.draw(); }) : null;
    this.element = el("div", {}, el("div", { class: "tools" }, this.select, estimate), this.place);
    this.draw();
  }

  pick(pair: Pair): void {
    this.picked = pair;
    const at = this.found.sequences.findIndex((one) => one.id === pair[0]);
    if (at < 0) return;
    if (at === this.at) return this.redraw();
    this.at = at;
    this.draw();
  }

  private draw(): void {
    const one = this.found.sequences[this.at], select = this.select?.querySelector("select");
    if (select) select.value = String(this.at);
    const numbers = (kept: Kept) => this.tools.halves(kept.values).map((value) => value * kept.scale);
    const number = this.tools.sequences?.find(one.id, 0, one.letters) ?? null;
    const shown: Shown = {
      one, values: numbers(one.map), estimate: one.estimate && numbers(one.estimate),
      arcs: this.found.pairs.filter((pair) => pair[0] === one.id).slice(0, MOST_ARCS),
      sites: number === null ? [] : this.tools.sequences!.annotations(number).map((line) => ({ name: line.name, spans: line.spans(number) })),
    };
    const estimated = this.estimated && shown.estimate !== null;
    const values = estimated ? shown.estimate! : shown.values;
    const most = furthest(values, one.letters.length);
    const drawing = () => drawn(this.found, shown, values, most, estimated, this.picked?.[0] === one.id ? this.picked : null);
    const n = one.letters.length;
    const where = (x: number, y: number): [number, number] | null => {
      const [j, i] = [Math.floor(((x - LEFT) / SIDE) * n), Math.floor(((y - TITLE - ARCS) / SIDE) * n)];
      return i >= 0 && j >= 0 && i < n && j < n ? [i, j] : null;
    };
    const name = estimated ? `estimate of ${one.id}` : `map of ${one.id}`;
    const { element, redraw } = plot(name, `${estimated ? "Estimate" : this.found.quantity} for every two letters of ${one.id}, ${n} letters`, drawing,
      () => tsv(["", ...Array.from(one.letters, (letter, j) => `${letter}${j + 1}`)], Array.from(one.letters, (letter, i) => [`${letter}${i + 1}`, ...values.subarray(i * n, (i + 1) * n)].map((cell) => (Number.isNaN(cell) ? "" : cell)))), {
        places: { rows: n, columns: n, dots: (i, j) => [LEFT + ((j + 0.5) / n) * SIDE, TITLE + ARCS + ((i + 0.5) / n) * SIDE] },
        over: (x, y) => {
          const at = where(x, y);
          return at && over(this.found, shown, ...at);
        },
        chosen: (x, y) => {
          const at = where(x, y);
          if (!at || at[0] === at[1]) return;
          this.picked = pairOf(this.found, shown, ...at);
          this.tell(this.picked);
          this.redraw();
        },
      });
    this.redraw = redraw;
    const agreement = one.agreement === null ? "" : ` The estimate agrees with this map by Spearman ${short(one.agreement)}.`;
    this.place.replaceChildren(element, el("p", { class: "caption" }, `Arcs: its ${shown.arcs.length} strongest pairs. Rows are the letters that are ` +
      `${this.found.method === "dependency" ? "substituted, columns those that are predicted" : "paired with those of columns"}; grey: nothing is known. Point at a pair, or click it.${agreement}`));
  }
}

// A pair as the table has it, or as the map does where it is not among the strongest.
function pairOf(found: Pairs, shown: Shown, row: number, column: number): Pair {
  const [i, j] = [Math.min(row, column), Math.max(row, column)], { one, values, estimate } = shown, n = one.letters.length;
  const known = found.pairs.find((pair) => pair[0] === one.id && pair[1] === i && pair[2] === j);
  if (known) return known;
  const number = (all: Float32Array, a: number, b: number) => (Number.isNaN(all[a * n + b]) ? null : all[a * n + b]);
  const larger = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));
  const [forward, backward] = [number(values, i, j), number(values, j, i)];
  const sized = found.method === "epistasis" ? [forward, backward].map((one) => one && Math.abs(one)) : [forward, backward];
  return [one.id, i, j, one.letters[i], one.letters[j], larger(sized[0], sized[1]) ?? NaN, forward, backward,
    estimate && larger(number(estimate, i, j), number(estimate, j, i)), null];
}

function over(found: Pairs, shown: Shown, row: number, column: number) {
  const { one, values, estimate, sites } = shown, n = one.letters.length;
  const known = found.pairs.find((pair) => pair[0] === one.id && pair[1] === Math.min(row, column) && pair[2] === Math.max(row, column));
  const lines: [string, string][] = [[`${one.letters[row]}${row + 1} to ${one.letters[column]}${column + 1}`, short(values[row * n + column], 4) || "not known"],
    [`${one.letters[column]}${column + 1} to ${one.letters[row]}${row + 1}`, short(values[column * n + row], 4) || "not known"]];
  if (estimate) lines.push(["estimate", short(estimate[row * n + column], 4)]);
  if (known && known[9] !== null) lines.push(["q", short(known[9])]);
  for (const line of sites) for (const span of line.spans) {
    for (const at of new Set([row, column])) if (span.start <= at && at < span.end) lines.push([`${line.name} at ${at + 1}`, span.label]);
  }
  return { title: `${one.letters[row]}${row + 1}, ${one.letters[column]}${column + 1}`, where: `${Math.abs(row - column)} apart`, lines };
}

// The number that colours reach, over all pairs of different letters.
function furthest(values: Float32Array, n: number): number {
  return reach(values.filter((_, at) => at % (n + 1) !== 0), WITHIN);
}

function drawn(found: Pairs, shown: Shown, values: Float32Array, most: number, estimated: boolean, picked: Pair | null): Drawing {
  const { one } = shown, n = one.letters.length, cell = SIDE / n, top = TITLE + ARCS;
  const x = (letter: number) => LEFT + (letter + 0.5) * cell, y = (letter: number) => top + (letter + 0.5) * cell;
  const lowest = found.signed && !estimated ? -most : 0;
  return { width: LEFT + SIDE + RIGHT, height: top + SIDE + FOOT, draw(on, colours) {
    on.text(one.id.slice(0, 60), LEFT, 14, { size: 12.5, fill: colours.ink, bold: true });
    arcs(on, colours, shown.arcs, x, top - 4);
    on.image(heat(n, n, (i, j) => values[i * n + j], most, colours), LEFT, top, SIDE, SIDE);
    axes(on, colours, one.letters, cell, top);
    let [line, key] = [0, top + 250];
    for (const { spans } of shown.sites) {
      const labels = [...new Set(spans.map((span) => span.label))];
      for (const label of labels.slice(0, NAMED)) { // what the colours of sites stand for
        on.rect(LEFT + SIDE + 44, key - 8, 9, 9, colours.sites[labels.indexOf(label) % colours.sites.length], 0.9);
        on.text(label.length > 10 ? `${label.slice(0, 9)}…` : label, LEFT + SIDE + 57, key, { size: 10, fill: colours.muted });
        key += 15;
      }
      for (const span of spans) {
        const colour = colours.sites[labels.indexOf(span.label) % colours.sites.length], off = 3 + line * (BAR + 2);
        on.rect(LEFT + span.start * cell, top + SIDE + off, (span.end - span.start) * cell, BAR, colour, 0.9);
        on.rect(LEFT + SIDE + off, top + span.start * cell, BAR, (span.end - span.start) * cell, colour, 0.9);
      }
      line++;
    }
    scale(on, colours, LEFT + SIDE + 44, top + 30, 180, [lowest, most], SHORT[estimated ? found.estimated : found.method] ?? "");
    if (!picked) return;
    const box = Math.max(cell, 7) / 2 + 2;
    for (const [i, j] of [[picked[1], picked[2]], [picked[2], picked[1]]]) {
      on.line([[x(j) - box, y(i) - box], [x(j) + box, y(i) - box], [x(j) + box, y(i) + box], [x(j) - box, y(i) + box], [x(j) - box, y(i) - box]], colours.ink, 1.6);
    }
    arc(on, x(picked[1]), x(picked[2]), top - 4, ARCS - 8, colours.ink, 1.8);
  } };
}

const SHORT: Record<string, string> = { dependency: "log2 odds", jacobian: "Jacobian", epistasis: "logits", attention: "attention",
  "attention x gradient": "attention", attnlrp: "relevance", gradient: "gradient" };

function arcs(on: Surface, colours: Theme, found: readonly Pair[], x: (letter: number) => number, foot: number): void {
  const widest = Math.max(1, ...found.map((pair) => pair[2] - pair[1])), strongest = Math.max(...found.map((pair) => pair[5])) || 1;
  for (const pair of [...found].reverse()) {
    arc(on, x(pair[1]), x(pair[2]), foot, (ARCS - 8) * ((pair[2] - pair[1]) / widest), colours.series[0], 0.5 + 1.7 * Math.max(0, pair[5] / strongest));
  }
}

// Half an ellipse from one letter to the other.
function arc(on: Surface, from: number, to: number, foot: number, high: number, colour: string, width: number): void {
  const steps = 40, middle = (from + to) / 2, half = (to - from) / 2;
  on.line(Array.from({ length: steps + 1 }, (_, i) => {
    const angle = Math.PI * (i / steps);
    return [middle - half * Math.cos(angle), foot - high * Math.sin(angle)] as const;
  }), colour, width);
}

// Letters where there is room for them, else places, counted from 1.
function axes(on: Surface, colours: Theme, letters: string, cell: number, top: number): void {
  const style = { fill: colours.muted, anchor: "middle" as const };
  if (letters.length <= SPELT) {
    const size = Math.min(11, cell * 1.05);
    for (let i = 0; i < letters.length; i++) {
      on.text(letters[i], LEFT + (i + 0.5) * cell, top + SIDE + FOOT - 12, { ...style, size });
      on.text(letters[i], LEFT - 10, top + (i + 0.5) * cell + size / 3, { ...style, size });
    }
  }
  for (const value of ticks(1, letters.length, 8).filter(Number.isInteger)) {
    const at = (value - 0.5) * cell;
    if (letters.length > SPELT) on.text(count(value), LEFT + at, top + SIDE + FOOT - 12, { ...style, size: 10 });
    on.line([[LEFT - 5, top + at], [LEFT - 1, top + at]], colours.muted);
    on.text(count(value), LEFT - 22, top + at + 3.5, { ...style, size: 10, anchor: "end" });
  }
  on.text(`letter (of ${count(letters.length)})`, LEFT, top + SIDE + FOOT - 1, { size: 10, fill: colours.muted });
}
