// Which sequences are listed, and in which order.

export interface Listed {
  readonly count: number;
  readonly ids: readonly string[];
}

export interface Asked {
  query: string;
  keep: (number: number) => boolean;
  key: ((number: number) => number | string) | null; // null: the order of the file
  descending: boolean;
}

const CODES: Record<string, string> = {
  R: "AG", Y: "CTU", S: "CG", W: "ATU", K: "GTU", M: "AC", B: "CGTU", D: "AGTU", H: "ACTU", V: "ACG", N: "ACGTU",
};
const FEWEST = 3; // letters that are looked for in sequences; fewer are everywhere

// What a query looks for in letters: its own letters, where IUPAC codes of bases, and X of proteins, stand for
// several. Null where it cannot be a stretch of letters.
export function stretch(query: string, alphabet: string): RegExp | null {
  const text = query.trim().toUpperCase();
  if (text.length < FEWEST || !/^[A-Z]+$/.test(text)) return null;
  const wide = alphabet === "protein"
    ? text.replace(/X/g, ".")
    : text.replace(/[UT]/g, "[TU]").replace(/[RYSWKMBDHVN](?![^[]*\])/g, (code) => `[${CODES[code]}${code}]`);
  return new RegExp(wide, "g");
}

// Numbers of the sequences whose id matches, or that are among those whose letters do, sorted.
export function chosen(all: Listed, asked: Asked, holding: ReadonlySet<number>): Int32Array {
  const text = asked.query.trim().toLowerCase();
  const found: number[] = [];
  for (let number = 0; number < all.count; number++) {
    if (!asked.keep(number)) continue;
    if (!text || holding.has(number) || all.ids[number].toLowerCase().includes(text)) found.push(number);
  }
  const key = asked.key;
  if (key) {
    const keys = new Map(found.map((number) => [number, key(number)]));
    found.sort((a, b) => compared(keys.get(a)!, keys.get(b)!, asked.descending) || a - b);
  }
  return Int32Array.from(found);
}

// One for all, since making one takes longer than many comparisons.
const NATURAL = new Intl.Collator("en", { numeric: true });

// Numbers that are none come last, whatever the order.
export function compared(a: number | string, b: number | string, descending: boolean): number {
  if (typeof a === "string" || typeof b === "string") {
    const order = NATURAL.compare(String(a), String(b));
    return descending ? -order : order;
  }
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return descending ? b - a : a - b;
}

// Where a stretch occurs, overlapping ones included.
export function occurrences(letters: string, wanted: RegExp | null): [number, number][] {
  if (!wanted) return [];
  const found: [number, number][] = [];
  const search = new RegExp(wanted.source, "g");
  for (let hit = search.exec(letters); hit; hit = search.exec(letters)) {
    found.push([hit.index, hit.index + hit[0].length]);
    search.lastIndex = hit.index + 1;
  }
  return found;
}
