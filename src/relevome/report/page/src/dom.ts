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
