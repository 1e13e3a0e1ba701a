// Means and their intervals.

import type { Interval } from "./content";

const Z = 1.959963984540054; // the 97.5% quantile of the normal distribution
const OF_FEW = [NaN, 12.706204736, 4.302652730, 3.182446305]; // by degrees of freedom, where the expansion is too coarse

// The 97.5% quantile of Student's t with so many degrees of freedom (Hill 1970, Communications of the ACM 13:619;
// Abramowitz and Stegun 26.7.5), to a thousandth.
export function student(freedom: number): number {
  if (freedom < OF_FEW.length) return OF_FEW[freedom];
  const powers = [
    (Z ** 3 + Z) / 4, (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96, (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384,
    (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92160,
  ];
  return powers.reduce((sum, one, i) => sum + one / freedom ** (i + 1), Z);
}

// The mean of each position with its 95% interval, by Student's t over rows; of one row the mean alone.
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
  if (n < 2) return Array.from(sum, (mean) => [mean, mean, mean]);
  const t = student(n - 1);
  return Array.from(sum, (total, i) => {
    const mean = total / n, variance = Math.max(0, squares[i] - n * mean * mean) / (n - 1);
    const half = t * Math.sqrt(variance / n);
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
