// Variants: how large their scores are, where the large ones lie, and all that is known of one.

import { alleles, type Why } from "../sequences/alleles";
import { histogram, type Bins } from "../drawing/charts";
import type { Letters, Ref } from "../data/content";
import { choice, Detail, el, notes } from "../dom";
import { figure, plot } from "../drawing/figure";
import { listing, type ListColumn } from "../tables/listing";
import { scatter } from "../drawing/scatter";
import { table } from "../tables/table";
import type { PageTools } from "../tools";
import { count, counted, minus, short, tsv } from "../words";

interface Histogram extends Bins { target: string; score: string; n: number; beyond: number }
interface Variants {
  said: string; by: string; targets: string[]; scores: string[]; words: Record<string, string[]>; numbers: Record<string, Ref>;
  rows: number; left_out: number; histograms: Histogram[]; refused: [string, number][]; reasons: [string, string][];
  reasons_more: number; notes: string[]; alphabet: string; why: Why | null;
}

const LETTERS = 12; // of an allele that the table shows
const MEANING: Record<string, string> = {
  delta_score: "logit, number or log-likelihood: alternative minus reference",
  delta_probability: "probability: alternative minus reference",
  delta_log_odds: "log-odds, in nats: alternative minus reference",
  gain: "the largest rise near the variant", loss: "the largest fall near the variant",
};

// One variant, one output, and one gene: the words and numbers of its row.
class Row {
  constructor(private readonly all: Variants, private readonly numbers: ReadonlyMap<string, ArrayLike<number>>, readonly at: number) {}

  word(name: string): string {
    return this.all.words[name]?.[this.at] ?? "";
  }

  number(name: string): number | null {
    const value = this.numbers.get(name)?.[this.at] ?? NaN;
    return Number.isNaN(value) ? null : value;
  }

  get place(): string {
    return `${this.word("sequence_id")}:${count(this.number("start")! + 1)}`;
  }

  get change(): string {
    return `${clipped(this.word("ref"))}→${clipped(this.word("alt"))}`;
  }

  get name(): string {
    const id = this.word("id");
    return id && id !== "." ? id : `${this.place} ${this.change}`;
  }
}

const clipped = (letters: string) => (letters.length > LETTERS ? `${letters.slice(0, LETTERS - 1)}…` : letters);
const spoken = (score: string) => score.replace(/_/g, " ").replace("delta", "Δ");

export function variants(found: Variants, letters: Letters, tools: PageTools): (HTMLElement | null)[] {
  const numbers = new Map(Object.entries(found.numbers).map(([name, ref]) => [name, tools.array(ref)]));
  const rows = Array.from({ length: found.rows }, (_, i) => new Row(found, numbers, i));
  const about = [el("p", { class: "lead" }, `${found.said}.`)];
  if (!rows.length) return [...about, el("p", {}, "No variant has a score."), refused(found), notes("Notes", found.notes)];
  const detail = new Detail("chosen");
  const drawn = pictures(found, rows, (row) => show(row));
  const show = (row: Row) => {
    const why = found.why && alleles(found.why, row.at, row.name, found.alphabet, letters, tools);
    detail.show(...facts(row, tools), ...(why ?? []));
    drawn.pick(row);
  };
  show(rows[0]);
  return [...about, drawn.element, listed(found, rows, show), detail.element, refused(found), notes("Notes", found.notes)];
}

const main = (found: Variants) => found.scores.filter((name) => !name.endsWith("_at"));

