// Heads by attention: which has a name, where each looks, what stands there, and what is lost without it.

import { curves as drawnCurves } from "../drawing/charts";
import type { Interval, Letters } from "../data/content";
import { choice, Detail, el, notes } from "../dom";
import { figure } from "../drawing/figure";
import { headMap, type HeadCell } from "../drawing/head_map";
import { logo } from "../drawing/logo";
import { listing, type ListColumn } from "../tables/listing";
import { table } from "../tables/table";
import { counted, short, tsv } from "../words";

interface Head {
  layer: number; head: number; name: string; peak: number; gain: number | null; half: [number, number];
  by_distance: number | null; sites: number[]; controls: number[]; attended: number; distance: number | null;
  first: number | null; letters: string; logo: number[][]; bits: number;
  matches: { name: string; q: number; strand: string; found: boolean }[];
  factors: { name: string; on: number; expected: number; q: number; found: boolean }[];
  fall: [number, number] | null; in_layer: number | null; among_all: number | null; looks_for: string;
  strongest: { window: string; place: string | null; distance: number; weight: number; letters: string }[];
}
interface Heads { model: string; weigh: string; level: number; windows: number; distances: number[]; heads: Head[]; notes: string[] }

const WAYS: [string, (one: Head) => number | null][] = [
  ["bits of the consensus", (one) => one.bits],
  ["fall of the logit without it", (one) => one.fall && one.fall[0]],
  ["share that distance explains", (one) => one.by_distance],
];

export function heads_by_attention(found: Heads, letters: Letters): (HTMLElement | null)[] {
  const place = el("div", {});
  const ways = WAYS.filter(([, value]) => found.heads.some((one) => value(one)));
  if (!ways.length) ways.push(WAYS[0]);
  const picked: Picked = {};
  let way = 0;
  const show = (i: number) => place.replaceChildren(mapped(found, letters, picked, ...ways[way = i]));
  const choose = (one: Head) => {
    picked.head = one;
    show(way);
    place.scrollIntoView({ block: "nearest" });
  };
  show(0);
  return [
    el("p", { class: "lead" }, `${counted(found.heads.length, "head")} by ${found.weigh} in ${counted(found.windows, "window")}.`),
    el("div", { class: "tools" }, choice("Colour", ways.map(([name], i) => [String(i), name] as const), (value) => show(Number(value)))),
    place,
    everyHead(found, choose),
    notes("In words", found.notes),
  ];
}

const named = (one: Head) => one.matches.filter((match) => match.found).map((match) => match.name);
const bound = (one: Head) => one.factors.filter((factor) => factor.found && factor.on > factor.expected).map((factor) => factor.name);

// How far from the site, in words: the site itself is 0.
function away(distance: number): string {
  return distance === 0 ? "at the site" : `${counted(Math.abs(distance), "letter")} ${distance < 0 ? "before" : "behind"} the site`;
}

// What stands before a number of letters, with its sign as figures write it.
const signed = (value: number) => String(value).replace("-", "−");

function everyHead(found: Heads, chosen: (one: Head) => void): HTMLElement {
  const strong = (one: Head, text: string) => (named(one).length || bound(one).length ? el("strong", {}, text) : text);
  const words: ListColumn<Head>[] = [
    { name: "head", value: (one) => one.name },
    { name: "looks for", value: (one) => one.looks_for, shown: (one) => strong(one, one.looks_for) },
    { name: "named", value: (one) => named(one).join(", "), title: "known motifs that its consensus is like" },
    { name: "on sites of", value: (one) => bound(one).join(", "), title: "factors whose known sites it looks at" },
  ];
  const numbers: [string, string, (one: Head) => number | null][] = [
    ["q", "of the known motif that is most like its consensus, over all heads and motifs", (one) => one.matches[0]?.q ?? null],
    ["distance", "from the site to the letter that it looks at, the median", (one) => one.distance],
    ["by distance", "share of the variance of its weights that distance from the site alone explains", (one) => one.by_distance],
    ["fall of logit", "what the mean logit at sites loses without it", (one) => one.fall && one.fall[0]],
  ];
  const count = found.heads.filter((one) => named(one).length || bound(one).length).length;
  return el("div", {}, el("h3", {}, "Every head"), listing({
    name: "heads", rows: found.heads, search: "letters, motif or factor", chosen,
    columns: [...words, ...numbers.map(([name, title, value]): ListColumn<Head> => ({ name, title, value, number: true }))],
    filters: [["all", () => true], ["with a name", (one) => named(one).length > 0 || bound(one).length > 0]],
    caption: `${counted(count, "head")} with a name at a false discovery rate of ${short(found.level)}. A consensus is that over letters at the same distances, so a habit of position alone has none. A click on a head shows it above.`,
  }));
}

// The head that a reader has chosen, which another colour does not change.
interface Picked { head?: Head }

