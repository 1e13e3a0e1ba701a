// What is under the pointer, in a box beside it.

import { el } from "../dom";

export interface Tip { title: string; where?: string; lines: [string, string][] }

let box: HTMLElement | null = null;
let scrolled: () => void;

// Say it at these dots of the window; nothing where there is nothing to say. Scrolling takes it away, or calls ``again``.
export function tell(tip: Tip | null, x = 0, y = 0, again: () => void = () => tell(null)): void {
  scrolled = again;
  if (!box) {
    if (!tip) return;
    box = el("div", { class: "tip of-plot", hidden: true });
    document.body.append(box);
    window.addEventListener("scroll", () => scrolled(), { passive: true });
  }
  box.hidden = !tip;
  if (!tip) return box.replaceChildren();
  box.replaceChildren(el("strong", {}, tip.title), el("span", { class: "where" }, tip.where ?? ""),
    el("dl", {}, ...tip.lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(4, Math.min(x + 16, window.innerWidth - width - 8))}px`;
  box.style.top = `${y + 18 + height > window.innerHeight ? y - height - 12 : y + 18}px`;
}
