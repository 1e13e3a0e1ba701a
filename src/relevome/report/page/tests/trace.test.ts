import assert from "node:assert/strict";
import { test } from "node:test";
import { applied, ballOf, facing, nearestTo, pathOf, STRAIGHT, turned, type Place, type Turn } from "../src/structures/trace";

const near = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((one, i) => assert.ok(Math.abs(one - expected[i]) < 1e-9, `${found} is not ${expected}`));

// Rows of a rotation are of length 1, at right angles, and right-handed.
function proper(turn: Turn): void {
  const rows = [0, 3, 6].map((i) => turn.slice(i, i + 3));
  const dot = (a: number[], b: number[]) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  rows.forEach((a, i) => rows.forEach((b, j) => near([dot(a, b)], [i === j ? 1 : 0])));
  const [a, b, c] = rows;
  near([a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])], [1]);
}

test("what is in front goes where the pointer drags it", () => {
  const front: Place = [0, 0, 1];
  const [right] = applied(turned(STRAIGHT, 0.1, 0), front), [, up] = applied(turned(STRAIGHT, 0, 0.1), front);
  near([right, up], [Math.sin(0.1), -Math.sin(0.1)]);
  proper(turned(turned(STRAIGHT, 0.3, -2), 1.1, 0.7));
});

test("a place is brought to the front, wherever it was", () => {
  const before = turned(STRAIGHT, 0.4, 1.3);
  for (const place of [[1, 2, -3], [0, 0, -5], [0, 0, 5], [-2, 0, 0], [0, 7, 1e-9]] as Place[]) {
    for (const start of [STRAIGHT, before]) {
      const turn = facing(start, place);
      proper(turn);
      near(applied(turn, place), [0, 0, Math.hypot(...place)]);
    }
  }
});

test("a line goes through every residue, and no piece leads over a gap", () => {
  const at = [0, 0, 0, 4, 1, 0, 8, 0, 1, NaN, NaN, NaN, 20, 0, 0, 30, 0, 0, 34, 0, 0];
  const { points, pieces } = pathOf(at, [1, 1, 1, 1, 0, 1], 4);
  const place = (point: number) => points.slice(3 * point, 3 * point + 3);
  const lengths = pieces.map(([from, to]) => Math.hypot(...place(from).map((one, i) => one - place(to)[i])));
  assert.ok(lengths.every((length) => length < 2));
  assert.deepEqual(pieces.map((piece) => piece[2]), [0, 0, 1, 1, 1, 1, 2, 2, 4, 5, 5, 6, 6]);
  near(place(pieces[3][1]), [4, 1, 0]);
  near(place(pieces[7][1]), [8, 0, 1]);
  assert.equal(pieces[8][0], pieces[8][1]); // alone
  near(place(pieces[12][1]), [34, 0, 0]);
});

test("the ball around all places", () => {
  const { middle, radius } = ballOf([[0, 0, 0, 10, 0, 0], [NaN, NaN, NaN], [5, 2, 0]]);
  near([...middle, radius], [5, 1, 0, Math.hypot(5, 1)]);
  near([ballOf([]).radius], [1]);
});

test("the residue under the pointer is the one in front", () => {
  const points = [{ x: 10, y: 10, depth: -1 }, { x: 12, y: 10, depth: 5 }, { x: 60, y: 10, depth: 9 }];
  assert.equal(nearestTo(points, 10, 10, 3, 8), 1);
  assert.equal(nearestTo(points, 7, 10, 3, 8), 0); // beside the one in front
  assert.equal(nearestTo(points, 6, 10, 3, 8), 0);
  assert.equal(nearestTo(points, 62, 12, 3, 8), 2);
  assert.equal(nearestTo(points, 30, 30, 3, 8), -1);
});