// How large scores are, and where: of one output and score, which are chosen above.
function pictures(found: Variants, rows: readonly Row[], show: (row: Row) => void): { element: HTMLElement; pick: (row: Row) => void } {
  const scores = main(found), contigs = [...new Set(rows.map((row) => row.word("sequence_id")))];
  const asked = { score: scores[0], target: found.targets[0], contig: rows[0].word("sequence_id") };
  const place = el("div", { class: "side" });
  let picked: Row | null = null, redraw = () => {};
  const draw = () => {
    const { score, target, contig } = asked;
    const bins = found.histograms.find((one) => one.score === score && one.target === target);
    const shown = rows.filter((row) => row.word("sequence_id") === contig && row.word("target") === target && row.number(score) !== null);
    const kinds = [...new Set(rows.map((row) => row.word("kind")))].sort();
    const dots = shown.map((row) => ({ x: row.number("start")! + 1, y: row.number(score)!, kind: kinds.indexOf(row.word("kind")) }));
    const width = window.innerWidth < 900 ? 480 : 740;
    const cloud = scatter(dots, [`position on ${contig}`, `${spoken(score)} of ${target}`], kinds,
      () => { const at = picked ? shown.indexOf(picked) : -1; return at < 0 ? null : at; }, width);
    const strip = dots.length ? plot(`variants on ${contig}`, `${spoken(score)} of ${target} by position on ${contig}, ${counted(dots.length, "variant")}`,
      cloud.drawing, () => tsv(["id", "position", "ref", "alt", score], shown.map((row) => [row.word("id"), row.number("start")! + 1, row.word("ref"), row.word("alt"), row.number(score)])), {
        over: (x, y) => {
          const at = cloud.at(x, y);
          return at === null ? null : { title: shown[at].name, where: shown[at].place, lines: [
            ["change", shown[at].change], ["kind", shown[at].word("kind")], ...(shown[at].word("gene") ? [["gene", shown[at].word("gene")] as [string, string]] : []),
            ...scores.filter((name) => shown[at].number(name) !== null).map((name): [string, string] => [spoken(name), short(shown[at].number(name), 4)]) ] };
        },
        places: cloud.places,
        chosen: (x, y) => { const at = cloud.at(x, y); if (at !== null) show(shown[at]); },
      }) : null;
    redraw = strip?.redraw ?? (() => {});
    place.replaceChildren(...[
      bins ? el("div", { class: "prediction" }, figure(`variants ${score} ${target}`, `Histogram of ${spoken(score)} of ${target}, ${counted(bins.n, "variant")}`,
        () => histogram(`${spoken(score)} of ${target}`, bins, spoken(score), 0),
        () => tsv(["from", "to", "variants"], bins.counts.map((n, i) => [bins.low + i * bins.step, bins.low + (i + 1) * bins.step, n]))),
      el("p", {}, `${counted(bins.n, "score")}: ${MEANING[score] ?? score}.` + (bins.beyond ? ` ${count(bins.beyond)} beyond the axis are in its last bars.` : "")))
        : el("p", { class: "caption" }, "Only the first outputs have a histogram."),
      strip?.element ?? el("p", { class: "caption" }, "None of these variants is on this sequence."),
    ]);
  };
  const several = (label: string, options: readonly string[], names: (one: string) => string, key: "score" | "target" | "contig") =>
    (options.length > 1 ? choice(label, options.map((one) => [one, names(one)] as const), (value) => { asked[key] = value; draw(); }, `${label} of the pictures`) : null);
  draw();
  return { element: el("div", {}, el("div", { class: "tools" }, several("Score", scores, spoken, "score"),
    several("Output", found.targets, (one) => one, "target"), several("Sequence", contigs, (one) => one, "contig")), place),
  pick: (row) => { picked = row; redraw(); } };
}

