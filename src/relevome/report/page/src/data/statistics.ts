// Means and their intervals.

import type { Interval } from "./content";

const Z = 1.959963984540054; // the 97.5% quantile of the normal distribution

// The mean of each position with its 95% interval, by the standard error over rows.
export function means(rows: readonly ArrayLike<number>[], letters: number): Interval[] {
  const sum = new Float64Array(letters), squares = new Float64Array(letters);
  for (const row of rows) {
    for (let i = 0; i < letters; i++) {
      sum[i] += row[i];
      squares[i] += row[i] * row[i];
    }
  }
  return meansOf(sum, squares, rows.length);
}

// The same from sums and sums of squares of n rows.
export function meansOf(sum: ArrayLike<number>, squares: ArrayLike<number>, n: number): Interval[] {
  return Array.from(sum, (total, i) => {
    const mean = total / n, variance = Math.max(0, squares[i] - n * mean * mean) / (n - 1);
    const half = Z * Math.sqrt(variance / n);
    return [mean, mean - half, mean + half];
  });
}

// Places from left to right, in stretches without a gap.
export function stretches(values: readonly (number | null)[]): number[][] {
  const found: number[][] = [];
  values.forEach((value, i) => {
    if (value === null || Number.isNaN(value)) return;
    const last = found[found.length - 1];
    if (last && last[last.length - 1] === i - 1) last.push(i);
    else found.push([i]);
  });
  return found;
}
