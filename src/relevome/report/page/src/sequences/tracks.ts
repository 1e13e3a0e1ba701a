// The sequences of the page, and what is known of each: relevance by series, tokens, annotations.

import type { AnnotationContent, Labels, PlacesContent, RunFacts, SequencesContent, SeriesContent } from "../data/content";
import type { Data } from "../data/data";
import { starts } from "../data/embedded";
import type { Source } from "../data/source";
import type { Interval } from "./locus";

const NONE = -1;
const COLOURS = 9; // names that colours tell apart

// ``label`` has the type in it, ``note`` what is said beside it; ``type`` is -1 where there is none.
export interface Span { start: number; end: number; label: string; note: string; type: number; lane: number }

export class Series {
  readonly name: string;
  private readonly rows: Int32Array; // by number of the sequence, -1 where it has none
  private readonly scores: Float64Array;
  private readonly probabilities: Float32Array;
  private readonly targets: (row: number) => string | null;
  private readonly predictions: (row: number) => string | null;
  private scale: Float64Array | null = null;
  private sums: Float64Array | null = null;

  constructor(
    data: Data, said: SeriesContent, readonly run: RunFacts, sequences: number, several: boolean,
    private readonly source: Source, private readonly place: number,
  ) {
    this.name = several && said.target !== null ? `${run.label}, ${said.target}` : run.label;
    const numbers = data.array(said.sequences) as Int32Array;
    this.rows = new Int32Array(sequences).fill(-1);
    numbers.forEach((number, row) => { this.rows[number] = row; });
    this.scores = data.array(said.score) as Float64Array;
    this.probabilities = data.array(said.probability) as Float32Array;
    this.targets = named(data, said.targets);
    this.predictions = named(data, said.predicted);
  }

  // What is known when all relevance was read.
  summarise(scale: Float64Array, sums: Float64Array): void {
    [this.scale, this.sums] = [scale, sums];
  }

  has(number: number): boolean {
    return this.rows[number] >= 0;
  }

  // Relevance of every letter in logits, of a sequence that is here; null where the series has none of it.
  relevance(number: number): Float32Array | null {
    return this.has(number) ? this.source.relevance(this.place, number) : null;
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
    return this.has(number) ? this.source.spans(this.place, number) : [];
  }

  private of(values: Float64Array | Float32Array | null, number: number): number {
    return values && this.has(number) ? values[this.rows[number]] : NaN;
  }
}

export class Annotation {
  readonly name: string;
  readonly types: readonly string[]; // from the top, a lane or more each; none where all sites share theirs
  private readonly looks: readonly { label: string; note: string; type: number }[];
  private readonly first: Int32Array;
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  private readonly label: Int32Array;

  constructor(data: Data, said: AnnotationContent) {
    this.name = said.name;
    this.types = said.types;
    this.looks = said.labels.map((label, i) => ({ label, note: said.notes[i], type: said.type[i] }));
    this.first = starts(data.array(said.count) as Int32Array);
    [this.start, this.end, this.label] = [said.start, said.end, said.label].map((ref) => data.array(ref) as Int32Array);
  }

  has(number: number): boolean {
    return this.first[number + 1] > this.first[number];
  }

  // Sites of a sequence from left to right, each in the first lane of its type where there is room.
  spans(number: number): Span[] {
    const found: Span[] = [];
    for (let i = this.first[number]; i < this.first[number + 1]; i++) {
      found.push({ start: this.start[i], end: this.end[i], ...this.looks[this.label[i]], lane: 0 });
    }
    found.sort((a, b) => a.start - b.start || b.end - a.end);
    const free: number[][] = this.types.map(() => []), others: number[] = []; // by type and lane, the first free letter
    for (const span of found) {
      const own = free[span.type] ?? others, lane = own.findIndex((end) => end <= span.start);
      span.lane = lane < 0 ? own.length : lane;
      own[span.lane] = span.end;
    }
    const above = [0]; // lanes, by type
    for (const own of [...free, others]) above.push(above[above.length - 1] + own.length);
    for (const span of found) span.lane += above[span.type < 0 ? free.length : span.type];
    return found;
  }

  // The name of a site's lane.
  under(span: Span): string {
    return this.types[span.type] ?? this.name;
  }

  // What a site is called above what is said of it.
  titled(span: Span): string {
    return this.types[span.type] ?? span.label;
  }

  // The number of a site's colour.
  colour(span: Span): number {
    if (this.types.length) return span.type < 0 ? this.types.length : span.type;
    return this.looks.length > COLOURS ? 0 : this.looks.findIndex((one) => one.label === span.label);
  }

  lanes(number: number): number {
    return this.spans(number).reduce((most, span) => Math.max(most, span.lane + 1), 0);
  }
}

export class Tracks {
  readonly ids: readonly string[];
  readonly alphabet: string;
  readonly leftOut: number;
  readonly longest: number;
  readonly series: readonly Series[];
  readonly annotations: readonly Annotation[];
  private readonly lengths: Int32Array;
  private readonly places: ((number: number) => Interval | null) | null;
  private readonly labels: ReadonlySet<string>;

  constructor(data: Data, said: SequencesContent, runs: readonly RunFacts[], readonly source: Source) {
    this.ids = said.ids;
    this.lengths = data.array(said.lengths) as Int32Array;
    this.alphabet = said.alphabet;
    this.leftOut = said.left_out;
    this.places = said.places && placed(data, said.places);
    this.longest = this.lengths.reduce((most, length) => Math.max(most, length), 1);
    const several = (run: number) => said.series.filter((one) => one.run === run).length > 1;
    this.series = said.series.map((one, place) =>
      new Series(data, one, runs[one.run], said.ids.length, several(one.run), source, place));
    this.labels = new Set(said.series.flatMap((one) => one.targets?.names ?? []));
    this.annotations = said.annotations.map((one) => new Annotation(data, one));
  }

  // Have sums and largest values of all sequences.
  async summarised(): Promise<void> {
    const { scale, sum } = await this.source.summaries();
    this.series.forEach((one, place) => one.summarise(scale[place], sum[place]));
  }

  length(number: number): number {
    return this.lengths[number];
  }

  // The letters of a sequence that is here.
  letters(number: number): string {
    return this.source.letters(number);
  }

  get alike(): boolean {
    return this.lengths.every((length) => length === this.longest);
  }

  // How many targets were explained.
  get targets(): number {
    return this.labels.size;
  }

  get count(): number {
    return this.ids.length;
  }

  // Where a sequence lies, null where nobody knows.
  interval(number: number): Interval | null {
    return this.places?.(number) ?? null;
  }

  // Chromosome, strand and 1-based coordinate of a letter; null where nobody knows.
  place(number: number, letter: number): { chrom: string; at: number; strand: string } | null {
    const place = this.interval(number);
    if (!place) return null;
    const { chrom, start, end, strand } = place;
    return { chrom, at: strand === "-" ? end - letter : start + letter + 1, strand };
  }

  shown(number: number): Series[] {
    return this.series.filter((one) => one.has(number));
  }
}

function placed(data: Data, said: PlacesContent): (number: number) => Interval | null {
  const chroms = named(data, said.chrom), strands = named(data, said.strand);
  const starts = data.array(said.start), ends = data.array(said.end);
  return (number) => {
    const chrom = chroms(number);
    return chrom === null ? null : { chrom, start: starts[number], end: ends[number], strand: strands(number) ?? "." };
  };
}

function named(data: Data, said: Labels | null): (row: number) => string | null {
  if (!said) return () => null;
  const places = data.array(said.of) as Int32Array;
  return (row) => (places[row] === NONE ? null : said.names[places[row]]);
}
