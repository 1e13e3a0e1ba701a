// The ledger as a flow: from the logits through the operations that keep a part, to what it is kept as.

import type { LedgerContent } from "../data/content";
import { counted, short } from "../words";
import { clipped } from "./clipped";
import type { Drawing } from "./figure";
import type { Surface } from "./surface";
import type { Theme } from "./theme";

export interface Flow { operation: string; kind: string; amount: number }

const TOKENS = "input tokens", OTHERS = "other operations", MOST = 8, LEAST = 1.5; // operations, dots
const KINDS = [TOKENS, "biases", "softmax", "positions", "constants"];
const HIGH = 300, GAP = 14, NODE = 10, TOP = 34;

// What reached the input first, then the operations that absorbed most, the rest of them together.
export function flowsOf(ledger: LedgerContent): Flow[] {
  const sizes = new Map<string, number>();
  for (const [operation, , amount] of ledger.flows) sizes.set(operation, (sizes.get(operation) ?? 0) + Math.abs(amount));
  const order = [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)!);
  const named = new Set(order.length > MOST ? order.slice(0, MOST - 1) : order);
  const sums = new Map<string, Flow>([[TOKENS, { operation: TOKENS, kind: TOKENS, amount: ledger.tokens }]]);
  const ranked = [...ledger.flows].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  for (const [name, kind, amount] of ranked) {
    const operation = named.has(name) ? name : OTHERS, key = `${operation} ${kind}`;
    const sum = sums.get(key);
    if (sum) sum.amount += amount;
    else sums.set(key, { operation, kind, amount });
  }
  return [...sums.values()];
}

interface Node { name: string; sum: number; high: number; y: number; filled: number }

// Nodes below each other, as high as what flows through them, whatever its sign.
function column(names: readonly string[], flows: readonly Flow[], of: (flow: Flow) => string, dots: number, whole: number): Map<string, Node> {
  const found = new Map<string, Node>();
  const total = names.reduce((sum, name) => sum + high(flows.filter((one) => of(one) === name), dots), 0) + GAP * (names.length - 1);
  let y = TOP + (whole - total) / 2;
  for (const name of names) {
    const own = flows.filter((one) => of(one) === name), tall = high(own, dots);
    found.set(name, { name, sum: own.reduce((sum, one) => sum + one.amount, 0), high: tall, y, filled: 0 });
    y += tall + GAP;
  }
  return found;
}

const thick = (flow: Flow, dots: number) => Math.max(LEAST, Math.abs(flow.amount) * dots);
const high = (flows: readonly Flow[], dots: number) => flows.reduce((sum, one) => sum + thick(one, dots), 0);

export function flow(ledger: LedgerContent, width = 900): Drawing {
  const flows = flowsOf(ledger);
  const dots = HIGH / (flows.reduce((sum, one) => sum + Math.abs(one.amount), 0) || 1);
  const operations = [...new Set(flows.map((one) => one.operation))], kinds = KINDS.filter((kind) => flows.some((one) => one.kind === kind));
  const whole = high(flows, dots) + GAP * (Math.max(operations.length, kinds.length) - 1);
  const edge = 150, middle = Math.round(width * 0.42), right = width - edge;
  return { width, height: TOP + whole + 46, draw(on, colours) {
    const at = {
      logit: column(["logits"], flows, () => "logits", dots, whole), operation: column(operations, flows, (one) => one.operation, dots, whole),
      kind: column(kinds, flows, (one) => one.kind, dots, whole),
    };
    for (const one of flows) {
      const colour = one.amount < 0 ? colours.series[1] : colours.series[0], tall = thick(one, dots);
      const [from, through, to] = [at.logit.get("logits")!, at.operation.get(one.operation)!, at.kind.get(one.kind)!];
      band(on, [edge + NODE, from.y + from.filled], [middle, through.y + through.filled], tall, colour);
      band(on, [middle + NODE, through.y + through.filled], [right, to.y + to.filled], tall, colour);
      if (one.kind === TOKENS) on.rect(middle, through.y, NODE, tall, colour, 0.35);
      for (const node of [from, through, to]) node.filled += tall;
    }
    const [start] = at.logit.values();
    node(on, colours, edge, start);
    words(on, colours, edge - 8, start, counted(ledger.logits, "logit"), ledger.logit, "end", edge - 12);
    for (const one of at.operation.values()) {
      if (one.name === TOKENS) continue; // which nothing kept on the way
      node(on, colours, middle, one);
      words(on, colours, middle + NODE + 6, one, one.name.replace(/^torch\.(nn\.functional\.)?/, ""), one.sum, "start", right - middle - 30);
    }
    for (const one of at.kind.values()) {
      node(on, colours, right, one);
      words(on, colours, right + NODE + 6, one, one.name, one.sum, "start", edge - NODE - 10);
    }
    ["logits", "kept by", "as"].forEach((text, i) =>
      on.text(text, [edge + NODE, middle, right][i], 16, { size: 11, fill: colours.muted, anchor: i ? "start" : "end" }));
    on.text(`Orange is below zero. Unaccounted for: ${short(ledger.unaccounted, 2)}, ${short(ledger.share, 2)} of all.`,
      edge, TOP + whole + 32, { size: 11, fill: colours.muted });
  } };
}

function node(on: Surface, colours: Theme, x: number, one: Node): void {
  on.rect(x, one.y, NODE, one.high, colours.muted);
}

// A name and the signed sum.
function words(on: Surface, colours: Theme, x: number, one: Node, name: string, sum: number, anchor: "start" | "end", room: number): void {
  const said = short(sum), y = one.y + one.high / 2;
  const shown = clipped(on, name, Math.max(30, room - on.width(said, { size: 11.5, fill: "" }) - 8));
  const text = `${shown} ${said}`, wide = on.width(text, { size: 11.5, fill: "" });
  on.rect(anchor === "end" ? x - wide - 2 : x - 2, y - 7, wide + 4, 14, colours.ground, 0.75); // bands may be behind it
  on.text(text, x, y + 4, { size: 11.5, fill: colours.ink, anchor });
}

// Curves from one place to another, of one height all along.
function band(on: Surface, [x, y]: readonly [number, number], [far, end]: readonly [number, number], tall: number, colour: string): void {
  const steps = 24, upper: [number, number][] = [];
  for (let i = 0; i <= steps; i++) {
    const share = i / steps, eased = share * share * (3 - 2 * share);
    upper.push([x + share * (far - x), y + eased * (end - y)]);
  }
  on.area([...upper, ...[...upper].reverse().map(([a, b]) => [a, b + tall] as const)], colour, 0.35);
}
