// The browser of sequences: a list that draws what is in view, with search, order, filter, zoom, hover and keys.

import { boxOf, gutter, letterAt, letterWidth } from "./axis";
import type { Content } from "../data/content";
import { choice, el } from "../dom";
import { besides, facts, sitesOf, type Site } from "./features";
import { saving, type Drawing } from "../drawing/figure";
import { spanAt } from "./lanes";
import { lettersAt, locus, written } from "./locus";
import { Roll } from "./roll";
import { drawRow, heightOf, lanesTop, type Look } from "./row";
import { chosen, occurrences, stretch, type Asked } from "./select";
import { CanvasSurface } from "../drawing/surface";
import { onTheme, theme } from "../drawing/theme";
import type { Tracks } from "./tracks";
import { View } from "./view";
import { count, counted, isOf, short, tsv } from "../words";

const HEAD = 34; // of a row, above its picture
const GAP = 14;
const MARGIN = 240; // dots beyond what is seen that are drawn too
const AHEAD = 8; // rows beyond those that are brought too
const PAUSE = 250; // milliseconds without a key after which letters are looked for elsewhere than in the page

const STILL = 4; // dots that a click may move

const HELP = "Up and down arrows: sequences. Left and right arrows: letters, with Shift: sites. Plus and minus: zoom. 0: all letters.";

export interface Where { number: number; start: number; end: number }

// What is said of some letters of a sequence.
interface Told { start: number; end: number; said: [string, string][] }

export class Browser {
  readonly element: HTMLElement;
  private readonly list = el("div", { class: "rows" });
  private readonly pane: HTMLElement;
  private readonly tip = el("div", { class: "tip", hidden: true });
  private readonly mark = el("div", { class: "crosshair", hidden: true });
  private readonly live = el("div", { class: "unseen", "aria-live": "polite" });
  private readonly counted = el("output", { class: "counted" });
  private readonly failed = el("p", { class: "failed", role: "alert", hidden: true });
  private readonly rows = new Map<number, HTMLElement>(); // by place in the list
  private readonly view: View;
  private readonly roll: Roll;
  private readonly asked: Asked = { query: "", keep: () => true, key: null, descending: true };
  private numbers: Int32Array = new Int32Array(0);
  private tops: Float64Array = new Float64Array(1);
  private shared = false;
  private cursor: { place: number; letter: number; site: number | null } | null = null; // `site`: which of the sequence
  private pressed = 0; // where the pointer went down
  private unsaid = false; // what the cursor points at is not here yet
  private late = false; // the order asks for what is known when all relevance was read
  private selections = 0;
  private waiting = false;
  private stale = new Set<number>(); // places of rows whose picture is an earlier one
  private marked: Where | null = null; // letters that something else spoke of
  private readonly search: HTMLInputElement;
  private readonly filter: HTMLElement;

  // Told of the letters that are pointed at and picked.
  pointed: (where: Where | null) => void = () => {};
  picked: (where: Where) => void = () => {};

  constructor(private readonly tracks: Tracks, private readonly content: Content) {
    this.view = new View(tracks.longest);
    this.pane = el("div", { class: "pane", tabindex: 0, role: "group", "aria-label": `Sequences. ${HELP}` }, this.list);
    this.list.append(this.mark);
    this.search = el("input", {
      type: "search", placeholder: `Id, place or letters: ${tracks.alphabet === "protein" ? "GXXG" : "TATAAT"}`, "aria-label": "Search ids, places and letters",
      input: () => { this.asked.query = this.search.value; void this.select(); },
    });
    this.filter = this.filters();
    this.roll = new Roll(this.pane, this.list);
    this.element = el("div", { class: "browser" }, this.toolbar(), this.failed, this.pane, this.live);
    document.body.append(this.tip);
    this.pane.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.pane.addEventListener("keydown", (event) => this.key(event));
    this.pane.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.pane.addEventListener("pointerleave", () => this.hide());
    this.pane.addEventListener("pointermove", (event) => this.hover(event));
    this.pane.addEventListener("click", (event) => this.click(event));
    this.dragging();
    new ResizeObserver(() => this.redraw()).observe(this.pane);
    onTheme(() => this.redraw());
    tracks.source.onCome(() => this.come());
    void this.select();
  }

