// Layers by heads as a map: a click, or a key, shows what is known of a head.

import { el } from "../dom";
import { keptDrawn, saving, type Drawing } from "./figure";
import { tint } from "./heat";
import { theme, type Theme } from "./theme";
import { short } from "../words";

export interface HeadCell { layer: number; head: number; value: number | null; mark: "" | "•" | "★"; said: string }

const SIZE = 30;

// One hue for what is above zero and another for what is below: from the ground to the full colour.
export function shade(value: number | null, most: number, colours: Theme): string {
  if (value === null || !(most > 0)) return colours.faint;
  return `rgb(${tint(value, most, colours).join(",")})`;
}

function inkOn(value: number | null, most: number, colours: Theme): string {
  const strong = value !== null && most > 0 && Math.abs(value) / most > 0.45;
  return strong ? (colours.dark ? "#101316" : "#ffffff") : colours.ink;
}

export function headMap(
  name: string, cells: readonly HeadCell[], legend: string, data: () => string, chosen: (cell: HeadCell) => void,
  shown?: { layer: number; head: number },
): HTMLElement {
  const layers = Math.max(...cells.map((one) => one.layer)) + 1, heads = Math.max(...cells.map((one) => one.head)) + 1;
  const most = Math.max(0, ...cells.map((one) => Math.abs(one.value ?? 0)));
  const at = new Map(cells.map((one) => [`${one.layer}.${one.head}`, one]));
  const buttons = new Map<string, HTMLButtonElement>();
  const press = (cell: HeadCell) => {
    const pressed = buttons.get(`${cell.layer}.${cell.head}`)!;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === pressed)));
    stop(pressed);
    chosen(cell);
  };
  // Tab comes to one head of the map; arrows go on from there.
  const stop = (at: HTMLButtonElement) => buttons.forEach((button) => { button.tabIndex = button === at ? 0 : -1; });
  const rows = Array.from({ length: layers }, (_, layer) => el("tr", {}, el("th", { scope: "row" }, `layer ${layer}`),
    ...Array.from({ length: heads }, (_, head) => {
      const cell = at.get(`${layer}.${head}`);
      if (!cell) return el("td", {});
      const button = el("button", {
        type: "button", "aria-label": `Head ${layer}.${head}: ${cell.said}`, "aria-pressed": "false", title: cell.said,
        click: () => press(cell),
        keydown: (event) => step(event as KeyboardEvent, layer, head),
      }, cell.mark);
      buttons.set(`${layer}.${head}`, button);
      return el("td", {}, button);
    })));
  const step = (event: KeyboardEvent, layer: number, head: number) => {
    const move: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const [down, right] = move[event.key] ?? [0, 0];
    const next = buttons.get(`${layer + down}.${head + right}`);
    if (!move[event.key] || !next) return;
    event.preventDefault();
    stop(next);
    next.focus();
  };
  const begun = shown && buttons.get(`${shown.layer}.${shown.head}`);
  const first = begun ?? buttons.values().next().value;
  if (first) stop(first);
  begun?.setAttribute("aria-pressed", "true");
  const paint = () => {
    for (const [key, button] of buttons) {
      const value = at.get(key)!.value;
      button.style.backgroundColor = shade(value, most, theme());
      button.style.color = inkOn(value, most, theme());
    }
  };
  paint();
  const head = el("tr", {}, el("td", {}), ...Array.from({ length: heads }, (_, i) => el("th", { scope: "col" }, String(i))));
  const drawing = () => drawn(cells, layers, heads, most, legend);
  return keptDrawn(el("figure", { class: "heads" },
    el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `Map of heads: ${name}` },
      el("table", { class: "map" }, el("thead", {}, head), el("tbody", {}, ...rows))),
    el("figcaption", {}, legend), saving(`heads ${name}`, drawing, data)), paint);
}

function drawn(cells: readonly HeadCell[], layers: number, heads: number, most: number, legend: string): Drawing {
  const left = 60, top = 26;
  return { width: Math.max(left + heads * SIZE + 12, 420), height: top + layers * SIZE + 34, draw(on, colours) {
    for (let i = 0; i < heads; i++) {
      on.text(String(i), left + (i + 0.5) * SIZE, top - 8, { size: 11, fill: colours.muted, anchor: "middle" });
    }
    for (let i = 0; i < layers; i++) {
      on.text(`layer ${i}`, left - 8, top + (i + 0.5) * SIZE + 4, { size: 11, fill: colours.muted, anchor: "end" });
    }
    for (const { layer, head, value, mark } of cells) {
      const [x, y] = [left + head * SIZE, top + layer * SIZE];
      on.rect(x + 1, y + 1, SIZE - 2, SIZE - 2, shade(value, most, colours));
      on.text(mark, x + SIZE / 2, y + SIZE / 2 + 4, { size: 12, fill: inkOn(value, most, colours), anchor: "middle" });
    }
    on.text(`${legend} Darkest: ${short(most)}.`, 8, top + layers * SIZE + 22, { size: 10.5, fill: colours.muted });
  } };
}
