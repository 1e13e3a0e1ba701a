// A figure without a mouse: arrows go from place to place, and what is there is shown and spoken.

import { el } from "../dom";
import { tell, type Tip } from "./tip";

// Places in rows and columns; ``dots`` says where on the drawing the middle of one is.
export interface Places { rows: number; columns: number; dots: (row: number, column: number) => readonly [number, number] }

export interface Pointed {
  over: (x: number, y: number) => Tip | null; // what is at these dots of the drawing
  chosen?: (x: number, y: number) => void;
  places: Places; // where arrows go to
}

const FAR = 10; // places that an arrow goes with Shift

// The place that a key leads to, null for other keys.
export function step(key: string, far: boolean, [row, column]: readonly [number, number], { rows, columns }: Places): [number, number] | null {
  const by = far ? FAR : 1;
  const moves: Record<string, [number, number]> = {
    ArrowUp: [row - by, column], ArrowDown: [row + by, column], ArrowLeft: [row, column - by], ArrowRight: [row, column + by],
    Home: [row, 0], End: [row, columns - 1],
  };
  const found = moves[key];
  return found ? [Math.max(0, Math.min(rows - 1, found[0])), Math.max(0, Math.min(columns - 1, found[1]))] : null;
}

// The frame of a canvas that can be walked on; ``width`` is that of the drawing, in its own dots.
export function walkable(canvas: HTMLCanvasElement, label: string, width: () => number, { over, chosen, places }: Pointed): HTMLElement {
  const mark = el("div", { class: "place", hidden: true }), live = el("p", { class: "unseen", "aria-live": "polite" });
  const help = `Arrows go from place to place${chosen ? ", Enter chooses one" : ""}.`;
  const frame = el("div", { class: "drawn walked", tabindex: 0, role: "group", "aria-label": `${label}. ${help}` }, canvas, mark, live);
  let at: [number, number] | null = null;
  const leave = () => { mark.hidden = true; tell(null); };
  const show = () => {
    if (!at) return;
    const [x, y] = places.dots(...at), tip = over(x, y);
    const box = canvas.getBoundingClientRect(), scale = box.width / width();
    mark.hidden = false;
    mark.style.left = `${canvas.offsetLeft + x * scale}px`;
    mark.style.top = `${canvas.offsetTop + y * scale}px`;
    tell(tip, box.left + x * scale, box.top + y * scale, show);
    const said = tip ? [tip.title, tip.where, ...tip.lines.map((pair) => pair.join(" "))].filter(Boolean).join(", ") : "nothing here";
    if (live.textContent !== said) live.textContent = said; // once, also where it is shown again after scrolling
  };
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave();
    if (event.key === "Enter" && at && chosen) chosen(...places.dots(...at));
    const next = step(event.key, event.shiftKey, at ?? [0, 0], places);
    if (!next) return;
    event.preventDefault();
    at = at ? next : [0, 0]; // the first key says where one is
    show();
  });
  frame.addEventListener("blur", leave);
  return frame;
}
