// A structure as it is drawn: traces of its chains and its ligands, residues in the colours of their relevance.

import type { ChainContent, StructureContent } from "../data/content";
import { reach, scale, tint } from "../drawing/heat";
import type { Surface } from "../drawing/surface";
import type { Theme } from "../drawing/theme";
import { applied, ballOf, nearestTo, pathOf, type Place, type Turn } from "./trace";
import type { PageTools } from "../tools";

const SEGMENTS = 6000; // pieces that are drawn often enough in a second to be turned
const FINEST = 6, COARSEST = 1; // pieces from one residue to the next
const WITHIN = 0.99; // of the values, those that colours tell apart
const WIDE = 1.5, NARROW = 0.6; // Angstrom: chains that are a sequence of the page, others
const REACH = 12; // dots around a residue
const LEGEND = 84; // dots beside the structure
const FOG = 0.55; // of the colour at the back

export interface Residue { chain: ChainContent; name: string; number: number | null; letter: number; at: Place | null }
export interface Shot { turn: Turn; zoom: number; width: number; height: number }

type Piece = [from: number, to: number, residue: number];

export class Molecule {
  readonly residues: readonly Residue[];
  readonly ligands: readonly { name: string; at: Place }[];
  private readonly points: Float32Array;
  private readonly pieces: Piece[] = [];
  private readonly radius: number;

  constructor(readonly said: StructureContent, tools: Pick<PageTools, "array">) {
    const places = said.chains.map((chain) => tools.array(chain.at)), atoms = tools.array(said.ligands.at);
    const { middle, radius } = ballOf([...places, atoms]);
    const centred = (all: ArrayLike<number>) => Float32Array.from(all, (value, i) => value - middle[i % 3]);
    const place = (all: ArrayLike<number>, i: number): Place => [all[3 * i], all[3 * i + 1], all[3 * i + 2]];
    const several = places.reduce((sum, all) => sum + all.length / 3, 1);
    const steps = Math.max(COARSEST, Math.min(FINEST, Math.floor(SEGMENTS / several)));
    const residues: Residue[] = [], points: number[] = [];
    said.chains.forEach((chain, c) => {
      const at = centred(places[c]), letters = tools.array(chain.letters), path = pathOf(at, tools.array(chain.joined), steps);
      const [before, first] = [points.length / 3, residues.length];
      for (const one of path.points) points.push(one);
      for (const [from, to, residue] of path.pieces) this.pieces.push([before + from, before + to, first + residue]);
      chain.residues.forEach((name, i) => residues.push({
        chain, name, number: chain.sequence, letter: letters[i], at: Number.isNaN(at[3 * i]) ? null : place(at, i),
      }));
    });
    const moved = centred(atoms), of = tools.array(said.ligands.of);
    this.ligands = Array.from({ length: moved.length / 3 }, (_, i) => ({ name: said.ligands.names[of[i]], at: place(moved, i) }));
    [this.residues, this.points, this.radius] = [residues, Float32Array.from(points), radius];
  }

  // Residues that are these letters of a sequence.
  of(number: number, start: number, end: number): number[] {
    const found: number[] = [];
    this.residues.forEach((one, i) => { if (one.number === number && start <= one.letter && one.letter < end) found.push(i); });
    return found;
  }

  // Where a place is in the drawing, and how far in front, in Angstrom.
  private seen(shot: Shot, place: Place): { x: number; y: number; depth: number } {
    const [x, y, depth] = applied(shot.turn, place), one = this.dots(shot);
    return { x: (shot.width - LEGEND) / 2 + x * one, y: shot.height / 2 - y * one, depth };
  }

  // Dots of an Angstrom.
  private dots(shot: Shot): number {
    return (shot.zoom * (Math.min(shot.width - LEGEND, shot.height) / 2 - 14)) / this.radius;
  }

  // The residue at these dots, or the ligand.
  at(shot: Shot, x: number, y: number): { residue: number } | { ligand: string } | null {
    const all = this.residues.map((one) => (one.at ? this.seen(shot, one.at) : { x: NaN, y: NaN, depth: 0 }));
    const atoms = this.ligands.map((one) => this.seen(shot, one.at));
    const found = nearestTo([...all, ...atoms], x, y, Math.min(REACH, (WIDE / 2) * this.dots(shot)), REACH);
    if (found < 0) return null;
    return found < all.length ? { residue: found } : { ligand: this.ligands[found - all.length].name };
  }

