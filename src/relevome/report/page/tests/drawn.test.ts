import assert from "node:assert/strict";
import { test } from "node:test";
import type { Letters } from "../src/data/content";
import { curves, labelled } from "../src/drawing/charts";
import { inTwo } from "../src/drawing/clipped";
import { reach, tint } from "../src/drawing/heat";
import { logo } from "../src/drawing/logo";
import { extent, nearest, scatter } from "../src/drawing/scatter";
import { stretches } from "../src/data/statistics";
import type { Surface } from "../src/drawing/surface";
import type { Theme } from "../src/drawing/theme";

const COLOURS = {
  ink: "ink", muted: "muted", line: "line", ground: "ground", series: ["one", "two"], dark: false,
} as unknown as Theme;
const LETTERS = { outlines: { A: "a", C: "c", G: "g", T: "t" }, bases: { A: "green" }, residues: {}, other: "grey" } as unknown as Letters;

// Keeps what is drawn: the name of the call and what it was given.
function recorded(): { on: Surface; calls: [string, ...unknown[]][] } {
  const calls: [string, ...unknown[]][] = [];
  const on = new Proxy({}, { get: (_, name) => (...given: unknown[]) => { calls.push([String(name), ...given]); return 10; } });
  return { on: on as Surface, calls };
}

test("colours reach what a share of numbers does not exceed", () => {
  assert.equal(reach([3, -1, 2, NaN, 4, 0], 1), 4);
  assert.equal(reach([0, 1, 2, 3, 4], 0.5), 2);
  assert.ok(Math.abs(reach([0, 10], 0.25) - 2.5) < 1e-12);
  assert.equal(reach([0, 0, 0, -7], 0.5), 7); // most are 0: what is not has to be told from them
  assert.equal(reach([], 0.5), 1);
  assert.equal(reach([0, 0], 0.5), 1);
});

test("zero is the ground, and each sign has a hue of its own", () => {
  assert.deepEqual(tint(0, 2, COLOURS), [240, 240, 235]);
  assert.deepEqual(tint(2, 2, COLOURS), [0, 92, 148]);
  assert.deepEqual(tint(5, 2, COLOURS), [0, 92, 148]);
  assert.deepEqual(tint(-2, 2, COLOURS), [190, 80, 0]);
});

test("letters stack away from the line, the largest outermost", () => {
  const { on, calls } = recorded();
  const drawing = logo([[0.5, 1.5, 0, -1]], { letters: "ACGT", first: 1, unit: "logits", bare: true, wide: 10, high: 60 }, LETTERS);
  drawing.draw(on, COLOURS);
  const glyphs = calls.filter((call) => call[0] === "glyph").map(([, outline, x, y, , high]) => [outline, x, y, high]);
  // 60 dots for 3 logits, from the top: zero is at 2 + 40
  assert.deepEqual(glyphs, [["a", 7, 42, 10], ["t", 7, 62, 20], ["c", 7, 32, 30]]);
  assert.equal(calls.find((call) => call[0] === "glyph")![6], "green");
});

test("a pointer finds the nearest dot that it is near to", () => {
  const places: [number, number][] = [[0, 0], [10, 0], [10, 0]];
  assert.equal(nearest(places, 2, 1), 0);
  assert.equal(nearest(places, 9, 0), 2);
  assert.equal(nearest(places, 50, 50), null);
  assert.deepEqual(extent([3, -1, 2]), [-1, 3]);
});

test("dots of a scatter are found where they are drawn, and the one that is picked is ringed", () => {
  const dots = [{ x: 1, y: 2, kind: 0 }, { x: 100, y: -1, kind: 1 }];
  const found = scatter(dots, ["position", "score"], ["SNV", "deletion"], () => 1, 740);
  const { on, calls } = recorded();
  found.drawing().draw(on, COLOURS);
  const drawn = calls.filter((call) => call[0] === "dot" && call[4] === "one");
  const [, x, y] = drawn[0] as [string, number, number];
  assert.equal(found.at(x, y), 0);
  const ring = calls.find((call) => call[0] === "dot" && call[5] === "ink") as [string, number, number];
  assert.equal(found.at(ring[1], ring[2]), 1);
  assert.ok(ring[1] > x && ring[2] > y);
});

test("lines have gaps where nothing is known", () => {
  assert.deepEqual(stretches([null, 1, 2, NaN, 3]), [[1, 2], [4]]);
  assert.deepEqual(stretches([null, null]), []);
});

test("ticks of an axis are written in one way, small and large ones with exponents", () => {
  const said = (...values: number[]) => labelled(values).map(([, text]) => text);
  assert.deepEqual(said(-0.00002, 0, 0.00001), ["\u22122e\u22125", "0", "1e\u22125"]);
  assert.deepEqual(said(0, 0.0005, 0.001), ["0", "0.0005", "0.001"]);
  assert.deepEqual(said(-500000, 1000000), ["\u22125e+5", "1e+6"]);
  assert.deepEqual(said(0, 0), ["0", "0"]);
});

test("no tick of curves of small numbers reaches beyond the edge", () => {
  const { on, calls } = recorded();
  curves("small", [1, 2], [{ name: "", points: [[-2e-5, -3e-5, -1e-5], [1e-5, 0, 2e-5]] }], ["position", "mean"]).draw(on, COLOURS);
  const ends = calls.filter((call) => call[0] === "text" && (call[4] as { anchor?: string }).anchor === "end");
  assert.ok(ends.length > 2);
  for (const [, text, x] of ends) assert.ok((x as number) - 6.6 * String(text).length >= 0, `${text} at ${x}`);
});

test("names are broken behind a hyphen, and what does not fit lacks its middle", () => {
  const on = { width: (text: string) => 10 * text.length } as unknown as Surface; // ten dots a letter
  assert.deepEqual(inTwo(on, "attnlrp", [200, 300]), ["attnlrp"]);
  assert.deepEqual(inTwo(on, "integrated-gradients-pad", [200, 300]), ["integrated-", "gradients-pad"]);
  assert.deepEqual(inTwo(on, "run, 1 - 0", [60, 300]), ["run,", "1 - 0"]);
  assert.deepEqual(inTwo(on, "abcdefghijklmnop", [70, 300]), ["abc\u2026nop"]);
  assert.deepEqual(inTwo(on, "transformer-integrated-gradients-pad", [130, 130]), ["transformer-", "integr\u2026ts-pad"]);
  const [one, other] = ["gradients", "gradients-pad"].map((end) => inTwo(on, `study-0-integrated-${end}`, [100, 130]).join(" "));
  assert.notEqual(one, other);
});
