// Curves of runs.
import assert from "node:assert/strict";
import test from "node:test";
import { extend, extent, nearest } from "../../../src/chainrule/playground/static/curves.js";

const run = (epochs = []) => ({
  id: 0,
  name: "r",
  current: true,
  epochs: [...epochs],
  train: epochs.map(() => 1),
  test: epochs.map(() => 2),
  spec: {},
});

test("points are joined; one that goes back cuts what came after it", () => {
  const one = run([0, 1, 2, 3]);
  extend(one, [
    [2, 0.5, 0.6],
    [2.5, 0.4, null],
  ]);
  assert.deepEqual(one.epochs, [0, 1, 2, 2.5]);
  assert.deepEqual(one.train, [1, 1, 0.5, 0.4]);
  assert.deepEqual(one.test, [2, 2, 0.6, null]);
});

test("a long curve is thinned but keeps its start and its end", () => {
  const one = run();
  for (let epoch = 0; epoch < 20000; epoch += 1) extend(one, [[epoch, 1 / (epoch + 1), 1]]);
  assert.ok(one.epochs.length <= 1600);
  assert.equal(one.epochs[0], 0);
  assert.equal(one.epochs[one.epochs.length - 1], 19999);
  assert.equal(one.train.length, one.epochs.length);
});

test("the extent covers all runs; a logarithmic axis leaves out what is not above zero", () => {
  const one = { ...run([0, 10, 200]), train: [1, 0.1, 0], test: [1.2, null, Number.NaN] };
  assert.deepEqual(extent([one], { logX: false, logY: false }).x, [0, 200]);
  const { x, y } = extent([one], { logX: true, logY: true });
  assert.ok(x[0] > 0 && y[0] > 0 && y[0] < 0.1 && y[1] > 1.2);
  assert.ok(extent([], { logX: false, logY: true }).y[0] > 0);
});

test("the nearest epoch is found", () => {
  assert.equal(nearest([0, 10, 20, 40], 14), 1);
  assert.equal(nearest([0, 10, 20, 40], 16), 2);
  assert.equal(nearest([0, 10, 20, 40], 1000), 3);
  assert.equal(nearest([], 3), -1);
});
