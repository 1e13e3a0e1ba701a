// Structures of sequences of the page in the colours of relevance, to turn and to zoom; letters and residues know each other.

import type { StructureContent } from "../data/content";
import { choice, el, notes } from "../dom";
import { saving, type Drawing } from "../drawing/figure";
import { Molecule, type Residue, type Shot } from "./molecule";
import { CanvasSurface } from "../drawing/surface";
import { onTheme, theme } from "../drawing/theme";
import { tell } from "../drawing/tip";
import type { PageTools } from "../tools";
import { facing, STRAIGHT, turned, type Turn } from "./trace";
import type { Series, Tracks } from "../sequences/tracks";
import { count, counted, short, tsv } from "../words";

const HIGH = 360, HALF = Math.PI / 160; // dots; radians of a dot that is dragged
const STEP = Math.PI / 18; // of a key
const STILL = 4; // dots that a click may move
const [NEAREST, FURTHEST] = [12, 0.5]; // zoom
const HELP = "Arrows turn it. Plus and minus: zoom. 0: as at first. N and P: next and previous residue. Enter: its letter.";

export interface LetterLinks {
  go(number: number, start: number, end: number): void; // to letters among the sequences
  glance(number: number, letter: number | null): void; // show where a letter is
  facing(number: number, letter: number): [string, string][]; // what is known of it
}

export class Structures {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", { class: "molecule", role: "img" });
  private readonly pane = el("div", { class: "turning", tabindex: 0, role: "group" }, this.canvas);
  private readonly facts = el("div", { class: "detail" });
  private readonly live = el("p", { class: "caption", "aria-live": "polite" });
  private readonly molecules: readonly Molecule[];
  private readonly values = new Map<string, Float32Array>(); // by structure and series, once they are here
  private at = 0;
  private turn: Turn = STRAIGHT;
  private zoom = 1;
  private picked: { number: number; start: number; end: number } | null = null;
  private pointed: { number: number; start: number; end: number } | null = null;
  private named: number | null = null; // a residue
  private series = 0;
  private waiting = false;
  private readonly which: HTMLElement | null;

  constructor(said: readonly StructureContent[], tools: Pick<PageTools, "array">, private readonly tracks: Tracks, private readonly links: LetterLinks) {
    this.molecules = said.map((one) => new Molecule(one, tools));
    const shown = this.molecules.flatMap((one) => one.residues);
    const coloured = tracks.series.filter((series) => shown.some((one) => one.number !== null && series.has(one.number)));
    this.series = tracks.series.indexOf(coloured[0]);
    this.which = said.length < 2 ? null : choice("Structure", said.map((one, i) => [String(i), one.name] as const), (value) => this.show(Number(value)));
    const by = coloured.length < 2 ? null : choice("Colours", coloured.map((one) => [String(tracks.series.indexOf(one)), one.name] as const), (value) => {
      this.series = Number(value);
      this.later();
    }, "Relevance that colours show");
    const button = (text: string, label: string, act: () => void) =>
      el("button", { type: "button", class: "quiet", "aria-label": label, title: label, click: act }, text);
    const drawing = (): Drawing => ({ width: this.shot.width, height: HIGH, draw: (on, colours) => this.draw(on, colours) });
    this.element = el("div", { class: "structures" },
      el("div", { class: "tools", role: "toolbar", "aria-label": "Structure" }, this.which, by,
        el("span", { class: "zoom" }, button("−", "Zoom the structure out", () => this.zoomed(1 / 1.3)),
          button("+", "Zoom the structure in", () => this.zoomed(1.3)), button("Reset", "Reset the structure", () => this.reset())),
        saving("structure", drawing, () => this.table())),
      el("div", { class: "side" }, this.pane, this.facts));
    this.listen();
    new ResizeObserver(() => this.later()).observe(this.pane);
    onTheme(() => this.later());
    tracks.source.onCome(() => this.later());
    this.show(0);
  }

  // The pointer is at letters of a sequence, or at none.
  point(where: { number: number; start: number; end: number } | null): void {
    if (where?.number === this.pointed?.number && where?.start === this.pointed?.start && where?.end === this.pointed?.end) return;
    this.pointed = where;
    this.later();
  }

