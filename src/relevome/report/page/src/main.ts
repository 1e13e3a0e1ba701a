// The page: reads its data, and puts its sections one below the other.

import { Browser } from "./browser";
import type { Content, PartContent } from "./content";
import { unpacked, type Data } from "./data";
import { el } from "./dom";
import { methods } from "./methods";
import { parts } from "./parts";
import { predictions } from "./predictions";
import { runs } from "./runs";
import { turn } from "./theme";
import { Tracks } from "./tracks";
import { verdict } from "./verdict";
import { count } from "./words";

interface Section { id: string; title: string; body: (HTMLElement | null)[]; wide?: boolean }

function sections(data: Data): Section[] {
  const { content } = data, found: Section[] = [];
  if (content.sequences) {
    const tracks = new Tracks(data, content.sequences, content.runs);
    found.push({ id: "sequences", title: "Sequences", wide: true, body: [
      el("p", { class: "caption" }, "Every letter is as tall as its relevance; below the line it speaks against the target. " +
        "Zoom with ⌘ or Ctrl and the wheel, drag to the side, or use the keys + and −."),
      new Browser(tracks, content).element] });
    found.push({ id: "predictions", title: "Predictions", body: [el("div", { class: "side" }, ...predictions(tracks))] });
  }
  content.parts.forEach((part, i) => found.push(section(part, i, content)));
  if (content.runs.length) found.push({ id: "runs", title: "Runs", body: runs(content.runs) });
  found.push({ id: "methods", title: "How this was made", body: methods(content.methods) });
  return found;
}

function section(part: PartContent, place: number, content: Content): Section {
  const draw = parts[part.kind];
  const same = content.parts.filter((one) => one.kind === part.kind).length > 1;
  const title = same ? `${part.title}: ${part.folder.split("/").pop()}` : part.title;
  const body = draw ? draw(part.content, content.letters) : [el("p", {}, `This page cannot show a result of the kind ${part.kind}.`)];
  return { id: `part-${place}`, title, body };
}

function header(content: Content, all: readonly Section[]): HTMLElement[] {
  const shown = content.sequences?.ids.length ?? 0;
  const methods = [...new Set(content.runs.map((run) => run.method))].join(", ");
  const said = content.runs.length ? `${count(shown)} sequences explained by ${methods}` : "Results of relevome";
  return [
    el("header", { class: "top" },
      el("div", {}, el("h1", {}, content.title), el("p", { class: "lead" }, said)),
      el("button", { type: "button", class: "quiet theme", click: turn }, "Light or dark")),
    el("nav", { "aria-label": "Sections" }, ...[["verdict", "Verdict"], ...all.map((one) => [one.id, one.title])]
      .map(([id, title]) => el("a", { href: `#${id}` }, title))),
  ];
}

function draw(data: Data, page: HTMLElement): void {
  const all = sections(data);
  page.replaceChildren(...header(data.content, all), verdict(data.content.verdict),
    ...all.map((one) => el("section", { id: one.id, class: one.wide ? "wide" : undefined, "aria-labelledby": `${one.id}-title` },
      el("h2", { id: `${one.id}-title` }, one.title), ...one.body)));
  page.dataset.ready = "yes";
}

async function start(): Promise<void> {
  const page = document.getElementById("page")!, kept = document.getElementById("data")!;
  try {
    draw(await unpacked(kept.textContent ?? ""), page);
    kept.remove();
  } catch (error) {
    page.replaceChildren(el("p", { class: "headline bad", role: "alert" },
      `This page could not be drawn (${error}): its file may be incomplete, or the browser older than 2023.`));
    throw error;
  }
}

void start();
