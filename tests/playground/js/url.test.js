// A set-up in a link.
import assert from "node:assert/strict";
import test from "node:test";
import { difference, merge, stateOf, tokenOf, withState } from "../../../src/chainrule/playground/static/url.js";

const defaults = {
  data: { name: "circle", noise: 0, kinds: {} },
  inputs: ["x1", "x2"],
  learning_rate: 0.03,
  stop: { epochs: null },
  settings: {},
};
const other = {
  data: { name: "spiral", noise: 0, kinds: { "a b": "numeric" } },
  inputs: ["x1", "sin(x2)"],
  learning_rate: 0.03,
  stop: { epochs: 100 },
  settings: { momentum: 0.8 },
};

test("a link carries what differs, and nothing else", () => {
  assert.deepEqual(difference(defaults, defaults), {});
  assert.deepEqual(difference(other, defaults), {
    data: { name: "spiral", kinds: { "a b": "numeric" } },
    inputs: ["x1", "sin(x2)"],
    stop: { epochs: 100 },
    settings: { momentum: 0.8 },
  });
});

test("the difference laid over the defaults is the set-up again, and leaves the defaults as they were", () => {
  const before = structuredClone(defaults);
  assert.deepEqual(merge(defaults, difference(other, defaults)), other);
  assert.deepEqual(defaults, before);
});

test("a fragment keeps its token, and its state survives the journey", () => {
  const change = difference(other, defaults);
  const hash = withState("#token=a-b_c%3D", change);
  assert.equal(tokenOf(hash), "a-b_c=");
  assert.deepEqual(stateOf(hash), change);
  assert.equal(withState(hash, {}), "#token=a-b_c%3D");
  assert.equal(withState("", {}), "");
});

test("a damaged state is none", () => {
  for (const hash of ["", "#token=x", "#state=%7Bbroken", "#state=%", "#state=3", "#state=[1]"])
    assert.equal(stateOf(hash), null);
});
