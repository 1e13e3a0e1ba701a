// A figure: drawn on the screen in the colours of the page, saved in those of paper as SVG or PNG, its data as TSV.

import { el } from "../dom";
import { CanvasSurface, SvgSurface, type Surface } from "./surface";
import { LIGHT, onTheme, theme, type Theme } from "./theme";
import { tell } from "./tip";
import { walkable, type Pointed } from "./walk";

export interface Drawing {
  width: number;
  height: number;
  draw(on: Surface, colours: Theme): void;
}

const SCALE = 3; // dots of a PNG for each of the screen
const MOST = 16384; // dots that a canvas may be wide or high

export function figure(name: string, label: string, drawing: () => Drawing, data: () => string): HTMLElement {
  return el("figure", {}, picture(label, drawing), saving(name, drawing, data));
}

// A drawing without a way to save it.
export function picture(label: string, drawing: () => Drawing): HTMLElement {
  const place = el("div", { class: "drawn", role: "img", "aria-label": label });
  const redraw = () => place.replaceChildren(asSvg(drawing(), theme()));
  redraw();
  return keptDrawn(place, redraw);
}

// How what is on the page is drawn anew; what has left it is forgotten with it.
const redrawn = new WeakMap<Element, () => void>();
const KEPT = "kept-drawn";

// An element that is drawn anew in the colours of another theme.
export function keptDrawn<E extends HTMLElement>(element: E, redraw: () => void): E {
  element.classList.add(KEPT);
  redrawn.set(element, redraw);
  return element;
}

onTheme(() => document.querySelectorAll(`.${KEPT}`).forEach((element) => redrawn.get(element)?.()));

// A drawing of many dots, which a canvas draws faster, and what is under the pointer. ``redraw`` draws it anew.
export function plot(
  name: string, label: string, drawing: () => Drawing, data: () => string, pointed: Pointed,
): { element: HTMLElement; redraw: () => void } {
  const canvas = el("canvas", { class: pointed.chosen ? "plot pick" : "plot", role: "img", "aria-label": label });
  let width = 0, height = 0; // of what is drawn
  const redraw = () => {
    const drawn = drawing();
    ({ width, height } = drawn);
    painted(canvas, drawn);
  };
  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  canvas.addEventListener("pointermove", (event) => tell(pointed.over(...at(event)), event.clientX, event.clientY));
  canvas.addEventListener("pointerleave", () => tell(null));
  canvas.addEventListener("click", (event) => pointed.chosen?.(...at(event)));
  redraw();
  keptDrawn(canvas, redraw);
  return { element: el("figure", {}, walkable(canvas, label, () => width, pointed), saving(name, drawing, data)), redraw };
}

function painted(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const dots = Math.max(window.devicePixelRatio || 1, 2); // paper is finer than the screen
  canvas.width = Math.round(drawing.width * dots); // which also wipes it
  canvas.height = Math.round(drawing.height * dots);
  canvas.style.width = `${drawing.width}px`;
  canvas.style.aspectRatio = `${drawing.width} / ${drawing.height}`;
  const context = canvas.getContext("2d")!;
  context.scale(dots, dots);
  drawing.draw(new CanvasSurface(context), theme());
}

export function saving(name: string, drawing: () => Drawing, data: () => string): HTMLElement {
  const menu = el("details", { class: "save" }, el("summary", { "aria-label": `Save ${name}` }, "Save"));
  const item = (text: string, save: () => void) => el("button", {
    type: "button", click: () => { save(); menu.open = false; },
  }, text);
  menu.append(el("div", { class: "menu" },
    item("SVG", () => download(`${name}.svg`, "image/svg+xml", svgText(drawing()))),
    item("PNG", () => savePng(`${name}.png`, drawing())),
    item("TSV", () => download(`${name}.tsv`, "text/tab-separated-values", data())),
  ));
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") menu.open = false; });
  return menu;
}

function asSvg(drawing: Drawing, colours: Theme, ground?: string): SVGSVGElement {
  const surface = new SvgSurface(drawing.width, drawing.height, ground);
  drawing.draw(surface, colours);
  return surface.root;
}

export function svgText(drawing: Drawing): string {
  return new XMLSerializer().serializeToString(asSvg(drawing, LIGHT, LIGHT.ground)) + "\n";
}

function savePng(name: string, drawing: Drawing): void {
  const canvas = document.createElement("canvas");
  const scale = Math.min(SCALE, MOST / drawing.width, MOST / drawing.height);
  canvas.width = Math.round(drawing.width * scale);
  canvas.height = Math.round(drawing.height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.fillStyle = LIGHT.ground;
  context.fillRect(0, 0, drawing.width, drawing.height);
  drawing.draw(new CanvasSurface(context), LIGHT);
  canvas.toBlob((blob) => { if (blob) save(name, blob); });
}

export function download(name: string, type: string, text: string): void {
  save(name, new Blob([text], { type }));
}

function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = el("a", { href: address, download: name.replace(/[^\w.+-]+/g, "_") });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
