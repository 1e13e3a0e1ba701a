import assert from "node:assert/strict";
import { test } from "node:test";
import { lettersAt, locus, written, type Interval } from "../src/sequences/locus";

const forward: Interval = { chrom: "chr1", start: 1000, end: 1010, strand: "+" };
const reverse: Interval = { ...forward, strand: "-" };

test("places are read as genome browsers write them, and nothing else is", () => {
  assert.deepEqual(locus(" chr1:1,001-1,010 "), { chrom: "chr1", start: 1000, end: 1010 });
  assert.deepEqual(locus("1:5"), { chrom: "1", start: 4, end: 5 });
  assert.deepEqual(locus("NC_000913.3:7..9"), { chrom: "NC_000913.3", start: 6, end: 9 });
  for (const query of ["TATAAT", "chr1", "chr1:0-5", "chr1:9-5", "a b:1", "chr1:x"]) assert.equal(locus(query), null);
});

test("letters that lie there are found on both strands, and only what overlaps", () => {
  assert.deepEqual(lettersAt(locus("1:1003-1004")!, forward), [2, 4]);
  assert.deepEqual(lettersAt(locus("chr1:1003-1004")!, reverse), [6, 8]);
  assert.deepEqual(lettersAt(locus("chr1:1-99999")!, reverse), [0, 10]);
  assert.equal(lettersAt(locus("chr1:1011-1020")!, forward), null);
  assert.equal(lettersAt(locus("chr2:1003")!, forward), null);
  assert.equal(lettersAt(locus("chr1:1003")!, null), null);
});

test("what is written is read back as the same letters", () => {
  for (const at of [forward, reverse]) {
    for (const [first, last] of [[0, 10], [2, 5], [9, 10]]) assert.deepEqual(lettersAt(locus(written(at, first, last))!, at), [first, last]);
  }
  assert.equal(written(forward, 0, 10), "chr1:1001-1010");
});
