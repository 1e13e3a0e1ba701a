// Places on chromosomes as genome browsers write them: chr1:1,201-1,300, from 1, both ends among them.

export interface Interval { chrom: string; start: number; end: number; strand: string } // from 0, without the end
export type Locus = Omit<Interval, "strand">;

const WRITTEN = /^([^\s:]+):([\d,]+)(?:(?:-|–|\.\.)([\d,]+))?$/;

// What a query means, null where it is no place.
export function locus(query: string): Locus | null {
  const found = WRITTEN.exec(query.trim());
  if (!found) return null;
  const [start, end] = [found[2], found[3] ?? found[2]].map((text) => Number(text.replace(/,/g, "")));
  return start >= 1 && end >= start ? { chrom: found[1], start: start - 1, end } : null;
}

// The letters of a sequence that lie there, on either strand; null where none does. chr1 is 1.
export function lettersAt(wanted: Locus, at: Interval | null): [number, number] | null {
  if (!at || bare(wanted.chrom) !== bare(at.chrom)) return null;
  const [start, end] = [Math.max(wanted.start, at.start), Math.min(wanted.end, at.end)];
  if (start >= end) return null;
  return at.strand === "-" ? [at.end - end, at.end - start] : [start - at.start, end - at.start];
}

// Where letters of a sequence lie, for a genome browser.
export function written(at: Interval, first: number, last: number): string {
  const [start, end] = at.strand === "-" ? [at.end - last, at.end - first] : [at.start + first, at.start + last];
  return `${at.chrom}:${start + 1}-${end}`;
}

const bare = (chrom: string) => chrom.toLowerCase().replace(/^chr/, "");
