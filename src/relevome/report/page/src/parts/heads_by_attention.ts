// Heads by attention: which has a name, where each looks, what stands there, and what is lost without it.

import { curves as drawnCurves } from "../drawing/charts";
import type { Interval, Letters } from "../data/content";
import { choice, Detail, el, notes } from "../dom";
import { figure } from "../drawing/figure";
import { headMap, type HeadCell } from "../drawing/head_map";
import { logo } from "../drawing/logo";
import { table } from "../tables/table";
import { counted, minus, short, tsv } from "../words";

interface Head {
  layer: number; head: number; name: string; peak: number; gain: number | null; half: [number, number];
  by_distance: number | null; sites: number[]; controls: number[]; attended: number; distance: number | null;
  first: number | null; letters: string; logo: number[][]; bits: number;
  matches: { name: string; q: number; strand: string; found: boolean }[];
  factors: { name: string; on: number; expected: number; q: number; found: boolean }[];
  fall: [number, number] | null; in_layer: number | null; among_all: number | null;
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
  const show = (i: number) => place.replaceChildren(mapped(found, letters, ...ways[i]));
  show(0);
  return [
    el("p", { class: "lead" }, `${counted(found.heads.length, "head")} by ${found.weigh} in ${counted(found.windows, "window")}.`),
    el("div", { class: "tools" }, choice("Colour", ways.map(([name], i) => [String(i), name] as const), (value) => show(Number(value)))),
    place,
    notes("In words", found.notes),
  ];
}

const named = (one: Head) => one.matches.filter((match) => match.found).map((match) => match.name);
const bound = (one: Head) => one.factors.filter((factor) => factor.found && factor.on > factor.expected).map((factor) => factor.name);

function mapped(found: Heads, letters: Letters, what: string, value: (one: Head) => number | null): HTMLElement {
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
    detail.show(facts(found, letters, one));
  };
  const best = found.heads.reduce((a, b) => ((value(b) ?? -Infinity) > (value(a) ?? -Infinity) ? b : a));
  detail.show(facts(found, letters, best));
  return el("div", { class: "side" },
    headMap(what, cells, `${what}. ★ a motif or a factor has its name, • it has a consensus.`, data, show), detail.element);
}

function facts(found: Heads, letters: Letters, one: Head): HTMLElement {
  const fall = one.fall ? ` Without it the logit falls by ${short(one.fall[0])}; the share of all heads that are worth as much is ${short(one.among_all)}.` : "";
  const where = one.distance === null ? "It looks alike everywhere." : `It finds that ${minus(String(one.distance))} letters from the site (median of ${one.attended} windows).`;
  const data = () => tsv(["distance", "sites", "controls"], found.distances.map((x, i) => [x, one.sites[i], one.controls[i]]));
  const exact = (values: number[]): Interval[] => values.map((value) => [value, value, value]);
  return el("div", {}, el("h4", {}, `Head ${one.name}`), el("p", {}, where + fall),
    one.logo.length ? figure(`head ${one.name} consensus`, `Consensus of head ${one.name}`, 
      () => logo(one.logo, { letters: one.letters, first: one.first ?? 0, unit: "bits", least: 2, title: "Consensus" }, letters),
      () => tsv(["distance", ...one.letters], one.logo.map((row, i) => [(one.first ?? 0) + i, ...row])))
      : el("p", { class: "caption" }, "No consensus: letters there are those of anywhere."),
    figure(`head ${one.name} profile`, `Mean ${found.weigh} of head ${one.name} by distance from the site`,
      () => drawnCurves(`Mean ${found.weigh}`, found.distances, [
        { name: "at sites", points: exact(one.sites) }, { name: "random windows", points: exact(one.controls) },
      ], ["distance from the site", found.weigh]), data),
    one.matches.length ? table(`head ${one.name} motifs`, "Known motifs like its consensus", [{ name: "motif" }, { name: "strand" }, { name: "q", number: true }],
      one.matches.slice(0, 5).map((match) => [match.name, match.strand, match.q]), (row) => one.matches[row].found) : null,
    one.factors.length ? table(`head ${one.name} factors`, "Factors on whose sites it sits", [{ name: "factor" }, { name: "on sites", number: true }, { name: "expected", number: true }, { name: "q", number: true }],
      one.factors.slice(0, 5).map((factor) => [factor.name, String(factor.on), factor.expected, factor.q]), (row) => one.factors[row].found) : null);
}
