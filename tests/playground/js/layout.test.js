// Geometry of the network.
import assert from "node:assert/strict";
import test from "node:test";
import { along, curve, distance, margins, place, thickness } from "../../../src/chainrule/playground/static/layout.js";

const margin = { left: 50, right: 50, top: 60, bottom: 10 };

test("neurons stand inside the stage and do not overlap, up to 128 of them", () => {
  for (const counts of [
    [2, 4, 2, 2],
    [7, 8, 8, 8, 8, 8, 8, 10],
    [1, 128, 10],
    [1, 1],
  ]) {
    for (const column of place(counts, 800, 420, margin)) {
      column.forEach(({ size, centre }, i) => {
        assert.ok(centre.y - size / 2 >= 59.9 && centre.y + size / 2 <= 410.1 + 1, `${counts}: ${centre.y}`);
        assert.ok(centre.x >= 50 && centre.x <= 750);
        if (i) assert.ok(centre.y - column[i - 1].centre.y >= Math.min(size, 350 / column.length) - 1e-9);
      });
    }
  }
});

test("columns are spread evenly, the first and the last at the margins", () => {
  const xs = place([2, 4, 2, 2], 800, 420, margin).map((column) => column[0].centre.x);
  assert.deepEqual(xs.map(Math.round), [50, 283, 517, 750]);
});

test("a column is centred in its height", () => {
  const [column] = place([3, 1], 800, 420, margin);
  assert.ok(Math.abs((column[0].centre.y + column[2].centre.y) / 2 - (60 + 350 / 2)) < 1e-9);
});

test("a link goes from the right side of one neuron to the left side of the next", () => {
  const link = curve({ size: 40, centre: { x: 0, y: 0 } }, { size: 20, centre: { x: 200, y: 100 } });
  assert.deepEqual(along(link, 0), { x: 20, y: 0 });
  assert.deepEqual(along(link, 1), { x: 190, y: 100 });
});

test("the distance to a link is zero on it and grows beside it", () => {
  const link = curve({ size: 40, centre: { x: 0, y: 0 } }, { size: 20, centre: { x: 200, y: 100 } });
  for (const t of [0.1, 0.5, 0.77]) assert.ok(distance(link, along(link, t)) < 0.6);
  const middle = along(link, 0.5);
  assert.ok(distance(link, { x: middle.x, y: middle.y + 30 }) > 8);
  assert.equal(distance(link, { x: -50, y: 0 }), Infinity);
});

test("a heavier weight is a thicker line, up to the largest", () => {
  const widths = [0, 0.1, 0.5, 1, 2].map((weight) => thickness(weight, 2));
  for (let i = 1; i < widths.length; i += 1) assert.ok(widths[i] > widths[i - 1]);
  assert.equal(thickness(-2, 2), thickness(2, 2));
  assert.equal(thickness(5, 2), thickness(2, 2));
  assert.equal(thickness(Infinity, 2), thickness(2, 2));
  assert.ok(thickness(Number.NaN, 2) > 0);
});

test("long names get room, up to a limit", () => {
  const short = margins(["x₁"], ["0"], 10);
  const long = margins(["sepal length (cm)"], ["versicolor"], 10);
  const endless = margins(["n".repeat(500)], ["n".repeat(500)], 10);
  assert.ok(long.left > short.left + 50 && long.right > short.right + 30);
  assert.deepEqual([endless.left, endless.right], [130, 130]);
});
