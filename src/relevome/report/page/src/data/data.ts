// From the text in the page to numbers: base64, gzip, JSON, and arrays where they lie.

import type { Content, Ref } from "./content";

// All numbers of half precision, by their bits (IEEE 754, binary16).
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => half(bits));

export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function fromHalf(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = HALVES[bits[i]];
  return values;
}

export class Data<C = Content> {
  constructor(readonly content: C, private readonly buffer: ArrayBuffer, private readonly start: number) {}

  // An array as it lies in memory; of half precision its bits.
  array(ref: Ref): Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array {
    const at = this.start + ref.at;
    switch (ref.as) {
      case "f8": return new Float64Array(this.buffer, at, ref.n);
      case "f4": return new Float32Array(this.buffer, at, ref.n);
      case "i4": return new Int32Array(this.buffer, at, ref.n);
      case "u1": return new Uint8Array(this.buffer, at, ref.n);
      default: return new Uint16Array(this.buffer, at, ref.n);
    }
  }

  halves(ref: Ref): Uint16Array {
    return this.array(ref) as Uint16Array;
  }
}

export function fromBytes<C = Content>(buffer: ArrayBuffer): Data<C> {
  const length = new DataView(buffer).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  return new Data(JSON.parse(text), buffer, Math.ceil((4 + length) / 8) * 8);
}

export async function unpacked(base64: string): Promise<Data> {
  const stream = new Blob([fromBase64(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return fromBytes(await new Response(stream).arrayBuffer());
}

function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
