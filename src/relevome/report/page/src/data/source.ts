// Where letters and relevance of sequences come from: out of the page, or from `relevome view`, a few rows at a time.

import type { Interval } from "./content";

export type Listener = () => void;

// By series, and in each by its rows.
export interface Summaries { scale: readonly Float64Array[]; sum: readonly Float64Array[] }

// The mean relevance at every position, over so many sequences.
export interface Profile { rows: number; points: Interval[] }

export interface Source {
  // Whether letters and relevance of a sequence are here; what follows of it may be asked only then.
  here(number: number): boolean;
  letters(number: number): string;
  relevance(series: number, number: number): Float32Array | null;
  spans(series: number, number: number): [number, number][];
  // Have these brought, the first ones first; what was asked for before and is not on its way is forgotten.
  bring(numbers: readonly number[]): void;
  // Tell whenever something came, or why it did not.
  onCome(listener: Listener): void;
  readonly failure: string | null;
  readonly slow: boolean; // whether an answer takes longer than a person types a letter
  // Numbers of the sequences that hold a stretch of letters.
  holding(query: string, wanted: RegExp): Promise<ReadonlySet<number>>;
  // What is known only when all relevance was read; of sequences of one length their profiles.
  summaries(): Promise<Summaries>;
  profiles(): Promise<readonly Profile[]>;
}
