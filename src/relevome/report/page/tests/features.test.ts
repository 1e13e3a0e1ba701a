import assert from "node:assert/strict";
import { test } from "node:test";
import { besides, within, type Site } from "../src/sequences/features";

const site = (start: number, end: number) => ({ span: { start, end } }) as unknown as Site;

test("means within a site and outside of it", () => {
  assert.deepEqual(within([1, 2, 3, -6], 1, 3), [2.5, -2.5]);
  assert.deepEqual(within([4, 8], 0, 2), [6, NaN]); // no letters are left
});

test("the next site, and the one before, also of those that begin at one letter", () => {
  const sites = [site(0, 4), site(7, 8), site(7, 20), site(9, 10)];
  const right = (at: number | null, letter: number) => besides(sites, at, letter, true);
  const left = (at: number | null, letter: number) => besides(sites, at, letter, false);
  assert.deepEqual([right(null, 0), right(null, 1), right(null, 7), right(null, 10)], [0, 1, 1, -1]);
  assert.deepEqual([right(0, 0), right(1, 7), right(2, 7), right(3, 9)], [1, 2, 3, -1]);
  assert.deepEqual([left(null, 0), left(null, 1), left(null, 9), left(null, 50)], [-1, 0, 2, 3]);
  assert.deepEqual([left(0, 0), left(2, 7)], [-1, 1]);
});
