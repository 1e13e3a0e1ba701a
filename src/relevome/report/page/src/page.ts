// The page: its sections one below the other, wherever its data come from.

import { Browser } from "./sequences/browser";
import type { Content, PartContent, SequencesContent } from "./data/content";
import { fromHalf, type Data } from "./data/data";
import { el } from "./dom";
import { legend } from "./sequences/legend";
import { SequenceLinks } from "./sequences/links";
import { methods } from "./methods";
import { parts } from "./parts";
import { predictions } from "./sequences/predictions";
import { profiles } from "./sequences/profile";
import { runs } from "./runs";
import type { Source } from "./data/source";
import { Structures } from "./structures/structures";
import { turn } from "./drawing/theme";
import type { PageTools } from "./tools";
import { Tracks } from "./sequences/tracks";
import { verdict } from "./verdict";
import { counted } from "./words";

export type SourceOf = (data: Data, said: SequencesContent) => Source;

// ``link`` is what the list of sections calls it, null where that has an earlier one of its kind.
interface Section { id: string; title: string; body: (HTMLElement | null)[]; link?: string | null }

function sections(data: Data, source: SourceOf): Section[] {
  const { content } = data, found: Section[] = [];
  const tools: PageTools = { array: (ref) => data.array(ref), halves: (ref) => fromHalf(data.halves(ref)), sequences: null };
  if (content.sequences) {
    const tracks = new Tracks(data, content.sequences, content.runs, source(data, content.sequences));
    const browser = new Browser(tracks, content);
    tools.sequences = new SequenceLinks(tracks, (...where) => { void browser.go(...where); });
    const structures = content.structures.length ? linked(content, tools, tracks, browser) : null;
    found.push({ id: "sequences", title: "Sequences", body: [
      el("p", { class: "caption" }, "Every letter is as tall as its relevance; below the line it speaks against the target. " +
        "Zoom with ⌘ or Ctrl and the wheel, drag to the side, or use the keys + and −." +
        (tracks.annotations.length ? " Point at what lies below the letters: how relevant are its own, how relevant the others?" : "")),
      tracks.alphabet === "protein" ? legend(content.letters.chemistry) : null,
      structures?.element ?? null, browser.element, profiles(tracks)] });
    found.push({ id: "predictions", title: "Predictions", body: [el("div", { class: "side" }, ...predictions(tracks))] });
  }
  content.parts.forEach((part, i) => found.push(section(part, i, content, tools)));
  if (content.runs.length) found.push({ id: "runs", title: "Runs", body: runs(content.runs) });
  found.push({ id: "methods", title: "How this was made", body: methods(content.methods) });
  return found;
}

// Structures that show what is pointed at among the sequences, and the other way round.
function linked(content: Content, tools: PageTools, tracks: Tracks, browser: Browser): Structures {
  const structures = new Structures(content.structures, tools, tracks, {
    go: (...where) => { void browser.go(...where); },
    glance: (...where) => browser.glance(...where),
    facing: (...where) => browser.facing(...where),
  });
  browser.pointed = (where) => structures.point(where);
  browser.picked = (where) => structures.pick(where);
  return structures;
}

function section(part: PartContent, place: number, content: Content, tools: PageTools): Section {
  const draw = parts[part.kind];
  const alike = content.parts.filter((one) => one.kind === part.kind);
  const title = alike.length > 1 ? `${part.title}: ${part.name}` : part.title;
  const body = draw ? draw(part.content, content.letters, tools, part.name) : [el("p", {}, `This page cannot show a result of the kind ${part.kind}.`)];
  return { id: `part-${place}`, title, body, link: part === alike[0] ? part.title : null };
}

function header(content: Content, all: readonly Section[]): HTMLElement[] {
  const shown = content.sequences?.ids.length ?? 0;
  const methods = [...new Set(content.runs.map((run) => run.method))].join(", ");
  const said = content.runs.length ? `${counted(shown, "sequence")} explained by ${methods}` : counted(content.parts.length, "result");
  return [
    el("header", { class: "top" },
      el("div", {}, el("h1", {}, content.title), el("p", { class: "lead" }, said)),
      el("button", { type: "button", class: "quiet theme", click: turn }, "Light or dark")),
    el("nav", { "aria-label": "Sections" }, el("a", { href: "#verdict" }, "Verdict"),
      ...all.filter((one) => one.link !== null).map((one) => el("a", { href: `#${one.id}` }, one.link ?? one.title))),
  ];
}

function draw(data: Data, page: HTMLElement, source: SourceOf): void {
  const all = sections(data, source);
  page.replaceChildren(...header(data.content, all), verdict(data.content.verdict),
    ...all.map((one) => el("section", { id: one.id, "aria-labelledby": `${one.id}-title` },
      el("h2", { id: `${one.id}-title` }, one.title), ...one.body)));
  page.dataset.ready = "yes";
}

// Draw what is read, or say why it cannot be; ``advice`` is what may be wrong.
export async function begin(read: (page: HTMLElement) => Promise<Data>, source: SourceOf, advice: string): Promise<void> {
  const page = document.getElementById("page")!;
  try {
    draw(await read(page), page, source);
  } catch (error) {
    page.replaceChildren(el("p", { class: "headline bad", role: "alert" },
      `This page could not be drawn (${error}): ${advice}.`));
    throw error;
  }
}
