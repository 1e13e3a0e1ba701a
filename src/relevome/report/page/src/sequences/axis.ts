// The axis that a row's tracks, annotations and ruler share: which letters are in view, and at which dots.

import type { View } from "./view";

export const RIGHT = 12; // dots that are free beside the last letter

export interface Framed { view: View; width: number }

// Room for names beside the letters.
export function gutter(look: Framed): number {
  return look.width < 560 ? 104 : 176;
}

export function letterWidth(look: Framed): number {
  return (look.width - gutter(look) - RIGHT) / look.view.span;
}

export function letterAt(look: Framed, x: number): number {
  return Math.floor(look.view.start + (x - gutter(look)) / letterWidth(look));
}

// Letters from the first to the last that are in view, dots of one, and of both ends.
export interface Box { left: number; x: (letter: number) => number; first: number; last: number; one: number; right: number }

export function boxOf(look: Framed, letters: number): Box {
  const one = letterWidth(look), left = gutter(look);
  const x = (letter: number) => left + (letter - look.view.start) * one;
  return {
    x, left, one, right: Math.min(x(letters), look.width - RIGHT), first: Math.max(0, Math.floor(look.view.start)),
    last: Math.min(letters, Math.ceil(look.view.start + look.view.span)),
  };
}
