// Letters and relevance that `relevome view` reads when they are to be seen; the page keeps those seen last.

import type { Ref, SequencesContent } from "./content";
import { fromBytes, type Data } from "./data";
import { spansOf, starts } from "./embedded";
import type { Listener, Profile, Source, Summaries } from "./source";
import { meansOf } from "./statistics";

const BLOCK = 24; // rows of one request
const LETTERS = 400_000; // of one request, beyond its first row
const KEPT = 8_000_000; // letters and tracks of them that stay here
const AT_ONCE = 2; // requests
const PATIENCE = 1500; // milliseconds until relevance is summed up although no row came

interface Row { letters: string; relevance: (Float32Array | null)[]; spans: [number, number][][] }
interface RowsContent {
  numbers: number[]; letters: string[];
  series: { has: Ref; relevance: Ref; tokens: { count: Ref; start: Ref; end: Ref } | null }[];
}
interface SummariesContent {
  series: { scale: Ref; sum: Ref; profile: { rows: number; sum: Ref; squares: Ref } | null }[];
}

export type Ask = (what: string) => Promise<ArrayBuffer>;

export class FetchedSource implements Source {
  failure: string | null = null;
  readonly slow = true;
  private readonly rows = new Map<number, Row>(); // those seen last come last
  private kept = 0;
  private wanted: number[] = [];
  private readonly coming = new Set<number>();
  private requests = 0;
  private readonly listeners: Listener[] = [];
  private came: () => void = () => {};
  private readonly first = new Promise<void>((done) => { this.came = done; });
  private summed: Promise<Data<SummariesContent>> | null = null;

  private readonly tracks: number;

  constructor(private readonly lengths: ArrayLike<number>, said: SequencesContent, private readonly ask: Ask) {
    this.tracks = said.series.length;
  }

  here(number: number): boolean {
    return this.rows.has(number);
  }

  letters(number: number): string {
    return this.row(number).letters;
  }

  relevance(series: number, number: number): Float32Array | null {
    return this.row(number).relevance[series];
  }

  spans(series: number, number: number): [number, number][] {
    return this.row(number).spans[series];
  }

  onCome(listener: Listener): void {
    this.listeners.push(listener);
  }

  bring(numbers: readonly number[]): void {
    for (const number of numbers) this.touch(number);
    this.wanted = numbers.filter((number) => !this.rows.has(number) && !this.coming.has(number));
    while (this.requests < AT_ONCE && this.wanted.length) void this.request();
  }

  async holding(query: string): Promise<ReadonlySet<number>> {
    const data = fromBytes<{ numbers: Ref }>(await this.ask(`found?q=${encodeURIComponent(query)}`));
    return new Set(data.array(data.content.numbers) as Int32Array);
  }

  async summaries(): Promise<Summaries> {
    const data = await this.summary(), { series } = data.content;
    const all = (refs: Ref[]) => refs.map((ref) => data.array(ref) as Float64Array);
    return { scale: all(series.map((one) => one.scale)), sum: all(series.map((one) => one.sum)) };
  }

  async profiles(): Promise<readonly Profile[]> {
    const data = await this.summary(), { series } = data.content;
    return series.map(({ profile }) => (profile === null ? { rows: 0, points: [] } : {
      rows: profile.rows,
      points: meansOf(data.array(profile.sum), data.array(profile.squares), profile.rows),
    }));
  }

  // One answer for all that takes all relevance; asked for when the first rows are here, which it would delay.
  private summary(): Promise<Data<SummariesContent>> {
    this.summed ??= Promise.race([this.first, new Promise((done) => setTimeout(done, PATIENCE))])
      .then(() => this.ask("summaries")).then((bytes) => fromBytes<SummariesContent>(bytes))
      .catch((error) => { this.summed = null; throw error; });
    return this.summed;
  }

  private row(number: number): Row {
    return this.rows.get(number)!;
  }

  private touch(number: number): void {
    const row = this.rows.get(number);
    if (!row) return;
    this.rows.delete(number);
    this.rows.set(number, row);
  }

  private async request(): Promise<void> {
    const numbers = this.block();
    numbers.forEach((number) => this.coming.add(number));
    this.requests++;
    try {
      this.store(fromBytes<RowsContent>(await this.ask(`rows?n=${numbers.join()}`)));
      this.failure = null;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
      this.wanted = []; // whoever scrolls asks again
    }
    this.requests--;
    numbers.forEach((number) => this.coming.delete(number));
    this.came();
    this.listeners.forEach((listener) => listener());
    this.bring(this.wanted);
  }

  // The first of what is wanted, as much as one answer may have.
  private block(): number[] {
    let letters = 0, size = 0;
    for (const number of this.wanted.slice(0, BLOCK)) {
      letters += this.lengths[number];
      if (size && letters > LETTERS) break;
      size++;
    }
    return this.wanted.splice(0, size);
  }

  private store(data: Data<RowsContent>): void {
    const { numbers, letters, series } = data.content;
    const made: Row[] = letters.map((text) => ({ letters: text, relevance: [], spans: [] }));
    for (const one of series) {
      const has = data.array(one.has), values = data.array(one.relevance) as Float32Array;
      const tokens = one.tokens && {
        first: starts(data.array(one.tokens.count)), start: data.array(one.tokens.start), end: data.array(one.tokens.end),
      };
      let at = 0, row = 0;
      for (const [i, text] of letters.entries()) {
        made[i].relevance.push(has[i] ? values.slice(at, at + text.length) : null);
        made[i].spans.push(has[i] && tokens ? spansOf(tokens, tokens.first[row], tokens.first[row + 1]) : []);
        if (has[i]) [at, row] = [at + text.length, row + 1];
      }
    }
    made.forEach((row, i) => this.keep(numbers[i], row));
  }

  private keep(number: number, row: Row): void {
    this.rows.set(number, row);
    this.kept += this.size(number);
    for (const old of this.rows.keys()) {
      if (this.kept <= KEPT || this.rows.size <= BLOCK) return;
      this.rows.delete(old);
      this.kept -= this.size(old);
    }
  }

  private size(number: number): number {
    return this.lengths[number] * (1 + this.tracks) + 100;
  }
}