  // Letters of a sequence were picked: show their residues, in front, in the first structure that has them.
  pick(where: { number: number; start: number; end: number }): void {
    if (this.picked?.number === where.number && this.picked.start === where.start && this.picked.end === where.end) return;
    this.picked = where;
    this.named = null;
    const order = [this.at, ...this.molecules.keys()];
    const at = order.find((i) => this.molecules[i].of(where.number, where.start, where.end).length);
    if (at !== undefined) {
      if (at !== this.at) this.show(at);
      const own = this.molecule.of(where.number, where.start, where.end).filter((i) => this.molecule.residues[i].at);
      if (own.length) this.bring(own[Math.floor(own.length / 2)], where.end - where.start === 1);
    }
    this.later();
  }

  private bring(residue: number, named: boolean): void {
    this.turn = facing(this.turn, this.molecule.residues[residue].at!);
    if (named) this.named = residue;
  }

  private get molecule(): Molecule {
    return this.molecules[this.at];
  }

  private get shot(): Shot {
    return { turn: this.turn, zoom: this.zoom, width: Math.max(300, this.pane.clientWidth), height: HIGH };
  }

  private show(at: number): void {
    this.at = at;
    this.named = null;
    const select = this.which?.querySelector("select"), { said } = this.molecule;
    if (select) select.value = String(at);
    this.pane.setAttribute("aria-label", `Structure ${said.name}. ${HELP}`);
    this.canvas.setAttribute("aria-label", `Trace of ${said.name}: ${this.chains().join(" ")}`);
    this.facts.replaceChildren(el("h3", {}, said.name), said.title ? el("p", {}, said.title) : "",
      notes("Chains", this.chains()) ?? "", this.live,
      el("p", { class: "caption" }, "Drag to turn it. Point at a residue for what is known of its letter, or click it to go there; " +
        "a letter or a site that is clicked is marked here. Grey: no relevance. What is at the back is paler."));
    this.reset();
  }

  private chains(): string[] {
    const { said } = this.molecule;
    const lines = said.chains.map((chain) => {
      const n = count(chain.residues.length), own = this.molecule.residues.filter((one) => one.chain === chain);
      const bare = own.filter((one) => !one.at).length, lost = bare ? `; ${count(bare)} without the atom that a trace goes through` : "";
      if (chain.sequence === null) return `Chain ${chain.name}, ${n} residues: no sequence of this page${lost}.`;
      const placed = own.filter((one) => one.letter >= 0), id = this.tracks.ids[chain.sequence];
      const missing = this.tracks.length(chain.sequence) - placed.length;
      return `Chain ${chain.name}, ${n} residues: ${id}, ${short(100 * chain.identity!)}% of ${counted(placed.length, "pair")} alike; ` +
        `${counted(missing, "letter")} without a residue${chain.several ? "; other sequences fit as well" : ""}${lost}.`;
    });
    return said.models > 1 ? [...lines, `The first of ${counted(said.models, "model")}.`] : lines;
  }

  // Relevance by residue in logits, NaN where there is none, or none yet.
  private relevance(): Float32Array {
    const key = `${this.at} ${this.series}`, known = this.values.get(key);
    if (known) return known;
    const { residues } = this.molecule, series: Series | undefined = this.tracks.series[this.series], { source } = this.tracks;
    const numbers = [...new Set(residues.map((one) => one.number))].filter((one) => one !== null);
    const missing = numbers.filter((number) => !source.here(number));
    if (missing.length) source.bring(missing);
    const rows = new Map(numbers.map((number) => [number, missing.includes(number) ? null : series?.relevance(number) ?? null]));
    const found = Float32Array.from(residues, (one) => (one.number === null || one.letter < 0 ? NaN : rows.get(one.number)?.[one.letter] ?? NaN));
    if (!missing.length) this.values.set(key, found);
    return found;
  }

  private draw(on: Parameters<Drawing["draw"]>[0], colours: Parameters<Drawing["draw"]>[1]): void {
    const { molecule } = this, marked = new Set<number>();
    for (const where of [this.picked, this.pointed]) if (where) molecule.of(where.number, where.start, where.end).forEach((i) => marked.add(i));
    if (this.named !== null) marked.add(this.named);
    molecule.draw(on, colours, this.shot, this.relevance(), "logit", marked, this.named);
  }

  private later(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  private paint(): void {
    const { width, height } = this.shot, dots = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * dots); // which also wipes it
    this.canvas.height = Math.round(height * dots);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d")!;
    context.scale(dots, dots);
    this.draw(new CanvasSurface(context), theme());
  }

  private reset(): void {
    [this.turn, this.zoom] = [STRAIGHT, 1];
    this.later();
  }