function mapped(found: Heads, letters: Letters, picked: Picked, what: string, value: (one: Head) => number | null): HTMLElement {
  const detail = new Detail("detail");
  const cells: HeadCell[] = found.heads.map((one) => {
    const names = [...named(one), ...bound(one)];
    return { layer: one.layer, head: one.head, value: value(one), mark: names.length ? "★" : one.logo.length ? "•" : "",
      said: `${what} ${short(value(one)) || "none"}${names.length ? `, ${names.join(", ")}` : ""}` };
  });
  const data = () => tsv(["layer", "head", what, "names"], found.heads.map((one) => [one.layer, one.head, value(one),
    [...named(one), ...bound(one)].join("; ")]));
  const show = (cell: HeadCell) => {
    const one = found.heads.find((head) => head.layer === cell.layer && head.head === cell.head)!;
    picked.head = one;
    detail.show(facts(found, letters, one));
  };
  const best = picked.head ?? found.heads.reduce((a, b) => ((value(b) ?? -Infinity) > (value(a) ?? -Infinity) ? b : a));
  detail.show(facts(found, letters, best));
  return el("div", { class: "side" },
    headMap(what, cells, `${what}. ★ a motif or a factor has its name, • it has a consensus.`, data, show, best), detail.element);
}

function facts(found: Heads, letters: Letters, one: Head): HTMLElement {
  const names = [...named(one), ...bound(one).map((factor) => `sites of ${factor}`)];
  const is = names.length ? ` It is named ${names.join(", ")}.` : "";
  const where = one.distance === null ? "It looks alike everywhere." : `It looks ${away(one.distance)} (median of the ${counted(one.attended, "window")} where it looks most above its mean); half of its ${found.weigh} at sites is ${one.half[0] === one.half[1] ? `at ${signed(one.half[0])}` : `from ${signed(one.half[0])} to ${signed(one.half[1])}`}.`;
  const habit = one.by_distance === null ? "" : ` Distance from the site alone explains ${short(100 * one.by_distance, 2)}% of where it looks.`;
  const rank = one.among_all === null ? "" : `, by which it is number ${Math.round(one.among_all * found.heads.length)} of ${found.heads.length}`;
  const fall = one.fall ? ` Without it the mean logit at sites falls by ${short(one.fall[0])}${rank}.` : "";
  const data = () => tsv(["distance", "sites", "controls"], found.distances.map((x, i) => [x, one.sites[i], one.controls[i]]));
  const exact = (values: number[]): Interval[] => values.map((value) => [value, value, value]);
  return el("div", {}, el("h4", {}, `Head ${one.name}`), el("p", {}, where + is + habit + fall),
    one.logo.length ? figure(`head ${one.name} consensus`, `Consensus of head ${one.name}`, 
      () => logo(one.logo, { letters: one.letters, first: one.first ?? 0, unit: "bits", least: 2, title: "Consensus" }, letters),
      () => tsv(["distance", ...one.letters], one.logo.map((row, i) => [(one.first ?? 0) + i, ...row])))
      : el("p", { class: "caption" }, "No consensus: letters there are those of anywhere."),
    one.logo.length ? el("p", { class: "caption" }, "Information above letters that it passes over at the same distances, so that rare ones have more than 2 bits.") : null,
    figure(`head ${one.name} profile`, `Mean ${found.weigh} of head ${one.name} by distance from the site`,
      () => drawnCurves(`Mean ${found.weigh}`, found.distances, [
        { name: "at sites", points: exact(one.sites) }, { name: "random windows", points: exact(one.controls) },
      ], ["distance from the site", found.weigh]), data),
    one.matches.length ? table(`head ${one.name} motifs`, "Known motifs like its consensus, more than orders of its own columns are", [{ name: "motif" }, { name: "strand" }, { name: "q", number: true }],
      one.matches.slice(0, 5).map((match) => [match.name, match.strand, match.q]), (row) => one.matches[row].found) : null,
    one.factors.length ? table(`head ${one.name} factors`, "Known sites that it looks at, and how many at the same distances by chance", [{ name: "factor" }, { name: "on sites", number: true }, { name: "expected", number: true }, { name: "q", number: true }],
      one.factors.slice(0, 5).map((factor) => [factor.name, String(factor.on), factor.expected, factor.q]), (row) => one.factors[row].found) : null,
    one.strongest.length ? table(`head ${one.name} windows`, "Windows in which it looks most at a letter, and what stands where its consensus would",
      [{ name: "window" }, { name: "letters there" }, { name: "at", number: true, title: "from the site to the letter that it looks at" }, { name: found.weigh, number: true }],
      one.strongest.map((best) => [best.place === null ? best.window : best.window.includes(best.place) ? best.place : `${best.window}, ${best.place}`,
        best.letters, best.distance, best.weight])) : null);
}
