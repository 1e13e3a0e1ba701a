// The first thing on the page: what can be said of the explanation in words, with error bars.

import { toneOf } from "./drawing/charts";
import type { Interval, Remark, Tone, Verdict } from "./data/content";
import { el } from "./dom";
import { SvgSurface } from "./drawing/surface";
import { onTheme, theme } from "./drawing/theme";

// Told apart by shape and by word, and not by colour alone.
const SIGNS: Record<Tone, [string, string]> = {
  good: ["✓", "good"], caution: ["!", "to heed"], bad: ["✕", "bad"], unknown: ["?", "not known"], plain: ["", ""],
};

const AXIS = "The upright line is what the strongest null reaches; right of it is better. Bars are 95% intervals.";

export function verdict(found: Verdict): HTMLElement {
  return el("section", { id: "verdict", "aria-labelledby": "verdict-title" },
    el("h2", { id: "verdict-title", class: "unseen" }, "Verdict"),
    el("p", { class: `headline ${found.tone}` }, sign(found.tone), el("span", {}, found.headline)),
    el("div", { class: "topics" }, ...found.topics.map((topic) => {
      const ends = topic.remarks.flatMap((remark) => remark.estimate ?? []);
      const range: [number, number] = [Math.min(0, ...ends), Math.max(0, ...ends)];
      return el("div", { class: ends.length ? "topic wide" : "topic" }, el("h3", {}, topic.title),
        ends.length ? el("p", { class: "caption" }, AXIS) : null,
        el("ul", { class: "remarks" }, ...topic.remarks.map((one) => remark(one, range))));
    })));
}

function remark(one: Remark, range: [number, number]): HTMLElement {
  const text = el("span", one.names.length ? { title: one.names.join(", ") } : {}, one.text);
  return el("li", { class: one.tone }, sign(one.tone), text, one.estimate && drawn(one.estimate, range));
}

function sign(tone: Tone): HTMLElement | null {
  const [sign, word] = SIGNS[tone];
  if (!sign) return el("span", { class: "sign", "aria-hidden": "true" }, "·");
  return el("span", { class: `sign ${tone}` }, el("span", { "aria-hidden": "true" }, sign),
    el("span", { class: "unseen" }, `${word}: `));
}

// A mean with its interval beside a line at zero, on the axis that all of the topic share.
function drawn(value: Interval, [low, high]: [number, number]): HTMLElement {
  const width = 170, height = 16, pad = 6;
  const x = (at: number) => pad + ((at - low) / (high - low || 1)) * (width - 2 * pad);
  const place = el("span", { class: "bar", "aria-hidden": "true" });
  const draw = () => {
    const on = new SvgSurface(width, height), colours = theme();
    on.line([[x(0), 1], [x(0), height - 1]], colours.muted);
    on.line([[x(value[1]), height / 2], [x(value[2]), height / 2]], toneOf(value, colours), 2.5);
    on.dot(x(value[0]), height / 2, 4, toneOf(value, colours), colours.ground);
    place.replaceChildren(on.root);
  };
  draw();
  onTheme(draw);
  return place;
}
