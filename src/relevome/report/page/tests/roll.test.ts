import assert from "node:assert/strict";
import { test } from "node:test";
import { Roll } from "../src/sequences/roll";

// An element that scrolls as a browser has it: whole dots, and no further than its list.
function made(view = 900): { roll: Roll; pane: { scrollTop: number }; scroll: (top: number) => void; top: () => number } {
  const list = { style: { height: "0px" } };
  let at = 0;
  const pane = {
    clientHeight: view,
    get scrollTop() { return at; },
    set scrollTop(top: number) { at = Math.round(Math.max(0, Math.min(parseFloat(list.style.height) - view, top))); },
  };
  const roll = new Roll(pane as unknown as HTMLElement, list as unknown as HTMLElement);
  return { roll, pane, scroll: (top) => { pane.scrollTop = top; roll.scrolled(); }, top: () => roll.top };
}

test("a list that an element can hold is where the element is", () => {
  const { roll, pane, scroll, top } = made();
  roll.begin(500_000);
  scroll(1234);
  assert.equal(top(), 1234);
  assert.equal(roll.onElement(2000), 2000);
  roll.to(499_900);
  assert.equal(pane.scrollTop, 499_100);
});

test("a higher list has both of its ends, and a jump its share", () => {
  const { roll, pane, scroll, top } = made();
  roll.begin(47_000_000);
  assert.equal(top(), 0);
  scroll(1e9);
  assert.ok(Math.abs(top() - (47_000_000 - 900)) < 1e-6);
  assert.equal(roll.onElement(top()), pane.scrollTop);
  scroll(5_000_000 - 450);
  assert.ok(Math.abs(top() / (47_000_000 - 900) - 0.5) < 1e-3);
});

test("a small step is as long as the hand moved it, also to and fro and up to the ends", () => {
  const { roll, pane, scroll, top } = made();
  roll.begin(47_000_000);
  roll.to(20_000_000);
  const before = top();
  for (let i = 0; i < 40; i++) scroll(pane.scrollTop + 120);
  assert.ok(Math.abs(top() - before - 4800) < 1e-6);
  roll.to(30_000);
  for (let i = 0; i < 1000 && top() > 0; i++) scroll(pane.scrollTop - 120);
  assert.equal(top(), 0);
  roll.to(47_000_000 - 30_900);
  for (let i = 0; i < 1000; i++) scroll(pane.scrollTop + 120);
  assert.ok(47_000_000 - 900 - top() < 1);
});
