// The end of the page: how it was made, in words for a paper, with references, commands and licences.

import type { Content } from "./data/content";
import { el } from "./dom";

export function methods(found: Content["methods"]): HTMLElement[] {
  const list = (lines: readonly string[]) => el("ul", { class: "notes" }, ...lines.map((line) => el("li", {}, line)));
  const made: HTMLElement[] = [el("div", { class: "prose" }, ...found.text.map((line) => el("p", {}, line)))];
  if (found.references.length) made.push(el("h3", {}, "References"), list(found.references));
  if (found.commands.length) {
    made.push(el("h3", {}, "Commands"), el("pre", { tabindex: 0, "aria-label": "Commands" }, found.commands.join("\n")));
  }
  made.push(el("h3", {}, "Licences"), list(found.licences));
  return made;
}
