import assert from "node:assert/strict";
import { test } from "node:test";
import { flowsOf } from "../src/drawing/flow";

const ledger = (flows: [string, string, number][]) => ({ logits: 2, logit: 3, tokens: 1.5, unaccounted: 0, share: 0, flows });

test("what reached the input comes first, then operations by what they kept", () => {
  const found = flowsOf(ledger([["small", "biases", 0.1], ["large", "softmax", -2], ["large", "biases", 0.4]]));
  assert.deepEqual(found, [
    { operation: "input tokens", kind: "input tokens", amount: 1.5 },
    { operation: "large", kind: "softmax", amount: -2 },
    { operation: "large", kind: "biases", amount: 0.4 },
    { operation: "small", kind: "biases", amount: 0.1 },
  ]);
});

test("of many operations the least are summed by kind, and nothing is lost", () => {
  const many = Array.from({ length: 12 }, (_, i): [string, string, number] => [`op ${i}`, i % 2 ? "biases" : "softmax", 12 - i]);
  const found = flowsOf(ledger(many)), others = found.filter((one) => one.operation === "other operations");
  assert.equal(new Set(found.map((one) => one.operation)).size, 1 + 8);
  assert.deepEqual(others.map((one) => [one.kind, one.amount]), [["biases", 5 + 3 + 1], ["softmax", 4 + 2]]);
  const sum = (values: number[]) => values.reduce((total, one) => total + one, 0);
  assert.equal(sum(found.map((one) => one.amount)), 1.5 + sum(many.map((one) => one[2])));
});
