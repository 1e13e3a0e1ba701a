// Motifs: logos in a table beside what the nulls have; a click shows places, names, and whether the model misses it.

import { intervals, type IntervalRow } from "../drawing/charts";
import type { Interval, Letters } from "../data/content";
import { Detail, el, notes } from "../dom";
import { figure, picture } from "../drawing/figure";
import { listing, type ListColumn } from "../tables/listing";
import { logo, type Logo } from "../drawing/logo";
import { curves } from "../drawing/scores";
import { table, type Cell } from "../tables/table";
import type { PageTools } from "../tools";
import { count, fixed, counted, short, tsv } from "../words";

interface Match { name: string; id: string; p: number; q: number; strand: string; found: boolean }
interface Motif {
  name: string; run: number; sign: number; way: string; kind: number; in_runs: number; consensus: string; bits: number;
  heights: number[][]; counts: number[][]; relevance: number[][]; seqlets: number; places: number; sequences: number;
  frequency: number | null; of_null: number | null; matches: Match[]; hits: Hit[]; left_out: number;
}
type Hit = [id: string, start: number, end: number, strand: string, chrom: string | null, chromStart: number | null,
  chromEnd: number | null, chromStrand: string | null, score: number, p: number, q: number, letters: string];
type Known = number | null;
interface TakenOut {
  motif: string; sequences: number; hits: number; with_hits: number; no_room: number; fall: number; fall_low: Known;
  fall_high: Known; matched: number; matched_low: Known; matched_high: Known; beyond: number; beyond_low: Known;
  beyond_high: Known; p: number;
}
interface PutIn { motif: string; start: number; backgrounds: number; change: number; change_low: Known; change_high: Known }
interface Pair {
  staying: string; moving: string; order: string; gap: number; backgrounds: number; stayed: number; moved: Known;
  both: Known; both_low: Known; both_high: Known; interaction: number; interaction_low: Known; interaction_high: Known;
}
interface Distance { staying: string; moving: string; order: string; gap: number; low: number; high: number; both: number; least: number }
interface Motifs {
  said: string; method: string; runs: number; nulls: string[]; level: number; letters: string; named: boolean; motifs: Motif[];
  columns: string[]; on_sites: Cell[][]; reasons: string[]; notes: string[];
  causes: { taken_out: TakenOut[]; put_in: PutIn[]; pairs: Pair[]; distances: Distance[] } | null;
}

const ROOM = 150; // dots of a logo in the table
const WIDE = 11; // dots of a letter there, at most

export function motifs(found: Motifs, letters: Letters, tools: PageTools): (HTMLElement | null)[] {
  const beside = `beside ${found.nulls.join(", ") || "no null"}`;
  if (!found.motifs.length) {
    return [
      el("p", { class: "lead" }, `${found.said}, ${beside}.`),
      el("h3", {}, "Why there is nothing"),
      found.reasons.length ? el("ul", { class: "notes" }, ...found.reasons.map((line) => el("li", {}, line)))
        : el("p", {}, "Nothing is said of why."),
      notes("Notes", found.notes),
    ];
  }
  const detail = new Detail("chosen");
  const show = (one: Motif) => detail.show(...facts(found, one, letters, tools));
  show(found.motifs[0]);
  return [
    el("p", { class: "lead" }, `${found.said}, ${beside}.`),
    overview(found, letters, show),
    detail.element,
    found.reasons.length ? el("div", {}, el("h3", {}, "What there is not"),
      el("ul", { class: "notes" }, ...found.reasons.map((line) => el("li", {}, line)))) : null,
    notes("Notes", found.notes),
  ];
}

const best = (one: Motif) => one.matches.find((match) => match.found);

function overview(found: Motifs, letters: Letters, show: (one: Motif) => void): HTMLElement {
  const small = (label: string, rows: number[][], asked: Partial<Logo>) => picture(label, () => logo(rows, {
    letters: found.letters, first: 1, unit: "", bare: true, high: 34, wide: Math.min(WIDE, ROOM / rows.length), ...asked,
  }, letters));
  const columns: ListColumn<Motif>[] = [
    { name: "motif", value: (one) => one.name },
    { name: "letters", value: (one) => one.consensus, title: "as tall as their share times the bits of their place",
      shown: (one) => small(`Letters of ${one.name}: ${one.consensus}`, one.heights, { least: found.letters.length > 4 ? 4 : 2 }) },
    { name: "relevance", value: (one) => one.relevance.flat().reduce((sum, value) => sum + value, 0), title: "mean relevance of the letters of seqlets",
      shown: (one) => small(`Relevance of the letters of ${one.name}`, one.relevance, {}) },
    ...(found.named ? [
      { name: "is", value: (one: Motif) => best(one)?.name ?? "", title: `known motifs at a false discovery rate of ${found.level}` },
      { name: "q", number: true, value: (one: Motif) => one.matches[0]?.q, title: "of the best known motif" },
      { name: "strand", value: (one: Motif) => (best(one)?.strand ?? "").replace("-", "−"), title: "on which it is that known motif" },
    ] : []),
    { name: "seqlets", number: true, value: (one) => one.seqlets, shown: (one) => count(one.seqlets) },
    { name: "hits", number: true, value: (one) => one.places, shown: (one) => count(one.places) },
    { name: "sequences", number: true, value: (one) => one.sequences, shown: (one) => count(one.sequences) },
    { name: "per 1,000", number: true, value: (one) => one.frequency, title: "hits of 1,000 letters" },
    { name: "in the null", number: true, value: (one) => one.of_null,
      title: "windows of 1,000 letters of the strongest null that are as good as the weakest of these hits" },
    ...(found.runs > 1 ? [
      { name: "kind", number: true, value: (one: Motif) => one.kind, title: "motifs of one kind are the same over runs" },
      { name: "in runs", number: true, value: (one: Motif) => one.in_runs },
    ] : []),
  ];
  const saved: ListColumn<Motif>[] = [
    ...columns.map((one) => (one.name === "letters" ? { ...one, name: "consensus" } : one)).filter((one) => one.name !== "relevance"),
    { name: "sign", value: (one) => one.sign }, { name: "bits", value: (one) => one.bits }, { name: "method", value: (one) => one.way },
  ];
  return listing({
    name: "motifs", columns, rows: found.motifs, chosen: show, picked: found.motifs[0], saved,
    caption: "Every motif with the hits that exceed all nulls, and how many windows of the strongest null are as good as " +
      "the weakest of them. A click shows where it is.",
  });
}