  private toolbar(): HTMLElement {
    const order = el("button", { type: "button", class: "quiet", "aria-label": "Turn the order around" }, "↓");
    order.addEventListener("click", () => {
      this.asked.descending = !this.asked.descending;
      order.textContent = this.asked.descending ? "↓" : "↑";
      void this.select();
    });
    const button = (text: string, label: string, act: () => void) =>
      el("button", { type: "button", class: "quiet", "aria-label": label, title: label, click: act }, text);
    const middle = () => this.view.start + this.view.span / 2;
    return el("div", { class: "tools", role: "toolbar", "aria-label": "Sequences" },
      this.search,
      choice("Order", this.orders().map(([name], i) => [String(i), name] as const), (value) => {
        [, this.asked.key, this.late = false] = this.orders()[Number(value)];
        void this.select();
      }),
      order,
      this.filter,
      choice("Height", [["own", "own scale"], ["shared", "one scale"]], (value) => {
        void this.share(value === "shared");
      }),
      el("span", { class: "zoom" },
        button("−", "Zoom out", () => this.zoom(1.6, middle())),
        button("+", "Zoom in", () => this.zoom(1 / 1.6, middle())),
        button("All", "All letters", () => { this.view.all(); this.redraw(); })),
      this.counted,
    );
  }

  // Names, keys, and whether these are known only when all relevance was read.
  private orders(): [string, Asked["key"], boolean?][] {
    const { tracks } = this;
    const best = (value: (number: number, series: Tracks["series"][number]) => number) => (number: number) => {
      const first = tracks.series.find((one) => one.has(number));
      return first ? value(number, first) : NaN;
    };
    return [
      ["as in the file", null],
      ["score", best((number, one) => one.score(number))],
      ["probability", best((number, one) => one.probability(number))],
      ["sum of relevance", best((number, one) => one.sum(number)), true],
      ["largest relevance", best((number, one) => one.largest(number)), true],
      ["length", (number) => tracks.length(number)],
      ["id", (number) => tracks.ids[number]],
    ];
  }

  private filters(): HTMLElement {
    const { tracks } = this;
    const predicted = new Set<string>();
    for (const one of tracks.series) {
      for (let i = 0; i < tracks.count; i++) predicted.add(one.predicted(i) ?? "");
    }
    predicted.delete("");
    const ways: [string, Asked["keep"]][] = [["all", () => true]];
    if (predicted.size > 1) {
      for (const label of predicted) {
        ways.push([`predicted ${label}`, (number) => tracks.series.some((one) => one.predicted(number) === label)]);
      }
    }
    for (const line of tracks.annotations) {
      ways.push([`with ${line.name}`, (number) => line.has(number)], [`without ${line.name}`, (number) => !line.has(number)]);
    }
    if (tracks.series.length > 1) {
      ways.push(["in every track", (number) => tracks.series.every((one) => one.has(number))]);
    }
    return choice("Show", ways.map(([name], i) => [String(i), name] as const), (value) => {
      this.asked.keep = ways[Number(value)][1];
      void this.select();
    });
  }

  private async share(shared: boolean): Promise<void> {
    if (shared && !(await this.waited("reading all relevance…", () => this.tracks.summarised()))) return;
    this.shared = shared;
    this.redraw();
  }

  // List what is asked for, from its top, unless something else is asked for meanwhile.
  private async select(): Promise<void> {
    const turn = ++this.selections, { source } = this.tracks;
    const wanted = stretch(this.asked.query, this.tracks.alphabet), there = locus(this.asked.query);
    let holding: ReadonlySet<number> = new Set();
    if (there) holding = new Set([...this.tracks.ids.keys()].filter((number) => lettersAt(there, this.tracks.interval(number))));
    const known = await this.waited("searching…", async () => {
      if (this.late) await this.tracks.summarised();
      if (wanted && source.slow) await new Promise((done) => setTimeout(done, PAUSE));
      if (wanted && turn === this.selections) holding = await source.holding(this.asked.query.trim(), wanted);
    });
    if (known && turn === this.selections) this.listAll(holding);
  }

  // Whether what is waited for came; meanwhile the page says so.
  private async waited(what: string, wait: () => Promise<void>): Promise<boolean> {
    const before = this.counted.textContent ?? "";
    this.fail(this.tracks.source.failure);
    const timer = setTimeout(() => { this.counted.textContent = what; }, 150);
    try {
      await wait();
      return true;
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      clearTimeout(timer);
      if (this.counted.textContent === what) this.counted.textContent = before;
    }
  }

