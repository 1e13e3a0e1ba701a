import assert from "node:assert/strict";
import { test } from "node:test";
import { turned } from "../src/sequences/links";
import { arranged, type Key, type Wanted } from "../src/tables/order";

interface Row { name: string; x: number | null }
const ROWS: Row[] = [{ name: "b10", x: 1 }, { name: "a2", x: null }, { name: "<i>", x: 3 }, { name: "a10", x: 1 }];
const wanted = (given: Partial<Wanted<Row>>): Wanted<Row> =>
  ({ query: "", text: (row) => row.name, keep: () => true, key: null, descending: false, ...given });
const names = (given: Partial<Wanted<Row>>) => arranged(ROWS, wanted(given)).map((row) => row.name);

test("rows are as they were given until somebody asks for an order", () => {
  assert.deepEqual(names({}), ["b10", "a2", "<i>", "a10"]);
  assert.deepEqual(names({ query: " A1 " }), ["a10"]);
  assert.deepEqual(names({ query: "<i>" }), ["<i>"]);
  assert.deepEqual(names({ keep: (row) => row.x === 1, query: "b" }), ["b10"]);
});

test("equal rows keep their order, and those without a number are last both ways", () => {
  const key = (row: Row): Key => row.x;
  assert.deepEqual(names({ key }), ["b10", "a10", "<i>", "a2"]);
  assert.deepEqual(names({ key, descending: true }), ["<i>", "b10", "a10", "a2"]);
});

test("names with numbers are ordered by these, and empty ones are last", () => {
  assert.deepEqual(names({ key: (row) => (row.name === "<i>" ? "" : row.name) }), ["a2", "a10", "b10", "<i>"]);
  assert.deepEqual(names({ key: (row) => (row.name === "<i>" ? "" : row.name), descending: true }), ["b10", "a10", "a2", "<i>"]);
});

test("the other strand is read in its own direction", () => {
  assert.equal(turned("AACGTN"), "NACGTT");
  assert.equal(turned(turned("TATAAT")), "TATAAT");
});