function listed(found: Variants, rows: readonly Row[], show: (row: Row) => void): HTMLElement {
  const has = (name: string) => name in found.words || name in found.numbers;
  const places = found.scores.filter((name) => name.endsWith("_at"));
  const columns: ListColumn<Row>[] = [
    { name: "variant", value: (row) => row.word("id"), shown: (row) => row.name },
    { name: "on", value: (row) => row.word("sequence_id") },
    { name: "position", number: true, value: (row) => row.number("start")! + 1, shown: (row) => count(row.number("start")! + 1), title: "of its first letter, counted from 1" },
    { name: "ref", value: (row) => row.word("ref"), shown: (row) => clipped(row.word("ref")) },
    { name: "alt", value: (row) => row.word("alt"), shown: (row) => clipped(row.word("alt")) },
    { name: "kind", value: (row) => row.word("kind") },
    ...(has("gene") ? [{ name: "gene", value: (row: Row) => row.word("gene") }] : []),
    ...(found.targets.length > 1 ? [{ name: "output", value: (row: Row) => row.word("target") }] : []),
    ...found.scores.filter(has).map((name): ListColumn<Row> => ({ name: spoken(name), number: true, value: (row) => row.number(name),
      title: MEANING[name], ...(places.includes(name) ? { shown: (row) => minus(String(row.number(name) ?? "")) } : {}) })),
  ];
  const kinds = [...new Set(rows.map((row) => row.word("kind")))].sort(), score = main(found)[0];
  const filters: [string, (row: Row) => boolean][] = [["all", () => true],
    ...(score.startsWith("delta") ? [["raise the score", (row: Row) => (row.number(score) ?? 0) > 0], ["lower the score", (row: Row) => (row.number(score) ?? 0) < 0]] as [string, (row: Row) => boolean][] : []),
    ...(kinds.length > 1 ? kinds.map((kind): [string, (row: Row) => boolean] => [kind, (row) => row.word("kind") === kind]) : []),
    ...(found.targets.length > 1 ? found.targets.map((target): [string, (row: Row) => boolean] => [`output ${target}`, (row) => row.word("target") === target]) : [])];
  const names = [...Object.keys(found.words), ...Object.keys(found.numbers)];
  return el("div", {}, el("h3", {}, "Every variant"), listing({
    name: "variants", columns, rows, search: "id, place, letters or gene", filters, chosen: show, picked: rows[0],
    saved: names.map((name) => ({ name, value: (row: Row) => (name in found.words ? row.word(name) : row.number(name)) })),
    caption: `The largest first.${found.left_out ? ` ${count(found.left_out)} smaller ones are in the folder alone.` : ""} A click shows all scores.`,
  }));
}

function facts(row: Row, tools: PageTools): (HTMLElement | null)[] {
  const where = [`${row.place}, ${row.word("kind")}`, row.word("gene") && `gene ${row.word("gene")} (${row.word("strand").replace("-", "−")})`,
    row.number("padded") ? `${counted(row.number("padded")!, "letter")} of the window beyond the end` : ""].filter(Boolean).join("; ");
  const both = ["score", "probability", "log_odds"].filter((name) => row.number(`ref_${name}`) !== null || row.number(`alt_${name}`) !== null)
    .map((name) => [name.replace("_", "-"), row.number(`ref_${name}`), row.number(`alt_${name}`), row.number(`delta_${name}`)]);
  const letters = ["gain", "loss"].filter((name) => row.number(name) !== null).map((name) => [name, row.number(name), minus(String(row.number(`${name}_at`) ?? ""))]);
  const numbers = { number: true };
  return [
    el("h3", {}, row.name),
    el("p", {}, el("span", { class: "alleles" }, `${row.word("ref")} → ${row.word("alt")}`), ` at ${where}; output ${row.word("target")}. `, link(row, tools)),
    both.length ? table(`scores of ${row.name}`, "What the model says with either allele", [{ name: "" }, { name: "reference", ...numbers }, { name: "alternative", ...numbers }, { name: "difference", ...numbers }], both) : null,
    letters.length ? table(`changes of ${row.name}`, `The largest changes near it; places are letters from its first`, [{ name: "" }, { name: "size", ...numbers }, { name: "place", ...numbers }], letters) : null,
  ];
}

// Where it lies among the sequences of the page.
function link(row: Row, tools: PageTools): HTMLElement | null {
  const [start, end] = [row.number("start")!, Math.max(row.number("end")!, row.number("start")! + 1)];
  const there = tools.sequences?.covering(row.word("sequence_id"), start, end);
  if (!there) return null;
  const id = tools.sequences!.id(there.number);
  return tools.sequences!.button(`Show it in ${id}`, `Show ${row.name} in ${id} among the sequences`, there.number, there.start, there.end);
}

function refused(found: Variants): HTMLElement | null {
  if (!found.refused.length && !found.reasons.length) return null;
  const all = found.reasons.length + found.reasons_more;
  return el("div", {}, el("h3", {}, `Left out: ${count(all)}`),
    table("variants left out", "How many variants were left out, by reason", [{ name: "reason" }, { name: "variants", number: true }], found.refused.map(([why, n]) => [why, count(n)])),
    found.reasons.length ? el("details", {}, el("summary", {}, `Each of them${found.reasons_more ? `, but for ${count(found.reasons_more)} more` : ""}`),
      listing({ name: "left out variants", caption: "Variants without a score, with the reason of each", rows: found.reasons, search: "id or reason",
        columns: [{ name: "variant", value: (row) => row[0] }, { name: "reason", value: (row) => row[1] }] })) : null);
}
