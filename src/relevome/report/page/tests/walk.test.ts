import assert from "node:assert/strict";
import { test } from "node:test";
import { step, type Places } from "../src/drawing/walk";

const places: Places = { rows: 3, columns: 20, dots: (row, column) => [column, row] };

test("arrows go one place, or ten with Shift, and stay on the drawing", () => {
  assert.deepEqual(step("ArrowRight", false, [0, 0], places), [0, 1]);
  assert.deepEqual(step("ArrowRight", true, [0, 15], places), [0, 19]);
  assert.deepEqual(step("ArrowLeft", false, [1, 0], places), [1, 0]);
  assert.deepEqual(step("ArrowDown", false, [1, 4], places), [2, 4]);
  assert.deepEqual(step("ArrowDown", false, [2, 4], places), [2, 4]);
  assert.deepEqual(step("ArrowUp", true, [2, 4], places), [0, 4]);
});

test("Home and End are the ends of a row, and other keys lead nowhere", () => {
  assert.deepEqual(step("Home", false, [1, 7], places), [1, 0]);
  assert.deepEqual(step("End", false, [1, 7], places), [1, 19]);
  assert.equal(step("a", false, [1, 7], places), null);
  assert.equal(step("Enter", false, [1, 7], places), null);
});
