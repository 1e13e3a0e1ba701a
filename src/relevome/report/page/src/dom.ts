// Elements of the page. Text is always text: nothing here takes markup.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | EventListener | undefined>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => !!child || child === ""));
  return made;
}

// Where what was chosen is told. Its heading and first sentence are spoken, not all of its tables.
export class Detail {
  readonly element: HTMLElement;
  private readonly live = el("p", { class: "unseen", "aria-live": "polite" });
  private readonly body = el("div", {});

  constructor(name: "chosen" | "detail") {
    this.element = el("div", { class: name }, this.live, this.body);
  }

  show(...children: (Node | string | null)[]): void {
    this.body.replaceChildren(...children.filter((child) => child !== null));
    const said = [this.body.querySelector("h3, h4"), this.body.querySelector("p")];
    this.live.textContent = said.map((one) => one?.textContent ?? "").filter(Boolean).join(": ");
  }
}

// A list of sentences that is folded where it is long.
export function notes(title: string, lines: readonly string[]): HTMLElement | null {
  if (!lines.length) return null;
  const list = el("ul", { class: "notes" }, ...lines.map((line) => el("li", {}, line)));
  return el("details", { open: lines.length <= 4 }, el("summary", {}, `${title} (${lines.length})`), list);
}

export function choice(
  label: string, options: readonly (readonly [string, string])[], changed: (value: string) => void, spoken = label
): HTMLElement {
  const select = el("select", { "aria-label": spoken }, ...options.map(([value, text]) => el("option", { value }, text)));
  select.addEventListener("change", () => changed(select.value));
  return el("label", { class: "field" }, el("span", {}, label), select);
}