  // `values` by residue, NaN where none is known; marked residues have a strong outline, `named` has a label.
  draw(on: Surface, colours: Theme, shot: Shot, values: ArrayLike<number>, title: string, marked: ReadonlySet<number>, named: number | null): void {
    const most = reach(Array.from(values).filter((value) => !Number.isNaN(value)), WITHIN), one = this.dots(shot);
    const ground = rgb(colours.ground), edge = rgb(colours.muted), grey = colours.dark ? [84, 90, 96] : [196, 198, 200];
    const seen = Array.from({ length: this.points.length / 3 }, (_, i) => this.seen(shot, [this.points[3 * i], this.points[3 * i + 1], this.points[3 * i + 2]]));
    const fogged = (colour: readonly number[], depth: number) => {
      const share = FOG * Math.min(1, Math.max(0, (1 - depth / this.radius) / 2));
      return `rgb(${colour.map((value, i) => Math.round(value + share * (ground[i] - value))).join(",")})`;
    };
    const tints = Array.from(values, (value) => (Number.isNaN(value) ? grey : tint(value, most, colours)));
    const depths = this.pieces.map(([from, to]) => (seen[from].depth + seen[to].depth) / 2), atoms = this.ligands.map(({ at }) => this.seen(shot, at));
    const wide = (residue: number) => Math.max(1.5, (this.residues[residue].number === null ? NARROW : WIDE) * one);
    const bodies = this.pieces.map(([, , residue], i) => fogged(tints[residue], depths[i]));
    const middles = this.pieces.map(([from, to]) => [(seen[from].x + seen[to].x) / 2, (seen[from].y + seen[to].y) / 2] as const);
    const body = (i: number) => {
      const [from, to, residue] = this.pieces[i];
      if (from === to) on.dot(seen[from].x, seen[from].y, wide(residue) / 2, bodies[i]);
      else on.stroke([[seen[from].x, seen[from].y], [seen[to].x, seen[to].y]], bodies[i], wide(residue));
    };
    const joined = (i: number) => i >= 0 && i + 1 < this.pieces.length && this.pieces[i][1] === this.pieces[i + 1][0];
    const away = (i: number, j: number) => Math.hypot(middles[i][0] - middles[j][0], middles[i][1] - middles[j][1]);
    const piece = (i: number) => {
      const [from, to, residue] = this.pieces[i], own = marked.has(residue), far = own ? 7 : Math.min(2.4, 0.6 * wide(residue));
      const colour = own ? colours.ink : fogged(edge, depths[i]), a = seen[from], b = seen[to];
      if (from === to) on.dot(a.x, a.y, (wide(residue) + far) / 2, colour);
      else on.stroke([[a.x, a.y], [b.x, b.y]], colour, wide(residue) + far);
      // round ends of this outline lie on pieces that it is joined to and that are behind it
      const room = (wide(residue) + far) / 2 + Math.hypot(b.x - a.x, b.y - a.y);
      for (let j = i - 1; joined(j) && away(j, i) < room; j--) if (depths[j] <= depths[i]) body(j);
      for (let j = i + 1; joined(j - 1) && away(j, i) < room; j++) if (depths[j] < depths[i]) body(j);
      body(i);
    };
    const all = [...depths, ...atoms.map((atom) => atom.depth)];
    for (const i of Array.from(all.keys()).sort((a, b) => all[a] - all[b])) {
      if (i < depths.length) piece(i);
      else on.dot(atoms[i - depths.length].x, atoms[i - depths.length].y, Math.max(1.5, 0.55 * one), fogged(grey, all[i]), fogged(edge, all[i]));
    }
    if (named !== null && this.residues[named].at) {
      const { x, y } = this.seen(shot, this.residues[named].at);
      on.dot(x, y, Math.max(6, 0.9 * one), "transparent", colours.ink);
      on.text(this.residues[named].name, x + 12, y - 10, { size: 13, fill: colours.ink, bold: true });
    }
    scale(on, colours, shot.width - LEGEND + 14, 34, shot.height - 60, [-most, most], title);
  }
}

// A colour as the theme has it, #rrggbb.
function rgb(colour: string): [number, number, number] {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) as [number, number, number];
}
