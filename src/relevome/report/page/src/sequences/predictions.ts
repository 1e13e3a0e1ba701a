// What the model says of the sequences, by series.

import { binned, histogram } from "../drawing/charts";
import { el } from "../dom";
import { figure } from "../drawing/figure";
import type { Series, Tracks } from "./tracks";
import { count, counted, tsv } from "../words";

const BINS = 24;

export function predictions(tracks: Tracks): HTMLElement[] {
  const seen = new Set<string>();
  const found: HTMLElement[] = [];
  for (const [place, one] of tracks.series.entries()) {
    const numbers = Array.from({ length: tracks.count }, (_, i) => i).filter((i) => one.has(i));
    const probable = numbers.some((i) => !Number.isNaN(one.probability(i)));
    const values = numbers.map((i) => (probable ? one.probability(i) : one.score(i))).filter((x) => !Number.isNaN(x));
    const key = `${one.run.model} ${values.join()}`; // several methods explain one prediction
    if (!values.length || seen.has(key)) continue;
    seen.add(key);
    found.push(drawn(tracks, one, place, numbers, values, probable));
  }
  return found;
}

function drawn(
  tracks: Tracks, one: Series, place: number, numbers: number[], values: number[], probable: boolean
): HTMLElement {
  const what = probable ? "probability of the target" : "score (logit)";
  const [low, high] = probable ? [0, 1] : ends(values);
  const several = tracks.series.filter((other) => other.run.model === one.run.model && other.run.label === one.run.label).length > 1;
  const title = several ? one.name : one.run.model_name || one.name; // its name says the target then
  const data = () => tsv(["sequence", "target", "score", "probability", "predicted"], numbers.map((i) => [
    tracks.ids[i], one.target(i), one.score(i), one.probability(i), one.predicted(i)]));
  return el("div", { class: "prediction" },
    figure(`predictions ${title}`, `Histogram of ${what}, ${title}`,
      () => histogram(title, binned(values, low, high, BINS), what, place), data),
    el("p", {}, sentence(one, numbers)));
}

// Of more values than a call may have arguments.
function ends(values: readonly number[]): [number, number] {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

function sentence(one: Series, numbers: readonly number[]): string {
  const counts = new Map<string, number>();
  for (const i of numbers) {
    const label = one.predicted(i);
    if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  if (!counts.size) return `${counted(numbers.length, "sequence")}.`;
  const said = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  const more = counts.size > said.length ? ` and ${counts.size - said.length} other labels` : "";
  return `Predicted: ${said.map(([label, n]) => `${label} for ${count(n)}`).join(", ")}${more}, of ${counted(numbers.length, "sequence")}.`;
}
