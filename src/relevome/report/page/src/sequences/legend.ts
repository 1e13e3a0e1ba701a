// What the colours of residues stand for.

import { el } from "../dom";
import { onGround } from "./row";
import { onTheme, theme } from "../drawing/theme";

export function legend(chemistry: Record<string, string>): HTMLElement {
  const marks: [HTMLElement, string][] = [];
  const list = el("ul", { class: "legend", "aria-label": "Colours of residues" },
    ...Object.entries(chemistry).map(([name, colour]) => {
      const mark = el("i", { "aria-hidden": "true" });
      marks.push([mark, colour]);
      return el("li", {}, mark, name);
    }));
  const paint = () => marks.forEach(([mark, colour]) => { mark.style.backgroundColor = onGround(colour, theme()); });
  paint();
  onTheme(paint);
  return list;
}