  private fail(why: string | null): void {
    this.failed.hidden = why === null;
    this.failed.textContent = why ?? "";
  }

  private listAll(holding: ReadonlySet<number>): void {
    this.numbers = chosen(this.tracks, this.asked, holding);
    this.tops = new Float64Array(this.numbers.length + 1);
    this.numbers.forEach((number, place) => {
      this.tops[place + 1] = this.tops[place] + HEAD + heightOf(this.tracks, number) + GAP;
    });
    this.roll.begin(this.tops[this.numbers.length]);
    const [shown, all] = [count(this.numbers.length), count(this.tracks.count)];
    this.counted.textContent = shown === all ? `${all} sequences` : `${shown} of ${all} sequences`;
    this.cursor = null;
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.redraw();
  }

  // Go to some letters of a sequence and mark them; what hides the sequence is no longer asked for.
  async go(number: number, start: number, end: number): Promise<void> {
    this.marked = { number, start, end };
    if (!this.numbers.includes(number)) {
      this.search.value = this.asked.query = "";
      this.filter.querySelector("select")!.selectedIndex = 0;
      this.asked.keep = () => true;
      await this.select();
    }
    if (this.marked.number !== number || this.marked.start !== start) return; // meanwhile others were asked for
    const place = this.numbers.indexOf(number);
    this.element.scrollIntoView({ behavior: "instant", block: "nearest" });
    this.pane.focus({ preventScroll: true });
    this.view.reveal(end - 1);
    this.cursor = { place, letter: start, site: null };
    this.show(place, start);
  }

  private zoom(factor: number, about: number): void {
    this.view.zoom(factor, about);
    this.redraw();
  }

  // Draw what is listed anew: rows stay, their pictures are painted again.
  redraw(): void {
    this.hide();
    this.stale = new Set(this.rows.keys());
    this.later();
  }

