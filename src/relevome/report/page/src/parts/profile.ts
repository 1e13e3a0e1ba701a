// Relevance by position: its mean with a band, that of each letter, and every row as a line of colours.

import { labelled, tick, ticks } from "../drawing/charts";
import type { Letters, Ref } from "../data/content";
import { el, notes } from "../dom";
import { plot, type Drawing } from "../drawing/figure";
import { heat, reach, scale } from "../drawing/heat";
import { letterColour } from "../sequences/row";
import { extent } from "../drawing/scatter";
import { stretches } from "../data/statistics";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import type { Tip } from "../drawing/tip";
import type { PageTools } from "../tools";
import { count, interval, counted, minus, short, tsv } from "../words";

type Mean = [position: number, mean: number | null, low: number | null, high: number | null, sequences: number, rows: number, without: number];
type ProfileRow = [id: string, site: string, strand: string, anchor: number, score: number, total: number];
interface Profile {
  method: string; target: string; anchor: string; first: number; width: number; label: string; order: string; alphabet: string;
  sequences: number; row_count: number; columns: string[]; means: Mean[];
  letters: { mean: Ref; low: Ref; high: Ref; sequences: Ref }; pool: number;
  heat: { lines: number; scale: number; values: Ref }; codes: Ref | null; row_columns: string[]; rows: ProfileRow[]; notes: string[];
}

const LEFT = 64, RIGHT = 104, TOP = 30, FOOT = 44;
const FEW = 4; // letters of an alphabet that are lines; of more they are a map
const WITHIN = 0.99; // of the numbers, those that colours tell apart

// A panel over positions: where they are, and which one is at these dots.
class Axis {
  readonly width = window.innerWidth < 640 ? 480 : 1000;

  constructor(private readonly found: Profile) {}

  get one(): number {
    return (this.width - LEFT - RIGHT) / this.found.width;
  }

  // The middle of a position, the first of which is number 0.
  x(place: number): number {
    return LEFT + (place + 0.5) * this.one;
  }

  at(x: number): number | null {
    const place = Math.floor((x - LEFT) / this.one);
    return place >= 0 && place < this.found.width ? place : null;
  }