function facts(found: Motifs, one: Motif, letters: Letters, tools: PageTools): (HTMLElement | null)[] {
  const said = `${counted(one.seqlets, "seqlet")} by ${one.way}, ${counted(one.places, "hit")} in ${counted(one.sequences, "sequence")}` +
    (one.frequency === null ? "." : `: ${short(one.frequency)} of 1,000 letters begin one, ${short(one.of_null)} in the strongest null.`);
  const matrix = (rows: number[][]) => () => tsv(["place", ...found.letters], rows.map((row, i) => [i + 1, ...row]));
  const asked = { letters: found.letters, first: 1 };
  return [
    el("h3", {}, one.name),
    el("p", {}, `${one.sign > 0 ? "Speaks for" : "Speaks against"} the target: ${said}`),
    el("div", { class: "side" },
      figure(`${one.name} letters`, `Letters of ${one.name}, in bits: ${one.consensus}`,
        () => logo(one.heights, { ...asked, unit: "bits", title: "Letters of its seqlets", least: found.letters.length > 4 ? 4 : 2 }, letters), matrix(one.counts)),
      figure(`${one.name} relevance`, `Mean relevance of the letters of ${one.name}, in logits`,
        () => logo(one.relevance, { ...asked, unit: "logits", title: "Their mean relevance" }, letters), matrix(one.relevance)),
      names(one)),
    ...missed(found, one), places(found, one, tools), onSites(found, one),
  ];
}

function names(one: Motif): HTMLElement | null {
  if (!one.matches.length) return null;
  return table(`${one.name} names`, "Known motifs like it; bold: below the rate", [
    { name: "known" }, { name: "id" }, { name: "strand" }, { name: "p", number: true }, { name: "q", number: true },
  ], one.matches.map((match) => [match.name, match.id, match.strand.replace("-", "−"), match.p, match.q]),
  (row, column) => column === 0 && one.matches[row].found);
}

function places(found: Motifs, one: Motif, tools: PageTools): HTMLElement | null {
  if (!one.places) return el("p", { class: "caption" }, "No place of it by itself exceeds all nulls: it is found by how many there are.");
  const genomic = one.hits.some((hit) => hit[4] !== null);
  const plain = (i: number) => (hit: Hit) => hit[i] as Cell;
  const columns: ListColumn<Hit>[] = [
    { name: "sequence", value: plain(0), shown: (hit) => {
      const number = tools.sequences?.find(hit[0], hit[1], hit[11]) ?? null;
      return number === null ? hit[0]
        : tools.sequences!.button(hit[0], `Show ${hit[0]}, letters ${hit[1] + 1} to ${hit[2]}, among the sequences`, number, hit[1], hit[2]);
    } },
    { name: "from", number: true, value: (hit) => hit[1] + 1, shown: (hit) => count(hit[1] + 1), title: "its first letter in the sequence, counted from 1" },
    { name: "to", number: true, value: (hit) => hit[2], shown: (hit) => count(hit[2]) },
    { name: "strand", value: (hit) => hit[3].replace("-", "−"), title: "beside the sequence as it was read" },
    ...(genomic ? [{ name: "genome", value: (hit: Hit) => (hit[4] === null ? "" : `${hit[4]}:${count(hit[5]! + 1)}–${count(hit[6]!)} (${(hit[7] ?? ".").replace("-", "−")})`) }] : []),
    { name: "letters", value: plain(11) },
    { name: "score", number: true, value: plain(8) }, { name: "p", number: true, value: plain(9) }, { name: "q", number: true, value: plain(10) },
  ];
  const more = one.left_out ? ` The best ${count(one.hits.length)}; ${count(one.left_out)} more are in the folder.` : "";
  return el("div", {}, el("h4", {}, "Where it is"), listing({
    name: `hits of ${one.name}`, columns, rows: one.hits, search: "sequence, place or letters",
    filters: [["both strands", () => true], ["strand +", (hit) => hit[3] === "+"], ["strand −", (hit) => hit[3] === "-"]],
    saved: found.columns.map((name, i) => ({ name, value: plain(i) })),
    caption: `Letters are counted from 1, and the last is the end; those of the hit are in the direction of the motif.${more}`,
  }));
}

