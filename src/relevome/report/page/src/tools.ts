// What parts may use beside their content: arrays that are kept beside it, and the sequences of the page.

import type { Ref } from "./data/content";
import type { SequenceLinks } from "./sequences/links";

export interface PageTools {
  array(ref: Ref): ArrayLike<number>;
  halves(ref: Ref): Float32Array; // of half precision
  sequences: SequenceLinks | null; // null on a page without runs
}
