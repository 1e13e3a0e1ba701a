// Numbers as people read them.

import type { Interval } from "./content";

export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001 || size >= 1e6) return minus(value.toExponential(digits - 1));
  return minus(size >= 1000 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(digits)).toString());
}

export function minus(text: string): string {
  return text.replace(/-/g, "\u2212");
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

// A mean with its 95% interval, with as many digits behind the point in all three.
export function interval(found: Interval | null | undefined): string {
  if (!found) return "";
  const largest = Math.max(...found.map(Math.abs));
  const digits = largest === 0 ? 1 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(largest))));
  const [mean, low, high] = found.map((value) => minus(value.toFixed(digits)));
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
