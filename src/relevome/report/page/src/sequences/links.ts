// From places that parts speak of to the sequences of the page.

import { el } from "../dom";
import type { Annotation, Tracks } from "./tracks";

const OTHER: Record<string, string> = { A: "T", C: "G", G: "C", T: "A", U: "A" };

// Letters of the other strand, in its direction.
export function turned(letters: string): string {
  return [...letters].reverse().map((letter) => OTHER[letter] ?? letter).join("");
}

export class SequenceLinks {
  private readonly numbers = new Map<string, number[]>(); // by id

  constructor(private readonly tracks: Tracks, private readonly go: (number: number, start: number, end: number) => void) {
    tracks.ids.forEach((id, number) => {
      const known = this.numbers.get(id);
      if (known) known.push(number);
      else this.numbers.set(id, [number]);
    });
  }

  // The first sequence of this id that has these letters there, on either strand: another run may have others.
  // Of letters that are not here it is enough that there are as many.
  find(id: string, start: number, letters: string): number | null {
    const there = (number: number) => {
      if (!this.tracks.source.here(number)) return start + letters.length <= this.tracks.length(number);
      const text = this.tracks.letters(number).slice(start, start + letters.length);
      return text === letters || text === turned(letters);
    };
    return this.numbers.get(id)?.find(there) ?? null;
  }

  // The first sequence whose interval has these letters of a chromosome, and where they are in it.
  covering(chrom: string, start: number, end: number): { number: number; start: number; end: number } | null {
    for (let number = 0; number < this.tracks.count; number++) {
      const first = this.tracks.place(number, 0), length = this.tracks.length(number);
      if (first?.chrom !== chrom) continue;
      const at = first.strand === "-" ? first.at - end : start + 1 - first.at; // coordinates of letters count from 1
      if (at >= 0 && at + end - start <= length) return { number, start: at, end: at + end - start };
    }
    return null;
  }

  id(number: number): string {
    return this.tracks.ids[number];
  }

  // Lines of annotations of a sequence, those alone that have something there.
  annotations(number: number): Annotation[] {
    return this.tracks.annotations.filter((one) => one.has(number));
  }

  // What goes to the letters of a sequence.
  button(text: string, label: string, number: number, start: number, end: number): HTMLElement {
    return el("button", { type: "button", class: "link", "aria-label": label, click: () => this.go(number, start, end) }, text);
  }
}
