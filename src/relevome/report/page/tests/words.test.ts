import assert from "node:assert/strict";
import { test } from "node:test";
import { ticks } from "../src/drawing/charts";
import { means, student } from "../src/data/statistics";
import { View } from "../src/sequences/view";
import { isOf, counted, fixed, interval, short, tsv } from "../src/words";

test("numbers are written as the tables of relevome write them", () => {
  assert.equal(fixed(0.12345), "0.123");
  assert.equal(fixed(-0.0001), "\u22121.0e\u22124");
  assert.equal(fixed(-0.0001, 1), "0.000");
  assert.equal(fixed(123.45), "123.5");
  assert.equal(interval([0.5, -0.25, 1]), "0.500 [\u22120.250, 1.000]");
  assert.equal(short(0.00005), "5e\u22125");
  assert.equal(short(NaN), "");
});

test("a table for other programs has no formulas and no broken lines", () => {
  assert.equal(tsv(["id", "x"], [["=1+1", -1], ["-", 0], ["a\tb\nc", null]]), "id\tx\n'=1+1\t-1\n-\t0\na b c\t\n");
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(-0.12, 0.05, 4), [-0.1, -0.05, 0, 0.05]);
  assert.deepEqual(ticks(3, 3), [3]);
});

test("a view zooms about a letter, stays inside, and reveals", () => {
  const view = new View(100);
  view.zoom(0.5, 80);
  assert.deepEqual([view.start, view.span], [40, 50]);
  view.move(100);
  assert.equal(view.start, 50);
  view.reveal(10);
  assert.equal(view.start, 10);
  view.zoom(1e-9, 12);
  assert.equal(view.span, 8);
  view.all();
  assert.deepEqual([view.start, view.span], [0, 100]);
});

test("means have the interval of Student's t", () => {
  const [one, flat] = means([[1, 2], [2, 2], [6, 2]], 2);
  const half = 4.30265273 * Math.sqrt(7 / 3); // the variance of 1, 2, 6 is 7, with two degrees of freedom
  assert.deepEqual(one.map((x) => x.toFixed(9)), [3, 3 - half, 3 + half].map((x) => x.toFixed(9)));
  assert.deepEqual(flat, [2, 2, 2]);
  assert.deepEqual(means([[5, -1]], 2), [[5, 5, 5], [-1, -1, -1]]);
});

test("quantiles of Student's t are those of its tables", () => {
  const known = { 1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 9: 2.2622, 30: 2.0423, 100: 1.984 };
  for (const [freedom, value] of Object.entries(known)) assert.ok(Math.abs(student(Number(freedom)) - value) < 2e-3, freedom);
});

test("one of a thing is no plural", () => {
  assert.deepEqual([0, 1, 2, 1234].map((n) => counted(n, "contig")), ["0 contigs", "1 contig", "2 contigs", "1,234 contigs"]);
});

test("an output is the target also where its letter is said", () => {
  assert.ok(isOf("C", "C") && isOf("C at letter 22", "C"));
  assert.ok(!isOf("C at letter 22", "D") && !isOf("CC", "C") && !isOf(null, "C"));
});
