// Letters and relevance that lie in the page itself.

import type { SequencesContent, SeriesContent } from "./content";
import { fromHalf, type Data } from "./data";
import type { Listener, Profile, Source, Summaries } from "./source";
import { means } from "./statistics";

class EmbeddedSeries {
  readonly numbers: Int32Array;
  private readonly row: Int32Array; // by number of the sequence, -1 where it has none
  private readonly first: Int32Array; // of the values of each row
  private readonly bits: Uint16Array;
  readonly scale: Float64Array;
  readonly sum: Float64Array;
  private readonly tokens: { first: Int32Array; start: Int32Array; end: Int32Array } | null;

  constructor(data: Data, said: SeriesContent, letters: readonly string[]) {
    this.numbers = data.array(said.sequences) as Int32Array;
    this.row = new Int32Array(letters.length).fill(-1);
    this.numbers.forEach((number, row) => { this.row[number] = row; });
    this.first = starts(Array.from(this.numbers, (number) => letters[number].length));
    this.bits = data.halves(said.relevance!);
    this.scale = data.array(said.scale!) as Float64Array;
    this.sum = data.array(said.sum!) as Float64Array;
    this.tokens = said.tokens && {
      first: starts(data.array(said.tokens.count) as Int32Array),
      start: data.array(said.tokens.start) as Int32Array,
      end: data.array(said.tokens.end) as Int32Array,
    };
  }

  relevance(number: number): Float32Array | null {
    const row = this.row[number];
    if (row < 0) return null;
    const values = fromHalf(this.bits.subarray(this.first[row], this.first[row + 1]));
    const scale = this.scale[row];
    return values.map((value) => value * scale);
  }

  spans(number: number): [number, number][] {
    const row = this.row[number];
    if (!this.tokens || row < 0) return [];
    return spansOf(this.tokens, this.tokens.first[row], this.tokens.first[row + 1]);
  }
}

export class EmbeddedSource implements Source {
  readonly failure = null;
  readonly slow = false;
  private readonly texts: readonly string[];
  private readonly series: readonly EmbeddedSeries[];

  constructor(data: Data, said: SequencesContent) {
    this.texts = said.letters!;
    this.series = said.series.map((one) => new EmbeddedSeries(data, one, this.texts));
  }

  here(): boolean {
    return true;
  }

  letters(number: number): string {
    return this.texts[number];
  }

  relevance(series: number, number: number): Float32Array | null {
    return this.series[series].relevance(number);
  }

  spans(series: number, number: number): [number, number][] {
    return this.series[series].spans(number);
  }

  bring(): void {}

  onCome(_: Listener): void {}

  async holding(_: string, wanted: RegExp): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    this.texts.forEach((text, number) => { if (text.search(wanted) >= 0) found.add(number); });
    return found;
  }

  async summaries(): Promise<Summaries> {
    return { scale: this.series.map((one) => one.scale), sum: this.series.map((one) => one.sum) };
  }

  async profiles(): Promise<readonly Profile[]> {
    const letters = this.texts[0].length;
    return this.series.map((one) => {
      const rows = Array.from(one.numbers, (number) => one.relevance(number)!);
      return { rows: rows.length, points: means(rows, letters) };
    });
  }
}

export function starts(counts: ArrayLike<number>): Int32Array {
  const found = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) found[i + 1] = found[i] + counts[i];
  return found;
}

export function spansOf(
  tokens: { start: ArrayLike<number>; end: ArrayLike<number> }, first: number, last: number
): [number, number][] {
  return Array.from({ length: last - first }, (_, i) => [tokens.start[first + i], tokens.end[first + i]]);
}
