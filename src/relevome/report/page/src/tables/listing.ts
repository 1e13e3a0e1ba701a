// A long table: searched, filtered, ordered by any column, and drawn a hundred rows at a time.

import { choice, el } from "../dom";
import { download } from "../drawing/figure";
import { arranged, type Wanted } from "./order";
import type { Cell } from "./table";
import { count, counted, short, tsv } from "../words";

export interface ListColumn<Row> {
  name: string;
  value: (row: Row) => Cell; // by which it is ordered, and which is saved
  shown?: (row: Row) => string | Node | null; // in place of the value
  number?: boolean;
  title?: string;
}

export interface Listing<Row> {
  name: string;
  caption: string;
  columns: readonly ListColumn<Row>[];
  rows: readonly Row[];
  search?: string; // what a query is looked for in, by name; without it there is no search
  filters?: readonly (readonly [string, (row: Row) => boolean])[]; // the first of them keeps all
  chosen?: (row: Row) => void; // by a click on what is in the first column
  picked?: Row; // chosen before anybody clicks
  saved?: readonly ListColumn<Row>[]; // in place of the columns
}

const AT_ONCE = 100; // rows

export function listing<Row>(asked: Listing<Row>): HTMLElement {
  const { name, columns, rows } = asked;
  const text = (row: Row) => columns.map((one) => one.value(row) ?? "").join("\t");
  const wanted: Wanted<Row> = { query: "", text, keep: () => true, key: null, descending: false };
  const body = el("tbody"), listed = el("output", { class: "counted" });
  const more = el("button", { type: "button", class: "quiet more", click: () => { room += AT_ONCE; fill(); } });
  let found: Row[] = [...rows], room = AT_ONCE, ordered = -1;
  let picked: Row | undefined = asked.picked;
  const fill = () => {
    const shown = found.slice(0, room);
    body.replaceChildren(...shown.map(line));
    more.hidden = shown.length === found.length;
    more.textContent = `Show ${count(Math.min(AT_ONCE, found.length - shown.length))} more of ${count(found.length - shown.length)}`;
    listed.textContent = found.length === rows.length ? counted(rows.length, "row") : `${count(found.length)} of ${counted(rows.length, "row")}`;
  };
  const select = () => {
    room = AT_ONCE;
    found = arranged(rows, wanted);
    fill();
  };
  const line = (row: Row): HTMLElement => {
    const made = el("tr", { class: row === picked ? "picked" : undefined }, ...columns.map((one, i) => {
      const attributes = { class: one.number ? "number" : undefined };
      return i === 0 ? el("th", { scope: "row", ...attributes }, asked.chosen ? pressed(row, cell(one, row)) : cell(one, row))
        : el("td", attributes, cell(one, row));
    }));
    return made;
  };
  const pressed = (row: Row, content: string | Node): HTMLElement => el("button", {
    type: "button", class: "link", "aria-pressed": String(row === picked), click: (event) => {
      picked = row;
      for (const one of body.querySelectorAll("tr.picked")) one.classList.remove("picked");
      for (const one of body.querySelectorAll("th [aria-pressed]")) one.setAttribute("aria-pressed", "false");
      const button = event.currentTarget as HTMLElement;
      button.setAttribute("aria-pressed", "true");
      button.closest("tr")!.classList.add("picked");
      asked.chosen!(row);
    },
  }, content);
  const heads = columns.map((one, i) => {
    const sign = el("span", { class: "order", "aria-hidden": "true" });
    const head = el("th", { scope: "col", class: one.number ? "number" : undefined, "aria-sort": "none" });
    head.append(el("button", { type: "button", class: "sort", title: one.title, click: () => {
      const again = ordered === i;
      wanted.descending = again ? !wanted.descending : !!one.number;
      wanted.key = one.value;
      ordered = i;
      for (const other of heads) {
        other.setAttribute("aria-sort", other !== head ? "none" : wanted.descending ? "descending" : "ascending");
        other.querySelector(".order")!.textContent = other !== head ? "" : wanted.descending ? "↓" : "↑";
      }
      select();
    } }, one.name, sign));
    return head;
  });
  const save = el("button", {
    type: "button", class: "quiet", "aria-label": `Save the table ${name} as TSV`,
    click: () => {
      const kept = asked.saved ?? columns;
      download(`${name}.tsv`, "text/tab-separated-values", tsv(kept.map((one) => one.name), found.map((row) => kept.map((one) => one.value(row)))));
    },
  }, "TSV");
  const tools = toolbar(asked, wanted, select, listed);
  fill();
  return el("div", { class: asked.chosen ? "table picking" : "table" }, tools,
    el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": asked.caption },
      el("table", {}, el("caption", {}, asked.caption), el("thead", {}, el("tr", {}, ...heads)), body)), more, save);
}

function cell<Row>(column: ListColumn<Row>, row: Row): string | Node {
  const shown = column.shown?.(row);
  if (shown !== undefined && shown !== null) return shown;
  if (column.shown) return "";
  const value = column.value(row);
  return typeof value === "number" ? short(value, 4) : value ?? "";
}

function toolbar<Row>(asked: Listing<Row>, wanted: Wanted<Row>, select: () => void, listed: HTMLElement): HTMLElement | null {
  const filters = asked.filters ?? [];
  if (asked.search === undefined && filters.length < 2) return null;
  const search = asked.search === undefined ? null : el("input", {
    type: "search", placeholder: asked.search, "aria-label": `Search ${asked.name}: ${asked.search}`,
    input: (event) => { wanted.query = (event.target as HTMLInputElement).value; select(); },
  });
  const filter = filters.length < 2 ? null : choice("Show", filters.map(([label], i) => [String(i), label] as const), (value) => {
    wanted.keep = filters[Number(value)][1];
    select();
  }, `Show of ${asked.name}`);
  return el("div", { class: "tools", role: "group", "aria-label": `What of ${asked.name} is listed` }, search, filter, listed);
}
