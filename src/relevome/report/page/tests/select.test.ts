import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, occurrences, stretch, type Asked } from "../src/sequences/select";

const all = { count: 4, ids: ["b10", "a2", "TATAAT", "a10"] };
const nowhere = new Set<number>();
const asked = (given: Partial<Asked>): Asked => ({ query: "", keep: () => true, key: null, descending: true, ...given });

test("a query finds ids, and letters wherever they stand", () => {
  assert.deepEqual([...chosen(all, asked({ query: "tataat" }), new Set([0]))], [0, 2]);
  assert.deepEqual([...chosen(all, asked({ query: "A2" }), nowhere)], [1]);
  assert.deepEqual([...chosen(all, asked({ query: " " }), nowhere)], [0, 1, 2, 3]);
  assert.deepEqual([...chosen(all, asked({ query: "nothing of this" }), nowhere)], []);
});

test("IUPAC codes stand for several bases, and X for any residue", () => {
  assert.deepEqual(occurrences("GGTATAATCC", stretch("TWTRRT", "dna")), [[2, 8]]);
  assert.deepEqual(occurrences("AUG", stretch("ATG", "rna")), [[0, 3]]);
  assert.deepEqual(occurrences("MKWVT", stretch("KXV", "protein")), [[1, 4]]);
  assert.equal(stretch("AT", "dna"), null);
  assert.equal(stretch("a(b", "dna"), null);
});

test("occurrences may overlap", () => {
  assert.deepEqual(occurrences("TATATATA", stretch("TATA", "dna")), [[0, 4], [2, 6], [4, 8]]);
});

test("orders are stable, turn around, and put what has no number last", () => {
  const values = [1, NaN, 3, 1];
  assert.deepEqual([...chosen(all, asked({ key: (i) => values[i] }), nowhere)], [2, 0, 3, 1]);
  assert.deepEqual([...chosen(all, asked({ key: (i) => values[i], descending: false }), nowhere)], [0, 3, 2, 1]);
  assert.deepEqual([...chosen(all, asked({ key: (i) => all.ids[i], descending: false }), nowhere)].map((i) => all.ids[i]),
    ["a2", "a10", "b10", "TATAAT"]);
});

test("a filter counts before the order", () => {
  assert.deepEqual([...chosen(all, asked({ keep: (i) => i % 2 === 1, key: (i) => i }), nowhere)], [3, 1]);
});
