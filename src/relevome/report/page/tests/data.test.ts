import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import { fromHalf, half, unpacked } from "../src/data/data";

test("half precision is that of IEEE 754", () => {
  const known: [number, number][] = [
    [0x0000, 0], [0x3c00, 1], [0xbc00, -1], [0x3555, 0.333251953125], [0x7bff, 65504], [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24], [0x0400, 2 ** -14], [0x7c00, Infinity],
  ];
  for (const [bits, value] of known) assert.equal(half(bits), value);
  assert.ok(Number.isNaN(half(0x7e00)));
  assert.deepEqual([...fromHalf(Uint16Array.of(0x3c00, 0x4000))], [1, 2]);
});

test("text and arrays come back as they were packed", async () => {
  const text = new TextEncoder().encode('{"title":"äöü","x":{"at":8,"n":2,"as":"f8"}}');
  const head = Math.ceil((4 + text.length) / 8) * 8;
  const whole = new Uint8Array(head + 8 + 16);
  new DataView(whole.buffer).setUint32(0, text.length, true);
  whole.set(text, 4);
  new Float64Array(whole.buffer, head + 8, 2).set([1.5, -2]);
  const data = await unpacked(gzipSync(whole).toString("base64"));
  assert.equal(data.content.title, "äöü");
  assert.deepEqual([...data.array({ at: 8, n: 2, as: "f8" })], [1.5, -2]);
});
