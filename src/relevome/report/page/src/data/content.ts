// What the page is given: the JSON that relevome.report.html.content writes, and the arrays beside it.

export type Kind = "f2" | "f4" | "f8" | "i4" | "u2" | "u1";
export interface Ref { at: number; n: number; as: Kind }
export type Interval = [number, number, number];
export type Tone = "good" | "caution" | "bad" | "unknown" | "plain";

// ``names`` are all of which the text names some; none where it names all.
export interface Remark { text: string; names: string[]; tone: Tone; estimate: Interval | null }
export interface Verdict {
  headline: string;
  tone: Tone;
  topics: { title: string; remarks: Remark[] }[];
}

export interface RunFacts {
  label: string; folder: string; method: string; options: string[]; target: string;
  model: string; model_name: string; status: string; read: number; explained: number;
  refused: [string, string][]; refused_more: number; ledger: LedgerContent | null;
}

// Where relevance went, over all logits of a run: by operation and kind what was absorbed there.
export interface LedgerContent {
  logits: number; logit: number; tokens: number; unaccounted: number; share: number; flows: [string, string, number][];
}

export interface Labels { names: string[]; of: Ref }
export interface SeriesContent {
  run: number; target: string | null; sequences: Ref; score: Ref; probability: Ref; targets: Labels | null;
  predicted: Labels | null; relevance: Ref | null; scale: Ref | null; sum: Ref | null;
  tokens: { count: Ref; start: Ref; end: Ref } | null;
}
// By label what is said beside its type, and the number of that; of ``types`` each has a lane.
export interface AnnotationContent {
  name: string; types: string[]; labels: string[]; notes: string[]; type: number[]; count: Ref; start: Ref; end: Ref; label: Ref;
}
export interface PlacesContent { chrom: Labels; start: Ref; end: Ref; strand: Labels }
// Without letters, relevance is fetched too.
export interface SequencesContent {
  ids: string[]; letters: string[] | null; lengths: Ref; places: PlacesContent | null; series: SeriesContent[];
  left_out: number; alphabet: string; annotations: AnnotationContent[];
}

export interface Letters {
  outlines: Record<string, string>; bases: Record<string, string>; residues: Record<string, string>;
  other: string; chemistry: Record<string, string>;
}

// Of residues their positions in Angstrom, three each, NaN where there is none, and the letters that they are, -1 for none.
export interface ChainContent {
  name: string; nucleic: boolean; sequence: number | null; identity: number | null; several: boolean; residues: string[];
  joined: Ref; letters: Ref; at: Ref;
}
export interface StructureContent {
  name: string; title: string; models: number; chains: ChainContent[]; ligands: { names: string[]; of: Ref; at: Ref };
}

// ``name`` tells a part from others of its kind.
export interface PartContent { kind: string; title: string; name: string; content: unknown }

export interface Content {
  schema: number; title: string; letters: Letters; verdict: Verdict; runs: RunFacts[];
  sequences: SequencesContent | null; structures: StructureContent[]; parts: PartContent[];
  methods: { text: string[]; references: string[]; commands: string[]; licences: string[] };
}