  draw(on: Surface, colours: Theme, top: number, foot: number): void {
    const { first, width, label } = this.found;
    if (first < 0 && first + width > 0) on.line([[this.x(-first - 0.5), top], [this.x(-first - 0.5), foot]], colours.muted, 1, true);
    for (const value of ticks(first, first + width - 1, this.width > 600 ? 12 : 5).filter(Number.isInteger)) {
      on.line([[this.x(value - first), foot], [this.x(value - first), foot + 4]], colours.muted);
      on.text(tick(value), this.x(value - first), foot + 16, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    on.text(label, (LEFT + this.width - RIGHT) / 2, foot + 34, { size: 11, fill: colours.muted, anchor: "middle" });
  }
}

export function profile(found: Profile, letters: Letters, tools: PageTools): (HTMLElement | null)[] {
  const axis = new Axis(found), size = found.alphabet.length;
  const column = (ref: Ref) => Array.from({ length: size }, (_, i) => Array.from({ length: found.width }, (_, j) => tools.array(ref)[i * found.width + j]));
  const of = { mean: column(found.letters.mean), low: column(found.letters.low), high: column(found.letters.high), sequences: column(found.letters.sequences) };
  const over = (x: number): Tip | null => {
    const place = axis.at(x);
    return place === null ? null : tip(found, of, place);
  };
  const places = { rows: 1, columns: found.width, dots: (_: number, place: number) => [axis.x(place), TOP + 95] as const };
  const means = plot("profile", `Mean relevance by ${found.label}, with 95% intervals, ${counted(found.sequences, "sequence")}`,
    () => meanDrawing(found, axis), () => tsv(found.columns, found.means), { over, places });
  const each = plot("profile letters", `Mean relevance of each letter by ${found.label}`,
    () => (size <= FEW ? lettersDrawing(found, axis, of.mean, letters) : lettersMap(found, axis, of.mean)),
    () => tsv(["position", "letter", "mean", "low", "high", "sequences"], found.means.flatMap(([position], j) =>
      [...found.alphabet].flatMap((letter, i) => (Number.isNaN(of.mean[i][j]) ? [] : [[position, letter, of.mean[i][j], blank(of.low[i][j]), blank(of.high[i][j]), of.sequences[i][j]]])))), { over, places });
  return [
    el("p", { class: "lead" }, `${found.method}, target ${found.target}: ${counted(found.row_count, "row")} of ${counted(found.sequences, "sequence")}.`),
    el("p", { class: "caption" }, "Bands are 95% intervals over sequences, each position by itself. What is high here may be known of the position alone."),
    means.element, each.element, rows(found, axis, tools), notes("In words", found.notes),
  ];
}

const blank = (value: number) => (Number.isNaN(value) ? "" : value);

function tip(found: Profile, of: { mean: number[][]; sequences: number[][] }, place: number): Tip {
  const [position, mean, low, high, sequences, , without] = found.means[place];
  const said: [string, string][] = [["mean", mean === null ? "no letter" : low === null || high === null ? short(mean, 4) : interval([mean, low, high])],
    ["sequences", count(sequences)], ...(without ? [["rows without a letter", count(without)] as [string, string]] : [])];
  const letters = [...found.alphabet].map((letter, i) => [letter, of.mean[i][place], of.sequences[i][place]] as const)
    .filter(([, value]) => !Number.isNaN(value)).sort((a, b) => b[1] - a[1]);
  for (const [letter, value, n] of letters.slice(0, 6)) said.push([`${letter} in ${count(n)}`, short(value)]);
  return { title: `position ${minus(String(position))}`, lines: said };
}

function frame(on: Surface, colours: Theme, axis: Axis, title: string, up: (value: number) => number, [low, high]: [number, number]): void {
  on.text(title, LEFT, 16, { size: 13, fill: colours.ink, bold: true });
  for (const [value, text] of labelled(ticks(low, high, 5))) {
    on.line([[LEFT, up(value)], [axis.width - RIGHT, up(value)]], value === 0 ? colours.muted : colours.line);
    on.text(text, LEFT - 7, up(value) + 4, { size: 11, fill: colours.muted, anchor: "end" });
  }
}

function meanDrawing(found: Profile, axis: Axis): Drawing {
  const high = 190, bars = 40, foot = TOP + high;
  const ends = extent([0, ...found.means.flatMap(([, mean, low, top]) => [mean, low, top].filter((value) => value !== null))]);
  const pad = 0.05 * (ends[1] - ends[0] || 1), range: [number, number] = [ends[0] - pad, ends[1] + pad];
  const up = (value: number) => foot - ((value - range[0]) / (range[1] - range[0])) * high;
  const most = Math.max(1, ...found.means.map((one) => one[4])), below = foot + 12 + bars;
  return { width: axis.width, height: below + FOOT, draw(on, colours) {
    frame(on, colours, axis, "Mean relevance (logit)", up, range);
    for (const places of stretches(found.means.map((one) => one[2]))) {
      on.area([...places.map((i) => [axis.x(i), up(found.means[i][3]!)] as const), ...places.map((i) => [axis.x(i), up(found.means[i][2]!)] as const).reverse()], colours.series[0], 0.2);
    }
    for (const places of stretches(found.means.map((one) => one[1]))) line(on, places.map((i) => [axis.x(i), up(found.means[i][1]!)]), colours.series[0]);
    for (const [i, one] of found.means.entries()) {
      const tall = (one[4] / most) * bars;
      on.rect(axis.x(i) - axis.one / 2, below - tall, Math.max(0.4, axis.one - 0.4), tall, colours.muted, 0.55);
    }
    on.text("sequences", axis.width - RIGHT + 8, below - 2, { size: 11, fill: colours.muted });
    on.text(count(most), LEFT - 7, below - bars + 9, { size: 11, fill: colours.muted, anchor: "end" });
    axis.draw(on, colours, TOP, below);
  } };
}

// A line, or a dot where it has one place.
function line(on: Surface, points: [number, number][], colour: string): void {
  if (points.length === 1) on.dot(...points[0], 1.8, colour);
  else on.line(points, colour, 1.8);
}

function lettersDrawing(found: Profile, axis: Axis, of: readonly number[][], letters: Letters): Drawing {
  const high = 190, foot = TOP + high, ends = extent([0, ...of.flat().filter((value) => !Number.isNaN(value))]);
  const pad = 0.05 * (ends[1] - ends[0] || 1), range: [number, number] = [ends[0] - pad, ends[1] + pad];
  const up = (value: number) => foot - ((value - range[0]) / (range[1] - range[0])) * high;
  return { width: axis.width, height: foot + FOOT, draw(on, colours) {
    frame(on, colours, axis, "Mean of each letter, over sequences that have it there", up, range);
    [...found.alphabet].forEach((letter, i) => {
      const colour = letterColour(letters, "dna", letter, colours);
      for (const places of stretches(of[i])) line(on, places.map((j) => [axis.x(j), up(of[i][j])]), colour);
      on.line([[axis.width - RIGHT + 10, TOP + 14 + 20 * i], [axis.width - RIGHT + 30, TOP + 14 + 20 * i]], colour, 2.2);
      on.text(letter, axis.width - RIGHT + 38, TOP + 18 + 20 * i, { size: 12, fill: colours.ink, bold: true });
      // told by its letter as well as by its colour: at its largest mean
      const best = of[i].reduce((top, value, j) => (Math.abs(value) > Math.abs(of[i][top] || 0) ? j : top), 0);
      if (of[i][best]) on.text(letter, axis.x(best), up(of[i][best]) + (of[i][best] > 0 ? -3 : 11), { size: 11, fill: colour, anchor: "middle", bold: true });
    });
    axis.draw(on, colours, TOP, foot);
  } };
}

function lettersMap(found: Profile, axis: Axis, of: readonly number[][]): Drawing {
  const size = found.alphabet.length, tall = 13, foot = TOP + size * tall, most = reach(of.flat(), WITHIN);
  return { width: axis.width, height: foot + FOOT, draw(on, colours) {
    on.text("Mean of each letter, over sequences that have it there; grey: none has", LEFT, 16, { size: 13, fill: colours.ink, bold: true });
    on.image(heat(size, found.width, (i, j) => of[i][j], most, colours), LEFT, TOP, axis.one * found.width, size * tall);
    [...found.alphabet].forEach((letter, i) => on.text(letter, LEFT - 12, TOP + (i + 1) * tall - 2.5, { size: 11, fill: colours.muted, anchor: "middle" }));
    scale(on, colours, axis.width - RIGHT + 14, TOP + 14, 150, [-most, most], "logit");
    axis.draw(on, colours, TOP, foot);
  } };
}

// Every row as a line; a click leads to its sequence.
function rows(found: Profile, axis: Axis, tools: PageTools): HTMLElement {
  const { lines } = found.heat, values = tools.halves(found.heat.values).map((value) => value * found.heat.scale);
  const codes = found.codes && tools.array(found.codes), high = Math.min(520, Math.max(150, 3 * lines)), foot = TOP + high;
  const most = reach(values, WITHIN), detail = el("p", { class: "caption", "aria-live": "polite" }, `Point at a line${codes ? ", or click it for its sequence" : ""}.`);
  const where = (x: number, y: number) => {
    const place = axis.at(x), row = Math.floor(((y - TOP) / high) * lines);
    return place === null || row < 0 || row >= lines ? null : { place, row, value: values[row * found.width + place] };
  };
  const what = found.anchor === "site" ? "site" : "sequence", each = found.pool > 1 ? `; each line is the mean of ${found.pool}` : "";
  const drawing = (): Drawing => ({ width: axis.width, height: foot + FOOT, draw(on, colours) {
    on.text(`Every ${what}, ${found.order}${each}; grey: no letter`, LEFT, 16, { size: 13, fill: colours.ink, bold: true });
    on.image(heat(lines, found.width, (i, j) => values[i * found.width + j], most, colours), LEFT, TOP, axis.one * found.width, high);
    for (const value of ticks(0, found.row_count, 5).filter((value) => Number.isInteger(value) && value > 0)) {
      on.text(count(value), LEFT - 7, TOP + ((value - 0.5) / found.pool / lines) * high + 4, { size: 11, fill: colours.muted, anchor: "end" });
    }
    scale(on, colours, axis.width - RIGHT + 14, TOP + 14, Math.min(200, high - 20), [-most, most], "logit");
    axis.draw(on, colours, TOP, foot);
  } });
  const data = () => tsv([...(found.rows.length ? found.row_columns : ["line"]), ...found.means.map((one) => String(one[0]))],
    Array.from({ length: lines }, (_, i) => [...(found.rows[i] ?? [i]), ...Array.from(values.subarray(i * found.width, (i + 1) * found.width), blank)]));
  const { element } = plot("profile rows", `Relevance of ${counted(found.row_count, "row")} by ${found.label}, ${found.order}`, drawing, data, {
    places: { rows: lines, columns: found.width, dots: (row, place) => [axis.x(place), TOP + ((row + 0.5) / lines) * high] },
    over: (x, y) => {
      const at = where(x, y);
      if (!at) return null;
      const row = found.rows[at.row], code = codes?.[at.row * found.width + at.place];
      const letter = code === undefined || code === 255 ? "" : found.alphabet[code] ?? "?";
      const from = at.row * found.pool + 1, to = Math.min(found.row_count, from + found.pool - 1);
      return { title: row ? row[0] : `rows ${count(from)} to ${count(to)}`, where: row?.[1] ?? "", lines: [
        ["position", minus(String(found.means[at.place][0]))], ["relevance", Number.isNaN(at.value) ? "no letter" : short(at.value, 4)],
        ...(letter ? [["letter", letter] as [string, string]] : []), ...(row ? [["score", short(row[4], 4)], ["sum", short(row[5], 4)]] as [string, string][] : []) ] };
    },
    chosen: (x, y) => {
      const at = where(x, y), row = at && found.rows[at.row];
      if (!row || !codes) return;
      const letters = Array.from({ length: found.width }, (_, j) => codes[at.row * found.width + j]);
      detail.replaceChildren(`${row[0]}${row[1] ? `, ${row[1]}` : ""}: score ${short(row[4], 4)}, sum ${short(row[5], 4)}. `, link(found, row, letters, tools) ?? "");
    },
  });
  return el("div", {}, element, detail);
}

// To the letters of a row, if a sequence of the page has them there.
function link(found: Profile, row: ProfileRow, codes: readonly number[], tools: PageTools): HTMLElement | null {
  const [id, , strand, anchor] = row, known = stretches(codes.map((code) => (code === 255 ? null : code))).flat();
  if (!known.length) return null;
  const [low, high] = [known[0], known[known.length - 1]], letters = known.map((j) => found.alphabet[codes[j]] ?? "N").join("");
  const start = found.anchor === "alignment" ? 0 : strand === "-" ? anchor - (found.first + high) : anchor + found.first + low;
  const number = tools.sequences?.find(id, start, letters) ?? null;
  return number === null ? null
    : tools.sequences!.button("Show it among the sequences", `Show ${id} among the sequences`, number, start, start + letters.length);
}
