// The sequences of the page, and what is known of each: relevance by series, tokens, annotations.

import type { AnnotationContent, Labels, Place, RunFacts, SequencesContent, SeriesContent } from "./content";
import { fromHalf, type Data } from "./data";

const NONE = 0xffff;

export interface Span { start: number; end: number; label: string; lane: number }

export class Series {
  readonly name: string;
  readonly rows: Int32Array; // by number of the sequence, -1 where it has none
  private readonly first: Int32Array; // of the values of each row
  private readonly bits: Uint16Array;
  private readonly scale: Float64Array;
  private readonly sums: Float64Array;
  private readonly scores: Float64Array;
  private readonly probabilities: Float32Array;
  private readonly targets: (row: number) => string | null;
  private readonly predictions: (row: number) => string | null;
  private readonly tokens: { first: Int32Array; start: Int32Array; end: Int32Array } | null;

  constructor(data: Data, said: SeriesContent, readonly run: RunFacts, letters: readonly string[], several: boolean) {
    this.name = several && said.target !== null ? `${run.label}, ${said.target}` : run.label;
    const numbers = data.array(said.sequences) as Int32Array;
    this.rows = new Int32Array(letters.length).fill(-1);
    numbers.forEach((number, row) => { this.rows[number] = row; });
    this.first = starts(Array.from(numbers, (number) => letters[number].length));
    this.bits = data.halves(said.relevance);
    this.scale = data.array(said.scale) as Float64Array;
    this.sums = data.array(said.sum) as Float64Array;
    this.scores = data.array(said.score) as Float64Array;
    this.probabilities = data.array(said.probability) as Float32Array;
    this.targets = named(data, said.targets);
    this.predictions = named(data, said.predicted);
    this.tokens = said.tokens && {
      first: starts(data.array(said.tokens.count) as Int32Array),
      start: data.array(said.tokens.start) as Int32Array,
      end: data.array(said.tokens.end) as Int32Array,
    };
  }

  has(number: number): boolean {
    return this.rows[number] >= 0;
  }

  // Relevance of every letter in logits; null where the series has none of this sequence.
  relevance(number: number): Float32Array | null {
    const row = this.rows[number];
    if (row < 0) return null;
    const values = fromHalf(this.bits.subarray(this.first[row], this.first[row + 1]));
    const scale = this.scale[row];
    return values.map((value) => value * scale);
  }

  // The largest relevance of a sequence, whatever its sign.
  largest(number: number): number {
    return this.of(this.scale, number);
  }

  sum(number: number): number {
    return this.of(this.sums, number);
  }

  score(number: number): number {
    return this.of(this.scores, number);
  }

  probability(number: number): number {
    return this.of(this.probabilities, number);
  }

  target(number: number): string | null {
    return this.has(number) ? this.targets(this.rows[number]) : null;
  }

  predicted(number: number): string | null {
    return this.has(number) ? this.predictions(this.rows[number]) : null;
  }

  // Start and end of every token of several letters or one; none where every token is one letter.
  spans(number: number): [number, number][] {
    const row = this.rows[number];
    if (!this.tokens || row < 0) return [];
    const found: [number, number][] = [];
    for (let i = this.tokens.first[row]; i < this.tokens.first[row + 1]; i++) {
      found.push([this.tokens.start[i], this.tokens.end[i]]);
    }
    return found;
  }

  private of(values: Float64Array | Float32Array, number: number): number {
    return this.has(number) ? values[this.rows[number]] : NaN;
  }
}

export class Annotation {
  readonly name: string;
  readonly labels: readonly string[];
  private readonly first: Int32Array;
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  private readonly label: Int32Array;

  constructor(data: Data, said: AnnotationContent) {
    this.name = said.name;
    this.labels = said.labels;
    this.first = starts(data.array(said.count) as Int32Array);
    [this.start, this.end, this.label] = [said.start, said.end, said.label].map((ref) => data.array(ref) as Int32Array);
  }

  has(number: number): boolean {
    return this.first[number + 1] > this.first[number];
  }

  // Sites of a sequence from left to right, each in the first lane where there is room.
  spans(number: number): Span[] {
    const found: Span[] = [];
    for (let i = this.first[number]; i < this.first[number + 1]; i++) {
      found.push({ start: this.start[i], end: this.end[i], label: this.labels[this.label[i]], lane: 0 });
    }
    found.sort((a, b) => a.start - b.start || b.end - a.end);
    const free: number[] = [];
    for (const span of found) {
      const lane = free.findIndex((end) => end <= span.start);
      span.lane = lane < 0 ? free.length : lane;
      free[span.lane] = span.end;
    }
    return found;
  }

  lanes(number: number): number {
    return this.spans(number).reduce((most, span) => Math.max(most, span.lane + 1), 0);
  }
}

export class Tracks {
  readonly ids: readonly string[];
  readonly letters: readonly string[];
  readonly alphabet: string;
  readonly leftOut: number;
  readonly longest: number;
  readonly series: readonly Series[];
  readonly annotations: readonly Annotation[];
  private readonly places: readonly Place[] | null;
  private readonly labels: ReadonlySet<string>;

  constructor(data: Data, said: SequencesContent, runs: readonly RunFacts[]) {
    this.ids = said.ids;
    this.letters = said.letters;
    this.alphabet = said.alphabet;
    this.leftOut = said.left_out;
    this.places = said.places;
    this.longest = said.letters.reduce((most, text) => Math.max(most, text.length), 1);
    const several = (run: number) => said.series.filter((one) => one.run === run).length > 1;
    this.series = said.series.map((one) => new Series(data, one, runs[one.run], said.letters, several(one.run)));
    this.labels = new Set(said.series.flatMap((one) => one.targets?.names ?? []));
    this.annotations = said.annotations.map((one) => new Annotation(data, one));
  }

  // How many targets were explained.
  get targets(): number {
    return this.labels.size;
  }

  get count(): number {
    return this.ids.length;
  }

  // Chromosome, strand and 1-based coordinate of a letter; null where nobody knows.
  place(number: number, letter: number): { chrom: string; at: number; strand: string } | null {
    const place = this.places?.[number];
    if (!place || place[0] === null) return null;
    const [chrom, start, end, strand] = place;
    return { chrom, at: strand === "-" ? end - letter : start + letter + 1, strand };
  }

  shown(number: number): Series[] {
    return this.series.filter((one) => one.has(number));
  }
}

function starts(counts: ArrayLike<number>): Int32Array {
  const found = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) found[i + 1] = found[i] + counts[i];
  return found;
}

function named(data: Data, said: Labels | null): (row: number) => string | null {
  if (!said) return () => null;
  const places = data.array(said.of) as Uint16Array;
  return (row) => (places[row] === NONE ? null : said.names[places[row]]);
}
