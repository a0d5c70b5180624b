// Names of weights and their places in a frame.
import assert from "node:assert/strict";
import test from "node:test";
import { columns, ends, flat, nameOf, valueOf } from "../../../src/chainrule/playground/static/parameters.js";

const layer = (name, units) => ({ name, units, activation: "tanh", dropout: 0, parameters: 0 });
const network = {
  inputs: [
    { name: "x1", label: "x1" },
    { name: "x2", label: "x2" },
  ],
  layers: [layer("hidden1", 3), layer("output", 2)],
  outputs: ["0", "1"],
  parameters: [
    { name: "hidden1.W", shape: [2, 3] },
    { name: "hidden1.b", shape: [3] },
    { name: "output.W", shape: [3, 2] },
    { name: "output.b", shape: [2] },
  ],
  n_parameters: 17,
};

test("a weight lies row by row, one parameter after another", () => {
  assert.equal(flat(network, "hidden1.W", [0, 2]), 2);
  assert.equal(flat(network, "hidden1.W", [1, 0]), 3);
  assert.equal(flat(network, "hidden1.b", [1]), 7);
  assert.equal(flat(network, "output.W", [2, 1]), 14);
  assert.equal(flat(network, "output.b", [1]), 16);
});

test("a weight that is not there has no place and no value", () => {
  for (const [param, index] of [
    ["hidden2.W", [0, 0]],
    ["hidden1.W", [2, 0]],
    ["hidden1.W", [0]],
    ["hidden1.b", [-1]],
  ]) {
    assert.equal(flat(network, param, index), -1);
    assert.equal(valueOf(network, { arrays: { weights: new Float32Array(17) } }, { param, index }), null);
  }
});

test("a weight joins two neurons, a bias has its own", () => {
  assert.deepEqual(ends(network, { param: "hidden1.W", index: [1, 2] }), ["input.1", "hidden1.2"]);
  assert.deepEqual(ends(network, { param: "output.W", index: [2, 0] }), ["hidden1.2", "output.0"]);
  assert.deepEqual(ends(network, { param: "output.b", index: [1] }), ["output.1"]);
  assert.equal(nameOf({ param: "output.W", index: [2, 0] }), "output.W[2,0]");
});

test("many inputs are one block", () => {
  const many = { ...network, inputs: Array.from({ length: 64 }, (_, i) => ({ name: `x${i + 1}`, label: "" })) };
  assert.deepEqual(columns(many)[0], { name: "input", count: 1, block: true });
  assert.deepEqual(
    columns(network).map(({ count }) => count),
    [2, 3, 2],
  );
});