function onSites(found: Motifs, one: Motif): HTMLElement | null {
  const rows = found.on_sites.filter((row) => row[0] === one.name).map((row) => row.slice(1));
  if (!rows.length) return null;
  return el("div", {}, el("h4", {}, "On known sites"), table(`${one.name} on known sites`,
    "How many hits touch a known site, how many would by the null, and how many of the sites are found", [
      { name: "sites" }, { name: "hits", number: true }, { name: "on sites", number: true }, { name: "expected", number: true },
      { name: "null" }, { name: "p", number: true }, { name: "q", number: true }, { name: "known", number: true }, { name: "found", number: true },
    ], rows));
}

const ends = (mean: number, low: Known, high: Known): Interval => [mean, low ?? mean, high ?? mean];

// What the model says without it, and with it elsewhere.
function missed(found: Motifs, one: Motif): (HTMLElement | null)[] {
  if (!found.causes) return [];
  const out = found.causes.taken_out.find((row) => row.motif === one.name);
  const drawn = [alone(found, one), ...together(found, one)].filter((part) => part !== null);
  return [
    el("h4", {}, "Whether it matters"),
    out ? takenOut(out, one) : el("p", { class: "caption" }, "The model was not asked without it: it has no hits."),
    drawn.length ? el("div", { class: "side" }, ...drawn) : null,
  ];
}

function takenOut(out: TakenOut, one: Motif): HTMLElement {
  const toward = one.sign;
  const rows: IntervalRow[] = [
    { name: "without its places", value: ends(out.fall, out.fall_low, out.fall_high), toward },
    { name: "without like windows", value: ends(out.matched, out.matched_low, out.matched_high), toward },
    { name: "beyond these", value: ends(out.beyond, out.beyond_low, out.beyond_high), detail: short(out.p), toward },
  ];
  const data = () => tsv(["what", "fall", "low", "high", "p"], rows.map((row, i) => [row.name, ...row.value, i === 2 ? out.p : ""]));
  return el("div", {},
    el("p", { class: "caption" }, `How much the logit falls with other letters in the places of ${out.motif} in ${count(out.sequences)} ` +
      `sequences, and with other letters in windows of like letters beside them: the null.` +
      (out.no_room ? ` ${counted(out.no_room, "sequence")} have no room for such windows.` : "")),
    figure(`${one.name} taken out`, `Fall of the logit: ${rows.map((row) => `${row.name} ${row.value.map((x) => fixed(x)).join(" ")}`).join("; ")}`,
      () => intervals(rows, "fall of the logit", window.innerWidth < 640 ? 480 : 820, "p"), data));
}

function alone(found: Motifs, one: Motif): HTMLElement | null {
  const rows = found.causes!.put_in.filter((row) => row.motif === one.name).sort((a, b) => a.start - b.start);
  if (rows.length < 2) return null;
  return curves(one.name, "put into shuffles", {
    sequences: rows[0].backgrounds, x: rows.map((row) => row.start + 1),
    lines: [{ name: one.name, points: rows.map((row) => ends(row.change, row.change_low, row.change_high)) }],
  }, ["its first letter", "change of the logit"]);
}

// A figure for each motif that it was put in with, and for either order.
function together(found: Motifs, one: Motif): HTMLElement[] {
  const own = found.causes!.pairs.filter((row) => (row.staying === one.name || row.moving === one.name) && row.both !== null);
  const keys = [...new Set(own.map((row) => `${row.staying}\n${row.moving}\n${row.order}`))];
  return keys.flatMap((key) => {
    const rows = own.filter((row) => `${row.staying}\n${row.moving}\n${row.order}` === key).sort((a, b) => a.gap - b.gap);
    if (rows.length < 2) return [];
    const { staying, moving, order } = rows[0];
    const distance = found.causes!.distances.find((row) => `${row.staying}\n${row.moving}\n${row.order}` === key);
    const sum = rows.map((row) => row.stayed + row.moved!);
    const drawn = curves(one.name, `${moving} ${order} ${staying}`, {
      sequences: rows[0].backgrounds, x: rows.map((row) => row.gap),
      lines: [
        { name: "both", points: rows.map((row) => ends(row.both!, row.both_low, row.both_high)) },
        { name: "sum of each alone", dash: true, points: sum.map((x): Interval => [x, x, x]) },
      ],
    }, ["letters between them", "change of the logit"]);
    return [el("div", { class: "prediction" }, drawn, distance ? el("p", {}, `Most with ${distance.gap} letters between them ` +
      `(${distance.low} to ${distance.high}): ${short(distance.both)}; least ${short(distance.least)}.`) : null)];
  });
}