  private zoomed(factor: number): void {
    this.zoom = Math.min(NEAREST, Math.max(FURTHEST, this.zoom * factor));
    this.later();
  }

  private listen(): void {
    let from: { x: number; y: number } | null = null, moved = 0;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      [from, moved] = [{ x: event.clientX, y: event.clientY }, 0];
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointerup", () => { from = null; });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return this.hover(event);
      const [right, down] = [event.clientX - from.x, event.clientY - from.y];
      moved += Math.abs(right) + Math.abs(down);
      from = { x: event.clientX, y: event.clientY };
      if (moved > STILL) this.turn = turned(this.turn, right * HALF, down * HALF);
      tell(null);
      this.later();
    });
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("click", (event) => {
      const found = moved > STILL ? null : this.under(event);
      if (found && "residue" in found) this.choose(found.residue, true);
    });
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoomed(Math.exp(-event.deltaY / 300));
    }, { passive: false });
    this.pane.addEventListener("keydown", (event) => this.key(event));
  }

  private under(event: MouseEvent) {
    const frame = this.canvas.getBoundingClientRect();
    return this.molecule.at(this.shot, event.clientX - frame.left, event.clientY - frame.top);
  }

  private hover(event: PointerEvent): void {
    const found = this.under(event);
    if (!found) return this.leave();
    if ("ligand" in found) {
      this.leave();
      return tell({ title: found.ligand, lines: [] }, event.clientX, event.clientY);
    }
    const residue = this.molecule.residues[found.residue], lines = this.known(residue);
    tell({ title: residue.name, where: `chain ${residue.chain.name}`, lines }, event.clientX, event.clientY);
    this.links.glance(residue.number ?? 0, residue.number === null || residue.letter < 0 ? null : residue.letter);
    const one = residue.letter;
    this.point(residue.number === null || one < 0 ? null : { number: residue.number, start: one, end: one + 1 });
  }

  private leave(): void {
    tell(null);
    this.links.glance(0, null);
    this.point(null);
  }

  private known(one: Residue): [string, string][] {
    if (one.number === null) return [["letter", "of no sequence of this page"]];
    if (one.letter < 0) return [["letter", `none of ${this.tracks.ids[one.number]}`]];
    const [[letter], ...lines] = this.links.facing(one.number, one.letter);
    return [["letter", `${letter} of ${this.tracks.ids[one.number]}`], ...lines];
  }

  // Mark a residue and say what is known of it; ``go`` to its letter too.
  private choose(residue: number, go: boolean): void {
    const one = this.molecule.residues[residue];
    this.named = residue;
    const known = one.number !== null && one.letter >= 0;
    this.picked = known ? { number: one.number!, start: one.letter, end: one.letter + 1 } : null;
    this.live.textContent = `${one.name}, chain ${one.chain.name}: ${this.known(one).map((pair) => pair.join(" ")).join(", ")}`;
    if (known && go) this.links.go(one.number!, one.letter, one.letter + 1);
    this.later();
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.pane || event.ctrlKey || event.metaKey || event.altKey) return;
    const { residues } = this.molecule, turn = (right: number, down: number) => { this.turn = turned(this.turn, right, down); };
    const next = (by: number) => {
      const at = this.named === null ? (by > 0 ? 0 : residues.length - 1) : Math.max(0, Math.min(residues.length - 1, this.named + by));
      this.choose(at, false);
      if (residues[at].at) this.bring(at, true);
    };
    const moves: Record<string, () => void> = {
      ArrowLeft: () => turn(-STEP, 0), ArrowRight: () => turn(STEP, 0), ArrowUp: () => turn(0, -STEP), ArrowDown: () => turn(0, STEP),
      "+": () => this.zoomed(1.3), "=": () => this.zoomed(1.3), "-": () => this.zoomed(1 / 1.3), "0": () => this.reset(),
      n: () => next(1), p: () => next(-1), Enter: () => { if (this.named !== null) this.choose(this.named, true); },
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
    this.later();
  }

  private table(): string {
    const values = this.relevance();
    return tsv(["chain", "residue", "sequence", "position", "relevance"], this.molecule.residues.map((one, i) => [
      one.chain.name, one.name, one.number === null ? "" : this.tracks.ids[one.number], one.letter < 0 ? "" : one.letter + 1,
      Number.isNaN(values[i]) ? "" : values[i]]));
  }
}
