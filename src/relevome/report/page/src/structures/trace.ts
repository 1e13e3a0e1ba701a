// The path of a chain in space: smooth lines through its residues, turned, projected, and in order of depth.

export type Place = readonly [number, number, number];

// Rows of a rotation: to the right, up, towards who looks; in any other order it would be a mirror image.
export type Turn = readonly [number, number, number, number, number, number, number, number, number];

export const STRAIGHT: Turn = [1, 0, 0, 0, 1, 0, 0, 0, 1];

// Turned further by so many radians, to the right and downwards on the screen.
export function turned(turn: Turn, right: number, down: number): Turn {
  const [c, s] = [Math.cos(right), Math.sin(right)], [d, t] = [Math.cos(down), Math.sin(down)];
  return product([1, 0, 0, 0, d, -t, 0, t, d], product([c, 0, s, 0, 1, 0, -s, 0, c], turn));
}

// Turned as little as needed for a place to be in front of the middle (Rodrigues' rotation of its direction).
export function facing(turn: Turn, place: Place): Turn {
  const [x, y, z] = applied(turn, place), size = Math.hypot(x, y, z);
  if (!size) return turn;
  const [a, b, c] = [x / size, y / size, z / size];
  if (c < -0.999999) return product([-1, 0, 0, 0, 1, 0, 0, 0, -1], turn);
  const k = 1 / (1 + c);
  return product([1 - a * a * k, -a * b * k, -a, -a * b * k, 1 - b * b * k, -b, a, b, c], turn);
}

export function applied(turn: Turn, [x, y, z]: Place): Place {
  return [turn[0] * x + turn[1] * y + turn[2] * z, turn[3] * x + turn[4] * y + turn[5] * z, turn[6] * x + turn[7] * y + turn[8] * z];
}

function product(a: Turn, b: Turn): Turn {
  const of = (row: number, column: number) => a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column];
  return [of(0, 0), of(0, 1), of(0, 2), of(1, 0), of(1, 1), of(1, 2), of(2, 0), of(2, 1), of(2, 2)];
}

// Points of a smooth line, three numbers each; a piece leads from each point to the next, but not over a gap.
export interface Path { points: number[]; pieces: [from: number, to: number, residue: number][] }

// A line through residues (Catmull and Rom 1974): `steps` pieces from one to the next, of which each half belongs to
// the residue that it is nearer to. A residue alone is a piece without length; one without a place is a gap.
export function pathOf(at: ArrayLike<number>, joined: ArrayLike<number>, steps: number): Path {
  const points: number[] = [], pieces: Path["pieces"] = [], n = at.length / 3;
  const known = (i: number) => i >= 0 && i < n && !Number.isNaN(at[3 * i]);
  const bound = (i: number) => known(i) && known(i + 1) && !!joined[i];
  const add = (place: Place) => points.push(...place) / 3 - 1;
  const of = (i: number): Place => [at[3 * i], at[3 * i + 1], at[3 * i + 2]];
  let last = -1;
  for (let i = 0; i < n; i++) {
    if (!known(i)) continue;
    if (!bound(i - 1)) last = add(of(i));
    if (!bound(i)) {
      if (!bound(i - 1)) pieces.push([last, last, i]);
      continue;
    }
    const ends = [bound(i - 1) ? of(i - 1) : of(i), of(i), of(i + 1), bound(i + 1) ? of(i + 2) : of(i + 1)] as const;
    for (let step = 1; step <= steps; step++) {
      const next = add(between(ends, step / steps));
      pieces.push([last, next, step - 0.5 < steps / 2 ? i : i + 1]);
      last = next;
    }
  }
  return { points, pieces };
}

function between([a, b, c, d]: readonly [Place, Place, Place, Place], t: number): Place {
  const one = (i: 0 | 1 | 2) => 0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t * t +
    (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t * t * t);
  return [one(0), one(1), one(2)];
}

// The middle of all places, and how far the furthest is from it.
export function ballOf(at: readonly ArrayLike<number>[]): { middle: Place; radius: number } {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  const each = (visit: (place: Place) => void) => {
    for (const all of at) for (let i = 0; i < all.length; i += 3) if (!Number.isNaN(all[i])) visit([all[i], all[i + 1], all[i + 2]]);
  };
  each((place) => place.forEach((value, i) => { low[i] = Math.min(low[i], value); high[i] = Math.max(high[i], value); }));
  const middle = low.map((value, i) => (value + high[i]) / 2 || 0) as unknown as Place;
  let radius = 1;
  each((place) => { radius = Math.max(radius, Math.hypot(...place.map((value, i) => value - middle[i]))); });
  return { middle, radius };
}

// The number of the point at these dots of the drawing: of those that are no further than `on` the one in front, else
// the nearest within `reach`; -1 for none.
export function nearestTo(points: readonly { x: number; y: number; depth: number }[], x: number, y: number, on: number, reach: number): number {
  let [best, size] = [-1, -Infinity];
  points.forEach((one, i) => {
    const away = Math.hypot(one.x - x, one.y - y), worth = away <= on ? one.depth + 1e6 : -away;
    if (away <= reach && worth > size) [best, size] = [i, worth];
  });
  return best;
}
