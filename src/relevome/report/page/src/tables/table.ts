// Tables of numbers: text on the left, numbers on the right, saved as TSV.

import { el } from "../dom";
import { download } from "../drawing/figure";
import { short, tsv } from "../words";

export type Cell = string | number | null | undefined;

export interface Column { name: string; number?: boolean; title?: string }

export function table(
  name: string, caption: string, columns: readonly Column[], rows: readonly (readonly Cell[])[],
  marked: (row: number, column: number) => boolean = () => false, data?: () => string,
): HTMLElement {
  const head = el("tr", {}, ...columns.map((one) =>
    el("th", { scope: "col", class: one.number ? "number" : undefined, title: one.title }, one.name)));
  const body = rows.map((row, i) => el("tr", {}, ...row.map((cell, j) => {
    const text = typeof cell === "number" ? short(cell, 4) : cell ?? "";
    const attributes = { class: columns[j].number ? "number" : undefined };
    const content = marked(i, j) ? el("strong", {}, text) : text;
    return j === 0 ? el("th", { scope: "row", ...attributes }, content) : el("td", attributes, content);
  })));
  const written = data ?? (() => tsv(columns.map((one) => one.name), rows));
  const save = el("button", {
    type: "button", class: "quiet", "aria-label": `Save the table ${name} as TSV`,
    click: () => download(`${name}.tsv`, "text/tab-separated-values", written()),
  }, "TSV");
  return el("div", { class: rows.length > 15 ? "table long" : "table" },
    el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
      el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...body))), save);
}