  private later(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.fill();
    });
  }

  private scrolled(): void {
    this.hide();
    if (this.roll.scrolled()) this.place();
    this.later();
  }

  // Put all rows where the list has them now.
  private place(): void {
    for (const [place, row] of this.rows) row.style.top = `${this.roll.onElement(this.tops[place])}px`;
  }

  // Rows came, or it is known why they did not.
  private come(): void {
    this.fail(this.tracks.source.failure);
    if (this.tracks.source.failure !== null) return; // a scroll tries again
    if (this.unsaid && this.cursor) this.show(this.cursor.place, this.cursor.letter);
    else this.later();
  }

  private look(number: number): Look {
    const wanted = stretch(this.asked.query, this.tracks.alphabet), marked = this.marked;
    const highlights = wanted && this.here(number) ? occurrences(this.tracks.letters(number), wanted) : [];
    const there = locus(this.asked.query), letters = there && lettersAt(there, this.tracks.interval(number));
    if (letters) highlights.push(letters);
    if (marked?.number === number) highlights.push([marked.start, marked.end]);
    return {
      letters: this.content.letters, view: this.view, width: Math.max(320, this.list.clientWidth), shared: this.shared,
      highlights,
    };
  }

  private here(number: number): boolean {
    return this.tracks.source.here(number);
  }

  // Rows that are in view, or nearly, and no others.
  private fill(): void {
    const [above, below] = [this.roll.top - MARGIN, this.roll.top + this.pane.clientHeight + MARGIN];
    const first = Math.max(0, this.placeAt(above));
    const last = Math.min(this.numbers.length - 1, this.placeAt(below));
    for (const [place, row] of this.rows) {
      if (place < first || place > last) {
        row.remove();
        this.rows.delete(place);
      }
    }
    this.tracks.source.bring([...this.numbers.subarray(first, last + 1), ...this.numbers.subarray(last + 1, last + 1 + AHEAD)]);
    for (let place = first; place <= last; place++) {
      const known = this.rows.get(place), canvas = known?.querySelector("canvas");
      if (canvas && this.stale.has(place)) this.paint(canvas, this.numbers[place]);
      if (known && (canvas || !this.here(this.numbers[place]))) continue;
      const row = this.row(place);
      this.rows.set(place, row);
      if (known) known.replaceWith(row);
      else this.list.append(row);
    }
    this.stale.clear();
  }

  // The row at this height of the list.
  private placeAt(y: number): number {
    let [low, high] = [0, this.numbers.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private row(place: number): HTMLElement {
    const { tracks } = this, number = this.numbers[place];
    const head = [el("h3", {}, tracks.ids[number]), el("span", { class: "facts" }, this.facts(number))];
    const row = el("article", { class: "row", "data-place": place });
    row.style.top = `${this.roll.onElement(this.tops[place])}px`;
    row.style.height = `${this.tops[place + 1] - this.tops[place] - GAP}px`;
    if (!this.here(number)) {
      row.append(el("header", {}, ...head), el("p", { class: "caption" }, "Reading…"));
      return row;
    }
    const canvas = el("canvas", { role: "img", "aria-label": this.described(number) });
    this.paint(canvas, number);
    const drawing = (): Drawing => {
      const look = this.look(number);
      return { width: look.width, height: heightOf(tracks, number),
        draw: (on, colours) => drawRow(on, colours, tracks, number, look) };
    };
    row.append(
      el("header", {}, ...head, this.copying(number), saving(tracks.ids[number].slice(0, 60) || "sequence", drawing, () => this.table(number))),
      canvas);
    return row;
  }

  // Puts the place of the letters in view where genome browsers take it from; null where nobody knows it.
  private copying(number: number): HTMLElement | null {
    const interval = this.tracks.interval(number), { view } = this;
    if (!interval) return null;
    const button = el("button", { type: "button", class: "quiet", title: "For a genome browser: where the letters in view lie" }, "Copy place");
    button.addEventListener("click", () => {
      const last = Math.min(this.tracks.length(number), Math.ceil(view.start + view.span));
      const place = written(interval, Math.min(last - 1, Math.floor(view.start)), last);
      const say = (text: string) => { button.textContent = text; };
      // a page without a secure context has no clipboard: the place is shown then
      (navigator.clipboard?.writeText(place) ?? Promise.reject()).then(() => say(`Copied ${place}`), () => say(place));
    });
    return button;
  }

  private paint(canvas: HTMLCanvasElement, number: number): void {
    const look = this.look(number), height = heightOf(this.tracks, number), dots = window.devicePixelRatio || 1;
    canvas.width = Math.round(look.width * dots); // which also wipes it
    canvas.height = Math.round(height * dots);
    canvas.style.width = `${look.width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d", { alpha: false })!;
    context.fillStyle = theme().ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.scale(dots, dots);
    drawRow(new CanvasSurface(context), theme(), this.tracks, number, look);
  }

  private facts(number: number): string {
    const { tracks } = this, series = tracks.shown(number), first = series[0];
    const said = [`${counted(tracks.length(number), "letter")}`];
    const place = tracks.place(number, 0), end = tracks.place(number, tracks.length(number) - 1);
    if (place && end) {
      const [low, high] = [Math.min(place.at, end.at), Math.max(place.at, end.at)];
      said.push(`${place.chrom}:${count(low)}–${count(high)} (${place.strand})`);
    }
    if (first) {
      const p = first.probability(number);
      said.push(`target ${first.target(number)}`);
      said.push(Number.isNaN(p) ? `score ${short(first.score(number))}` : `probability ${short(p)}`);
      const predicted = first.predicted(number);
      if (predicted !== null && !isOf(first.target(number), predicted)) said.push(`predicted ${predicted}`);
    }
    return said.join("  ·  ");
  }

  private described(number: number): string {
    const names = this.tracks.shown(number).map((one) => one.name).join(", ");
    return `Relevance of ${this.tracks.ids[number]} by ${names}; ${this.facts(number)}`;
  }

  private table(number: number): string {
    const { tracks } = this, series = tracks.shown(number);
    const values = series.map((one) => one.relevance(number)!);
    const sites = tracks.annotations.map((line) => line.spans(number));
    const rows = Array.from(tracks.letters(number), (letter, i) => [
      i + 1, tracks.place(number, i)?.at ?? "", letter, ...values.map((one) => one[i]),
      ...sites.map((spans) => spans.filter((span) => span.start <= i && i < span.end).map((span) => span.label).join("; ")),
    ]);
    return tsv(["position", "coordinate", "letter", ...series.map((one) => one.name),
      ...tracks.annotations.map((line) => line.name)], rows);
  }

  // What is known of a letter, a line each.
  facing(number: number, letter: number): [string, string][] {
    const { tracks } = this, place = tracks.place(number, letter);
    if (!this.here(number)) return [[`${letter + 1}`, "is being read"]];
    const found: [string, string][] = [[`${tracks.letters(number)[letter]} ${letter + 1}`,
      place ? `${place.chrom}:${count(place.at)}` : ""]];
    for (const one of tracks.shown(number)) found.push([one.name, short(one.relevance(number)![letter], 4)]);
    const first = tracks.shown(number)[0];
    const token = first?.spans(number).find(([start, end]) => start <= letter && letter < end);
    if (token) found.push(["token", tracks.letters(number).slice(...token)]);
    for (const line of tracks.annotations) {
      for (const span of line.spans(number)) {
        if (span.start <= letter && letter < span.end) found.push([line.name, span.label]);
      }
    }
    const p = first?.probability(number) ?? NaN;
    if (!Number.isNaN(p)) found.push([`probability of ${first.target(number)}`, short(p)]);
    return found;
  }

  private hover(event: MouseEvent): void {
    const found = this.under(event);
    if (!found) return this.hide();
    this.point(found.place, this.told(found.number, found.letter, found.site), event.clientX, event.clientY);
  }

  // The letter under the pointer, and the site if that is on one; null beside the letters.
  private under(event: MouseEvent): { place: number; number: number; letter: number; site: Site | null } | null {
    const canvas = event.target;
    if (!(canvas instanceof HTMLCanvasElement)) return null;
    const place = Number(canvas.closest<HTMLElement>(".row")!.dataset.place), number = this.numbers[place];
    const frame = canvas.getBoundingClientRect(), x = event.clientX - frame.left, y = event.clientY - frame.top;
    const look = this.look(number), letters = this.tracks.length(number);
    const site = this.here(number)
      ? spanAt(this.tracks.annotations, number, boxOf(look, letters), lanesTop(this.tracks, number), x, y) : null;
    const letter = site ? site.span.start : letterAt(look, x);
    return (!site && x < gutter(look)) || letter >= letters ? null : { place, number, letter, site };
  }

  private told(number: number, letter: number, site: Site | null): Told {
    if (!site) return { start: letter, end: letter + 1, said: this.facing(number, letter) };
    return { start: site.span.start, end: site.span.end, said: facts(this.tracks, number, site.line, site.span) };
  }

  private point(place: number, { start, end, said }: Told, x: number, y: number): void {
    const number = this.numbers[place], [[title, where], ...lines] = said;
    this.tip.replaceChildren(
      el("strong", {}, title), el("span", { class: "where" }, where),
      el("dl", {}, ...lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    this.tip.style.left = `${Math.max(4, Math.min(x + 16, window.innerWidth - width - 8))}px`;
    this.tip.style.top = `${y + 18 + height > window.innerHeight ? y - height - 12 : y + 18}px`;
    this.cross(number, start, end);
    this.pointed({ number, start, end });
  }

  // Show where letters are, over all sequences.
  private cross(number: number, start: number, end: number): void {
    const { left, x, right } = boxOf(this.look(number), this.tracks.length(number));
    const [from, to] = [Math.max(left, x(start)), Math.min(right, x(end))];
    this.mark.hidden = to <= from;
    this.mark.style.left = `${from}px`;
    this.mark.style.width = `${Math.max(1, to - from)}px`;
  }

  // Show where a letter is that something else points at, or nothing.
  glance(number: number, letter: number | null): void {
    this.tip.hidden = true;
    if (letter === null) this.mark.hidden = true;
    else this.cross(number, letter, letter + 1);
  }

  // Mark the letter or the site that was clicked, and say what it is.
  private click(event: MouseEvent): void {
    const found = this.under(event);
    if (!found || Math.abs(event.clientX - this.pressed) > STILL) return;
    this.cursor = { place: found.place, letter: found.letter, site: null };
    const told = this.told(found.number, found.letter, found.site);
    this.marked = { number: found.number, start: told.start, end: told.end };
    this.say(found.number, told);
    this.picked(this.marked);
    this.redraw();
  }

  private say(number: number, { said }: Told): void {
    this.live.textContent = `${this.tracks.ids[number]}: ${said.map((pair) => pair.join(" ")).join(", ")}`;
  }

  private hide(): void {
    this.tip.hidden = true;
    this.mark.hidden = true;
    this.pointed(null);
  }

  private wheel(event: WheelEvent): void {
    const canvas = event.target;
    const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!(event.ctrlKey || event.metaKey || across) || !(canvas instanceof HTMLCanvasElement)) return;
    event.preventDefault();
    const look = this.look(0), x = event.clientX - canvas.getBoundingClientRect().left;
    const about = this.view.start + Math.max(0, x - gutter(look)) / letterWidth(look);
    if (across) {
      this.view.move((event.deltaX || event.deltaY) / letterWidth(look));
      this.redraw();
    } else this.zoom(Math.exp(event.deltaY / 300), about);
  }

  // Drag a picture to the side to see other letters.
  private dragging(): void {
    let from: number | null = null;
    this.pane.addEventListener("pointerdown", (event) => {
      if (event.target instanceof HTMLCanvasElement && event.button === 0) from = this.pressed = event.clientX;
    });
    window.addEventListener("pointerup", () => { from = null; });
    this.pane.addEventListener("pointermove", (event) => {
      if (from === null || this.view.span >= this.view.letters) return;
      this.view.move((from - event.clientX) / letterWidth(this.look(0)));
      from = event.clientX;
      this.redraw();
    });
    this.pane.addEventListener("dblclick", () => { this.view.all(); this.redraw(); });
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.pane || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.cursor ?? { place: this.placeAt(this.roll.top), letter: Math.floor(this.view.start), site: null };
    if (event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) return this.toSite(event);
    const moves: Record<string, () => void> = {
      ArrowDown: () => at.place++, ArrowUp: () => at.place--,
      ArrowRight: () => { if (this.cursor) at.letter++; }, ArrowLeft: () => at.letter--,
      Home: () => { at.place = 0; }, End: () => { at.place = this.numbers.length - 1; },
      "+": () => this.view.zoom(1 / 1.6, at.letter), "=": () => this.view.zoom(1 / 1.6, at.letter),
      "-": () => this.view.zoom(1.6, at.letter), "0": () => this.view.all(),
    };
    if (event.key === "Escape") return this.hide();
    if (!moves[event.key] || !this.numbers.length) return;
    event.preventDefault();
    moves[event.key]();
    at.place = Math.max(0, Math.min(this.numbers.length - 1, at.place));
    at.letter = Math.max(0, Math.min(this.tracks.length(this.numbers[at.place]) - 1, at.letter));
    this.cursor = { ...at, site: null };
    this.show(at.place, at.letter);
  }

  // The next site to the right, or to the left, of the sequence that the cursor is on.
  private toSite(event: KeyboardEvent): void {
    event.preventDefault();
    const at = this.cursor ?? { place: this.placeAt(this.roll.top), letter: 0, site: null };
    const sites = this.numbers.length ? sitesOf(this.tracks, this.numbers[at.place]) : [];
    const next = besides(sites, at.site, at.letter, event.key === "ArrowRight");
    if (next < 0) return;
    this.cursor = { place: at.place, letter: sites[next].span.start, site: next };
    this.show(at.place, sites[next].span.start, sites[next]);
  }

  // Bring a letter into view, point at it or at a site that begins there, and say what it is.
  private show(place: number, letter: number, site: Site | null = null): void {
    const [top, foot] = [this.tops[place], this.tops[place + 1]];
    if (top < this.roll.top) this.roll.to(top);
    else if (foot > this.roll.top + this.pane.clientHeight) this.roll.to(foot - this.pane.clientHeight);
    this.place();
    this.view.reveal(letter);
    this.redraw();
    this.waiting = false;
    this.fill();
    const number = this.numbers[place], box = this.list.getBoundingClientRect();
    this.unsaid = !this.here(number);
    const look = this.look(number), x = box.left + gutter(look) + (letter + 0.5 - this.view.start) * letterWidth(look);
    const told = this.told(number, letter, this.unsaid ? null : site);
    this.point(place, told, x, box.top + this.roll.onElement(top) + HEAD + 40);
    this.say(number, told);
    this.picked({ number, start: told.start, end: told.end });
  }
}
