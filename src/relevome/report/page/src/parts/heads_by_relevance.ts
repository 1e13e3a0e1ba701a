// Heads by relevance: a map for every type of sites and statistic, and what a head has over each null.

import { choice, Detail, el, notes } from "../dom";
import { headMap, type HeadCell } from "../drawing/head_map";
import { table } from "../tables/table";
import { interval, counted, short, tsv } from "../words";

type Column = (number | null)[];
interface Effect {
  group: string; kind: string; metric: string; asked: boolean; proteins: number[]; median: Column; low: Column;
  high: Column; q: Column; nulls: Record<string, { median: Column; q: Column }>; rank: Column | null;
  significant: boolean[]; specialised: boolean[]; contributes: boolean[];
}
interface Heads {
  run: string; layers: number; heads: number; level: number; proteins: number;
  nulls: Record<string, { over: string; about: string; decides: boolean }>; effects: Effect[]; notes: string[];
}

export function heads_by_relevance(found: Heads): (HTMLElement | null)[] {
  const place = el("div", {});
  const show = (i: number) => place.replaceChildren(effect(found, found.effects[i]));
  if (found.effects.length) show(0);
  const names = found.effects.map((one, i) => [String(i), `${one.group === "all" ? "" : `${one.group}: `}${one.kind}, ${one.metric}`] as const);
  return [
    el("p", { class: "lead" }, `${counted(found.layers, "layer")} of ${counted(found.heads, "head")} in ${counted(found.proteins, "sequence")}, against annotated sites.`),
    found.effects.length > 1 ? el("div", { class: "tools" }, choice("Sites and statistic", names, (value) => show(Number(value)))) : null,
    found.effects.length ? place : el("p", {}, "No type of sites could be tested."),
    notes("In words", found.notes),
  ];
}

function effect(found: Heads, one: Effect): HTMLElement {
  const detail = new Detail("detail");
  const cells: HeadCell[] = Array.from({ length: found.layers * found.heads }, (_, i) => ({
    layer: Math.floor(i / found.heads), head: i % found.heads, value: one.median[i + 1],
    mark: one.specialised[i + 1] ? "★" : one.significant[i + 1] ? "•" : "",
    said: `${short(one.median[i + 1]) || "no value"}${one.specialised[i + 1] ? ", specialised" : one.significant[i + 1] ? ", significant" : ""}`,
  }));
  const legend = `${one.kind}, ${one.metric}: median effect less chance. ★ beyond every null, • significant at ${found.level}.`;
  const data = () => tsv(["layer", "head", "effect", "low", "high", "q", "significant", "specialised"],
    cells.map((cell, i) => [cell.layer, cell.head, one.median[i + 1], one.low[i + 1], one.high[i + 1], one.q[i + 1],
      Number(one.significant[i + 1]), Number(one.specialised[i + 1])]));
  const show = (cell: HeadCell) => detail.show(facts(found, one, cell.layer * found.heads + cell.head + 1, `Head ${cell.layer}.${cell.head}`));
  detail.show(facts(found, one, 0, "Embedding"));
  return el("div", { class: "side" }, headMap(`${one.kind} ${one.metric}`, cells, legend, data, show), detail.element);
}

function facts(found: Heads, one: Effect, unit: number, title: string): HTMLElement {
  const has = (flags: boolean[]) => (flags[unit] ? "yes" : "no");
  const effect = one.median[unit] === null ? "none" : interval([one.median[unit]!, one.low[unit] ?? NaN, one.high[unit] ?? NaN]);
  const rows: [string, string, string][] = [["effect", effect, short(one.q[unit])]];
  for (const [name, some] of Object.entries(one.nulls)) {
    rows.push([`over ${found.nulls[name]?.over ?? name}`, short(some.median[unit]), short(some.q[unit])]);
  }
  return el("div", {}, el("h4", {}, title),
    el("p", {}, `Significant: ${has(one.significant)}. Beyond every null: ${one.asked ? has(one.specialised) : "not asked"}. ` +
      `Contributes to the target: ${has(one.contributes)}. ${one.proteins[unit]} sequences.`),
    table(title, `${title}: ${one.kind}, ${one.metric}`, [{ name: "" }, { name: "median", number: true }, { name: "q", number: true }], rows));
}
