// Numbers as people read them.

import type { Interval } from "./data/content";

// Making one anew for every number would cost more than all else that a row needs.
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return minus(WHOLE.format(value));
  if (size < 0.001 || size >= 1e6) return minus(Number(value.toPrecision(digits)).toExponential());
  return minus(size >= 1000 ? WHOLE.format(value) : Number(value.toPrecision(digits)).toString());
}

export function minus(text: string): string {
  return text.replace(/-/g, "\u2212");
}

export function count(value: number): string {
  return WHOLE.format(value);
}

// So many of something that is called so, in the plural with an s.
export function counted(value: number, name: string): string {
  return `${count(value)} ${name}${value === 1 ? "" : "s"}`;
}

// Whether a target is this output, also where the letter that is meant stands behind it.
export function isOf(target: string | null, output: string): boolean {
  return target === output || !!target?.startsWith(`${output} at letter `);
}

// Three digits behind the point, as the tables of relevome have them; two that count where that is too few.
export function fixed(value: number | null | undefined, beside = 0): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  const largest = Math.max(Math.abs(value), Math.abs(beside));
  if (largest > 0 && largest < 0.001) return minus(value.toExponential(1));
  return minus(largest >= 100 ? value.toFixed(1) : (Math.round(value * 1000) / 1000 + 0).toFixed(3));
}

// A mean with its 95% interval.
export function interval(found: Interval | null | undefined): string {
  if (!found) return "";
  const largest = Math.max(...found.map(Math.abs));
  const [mean, low, high] = found.map((value) => fixed(value, largest));
  return `${mean} [${low}, ${high}]`;
}

export function tsv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => cells.map(cell).join("\t");
  return [line(header), ...rows.map(line)].join("\n") + "\n";
}

// Programs for tables take what begins so for a formula; a quote before it keeps it text. A number and a sign alone
// are none.
function cell(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value).replace(/[\t\r\n]+/g, " ");
  return typeof value === "string" && /^[=+\-@]./.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}
