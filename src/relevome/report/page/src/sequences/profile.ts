// Mean relevance at every position, of sequences that all have one length, such as windows around sites.

import { curves } from "../drawing/charts";
import { el } from "../dom";
import { figure } from "../drawing/figure";
import type { Profile } from "../data/source";
import type { Tracks } from "./tracks";
import { counted, tsv } from "../words";

const FEWEST = 5; // sequences

export function profiles(tracks: Tracks): HTMLElement | null {
  if (tracks.count < FEWEST || !tracks.alike) return null;
  const drawn = el("div", { class: "side" }, el("p", { class: "caption" }, "Reading the relevance of all sequences…"));
  void tracks.source.profiles().then(
    (found) => drawn.replaceChildren(...found.map((one, place) => profile(tracks.series[place].name, one, place))),
    (error: Error) => drawn.replaceChildren(el("p", { class: "caption" }, `They could not be read: ${error.message}`)));
  return el("div", {},
    el("h3", {}, "Mean over sequences"),
    el("p", { class: "caption" }, "Mean relevance at every position, with its 95% interval over sequences. What is " +
      "high here may be known of the position alone: an evaluation says how much that explains."),
    drawn);
}

function profile(name: string, found: Profile, place: number): HTMLElement {
  const { rows, points } = found, positions = points.map((_, i) => i + 1);
  const data = () => tsv(["position", "mean", "low", "high"], points.map((point, i) => [positions[i], ...point]));
  const title = `${name}, ${counted(rows, "sequence")}`;
  return figure(`mean ${name}`, `Mean relevance by position, ${title}`,
    () => curves(title, positions, [{ name: "", points }], ["position", "mean relevance"],
      { width: window.innerWidth < 640 ? 360 : 570, height: 210, colour: place }), data);
}
