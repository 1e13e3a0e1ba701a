// Mean relevance at every position, of sequences that all have one length, such as windows around sites.

import { curves } from "./charts";
import { el } from "./dom";
import { figure } from "./figure";
import { means } from "./statistics";
import type { Series, Tracks } from "./tracks";
import { count, tsv } from "./words";

const FEWEST = 5; // sequences

export function profiles(tracks: Tracks): HTMLElement | null {
  const alike = tracks.count >= FEWEST && tracks.letters.every((text) => text.length === tracks.longest);
  if (!alike) return null;
  return el("div", {},
    el("h3", {}, "Mean over sequences"),
    el("p", { class: "caption" }, "Mean relevance at every position, with its 95% interval over sequences. What is " +
      "high here may be known of the position alone: the verdict says how much that explains."),
    el("div", { class: "side" }, ...tracks.series.map((one, place) => profile(tracks, one, place))));
}

function profile(tracks: Tracks, one: Series, place: number): HTMLElement {
  const rows = Array.from({ length: tracks.count }, (_, i) => one.relevance(i)).filter((row) => row !== null);
  const points = means(rows, tracks.longest), positions = points.map((_, i) => i + 1);
  const data = () => tsv(["position", "mean", "low", "high"], points.map((point, i) => [positions[i], ...point]));
  const title = `${one.name}, ${count(rows.length)} sequences`;
  return figure(`mean ${one.name}`, `Mean relevance by position, ${title}`,
    () => curves(title, positions, [{ name: "", points }], ["position", "mean relevance"],
      { width: window.innerWidth < 640 ? 360 : 570, height: 210, colour: place }), data);
}
