import assert from "node:assert/strict";
import { test } from "node:test";

import { place } from "../../../src/chainrule/playground/static/layout.js";
import { Turns, bandsOf, wipe } from "../../../src/chainrule/playground/static/views/bands.js";
import { linksOf } from "../../../src/chainrule/playground/static/views/links.js";

/** @param {number[]} units of the layers, the inputs first */
function bandsFor(units) {
  const places = place(units, 900, 500, { left: 80, right: 80, top: 90, bottom: 20 });
  const layers = units.slice(1).map((count, l) => ({ name: `hidden${l + 1}`, units: count, activation: "tanh" }));
  const parameters = layers.flatMap(({ name, units: count }, l) => [
    { name: `${name}.W`, shape: [units[l], count] },
    { name: `${name}.b`, shape: [count] },
  ]);
  const links = linksOf(/** @type {any} */ ({ layers, parameters, inputs: [], outputs: [] }), places, false);
  return { links, bands: bandsOf(links) };
}

test("each gap between two columns is a band of its own, and bands do not overlap", () => {
  const { links, bands } = bandsFor([2, 4, 2, 2]);
  assert.deepEqual(
    bands.map(({ start, end }) => [start, end]),
    [
      [0, 8],
      [8, 16],
      [16, 20],
    ],
  );
  assert.equal(links.length, 20);
  bands.forEach(({ left, right }, i) => {
    assert.ok(left < right);
    if (i) assert.ok(bands[i - 1].right < left);
  });
});

test("of a small network every line is drawn in each frame", () => {
  const { bands } = bandsFor([2, 4, 2, 2]);
  const turns = new Turns(100);
  for (let frame = 0; frame < 5; frame += 1) assert.equal(turns.take(bands).length, 3);
});

test("of a large network every line gets its turn, and no frame draws many more than it may", () => {
  const { bands } = bandsFor([7, 8, 8, 8, 8, 8, 8, 10]);
  const turns = new Turns(100);
  const seen = new Map(bands.map((band) => [band, 0]));
  let lines = 0;
  const frames = 60;
  for (let frame = 0; frame < frames; frame += 1) {
    const taken = turns.take(bands);
    lines += taken.reduce((sum, { start, end }) => sum + end - start, 0);
    for (const band of taken) seen.set(band, (seen.get(band) ?? 0) + 1);
    assert.ok(taken.length <= 3);
  }
  assert.ok(lines <= 100 * (frames + 1), `${lines} lines in ${frames} frames`);
  assert.ok(lines >= 90 * frames);
  for (const turns of seen.values()) assert.ok(turns >= Math.floor((frames * 100) / 456) - 1);
});

test("a band of more lines than a frame may draw is drawn, and the next frames draw none", () => {
  const { bands } = bandsFor([2, 20, 20, 2]);
  const turns = new Turns(100);
  const counts = Array.from({ length: 12 }, () =>
    turns.take(bands).reduce((sum, { start, end }) => sum + end - start, 0),
  );
  assert.equal(Math.max(...counts), 440);
  assert.ok(counts.filter((count) => count === 0).length >= 6);
});

test("long frames draw fewer lines at once, short ones more and more, within limits", () => {
  const turns = new Turns(100);
  turns.pace(14);
  assert.equal(turns.most, 90);
  turns.pace(3);
  assert.equal(turns.most, 91);
  for (let i = 0; i < 100; i += 1) turns.pace(40);
  assert.equal(turns.most, 60);
  for (let i = 0; i < 1000; i += 1) turns.pace(1);
  assert.equal(turns.most, 500);
});

test("a band is wiped with the columns beside it, and every pixel by all bands together", () => {
  const { bands } = bandsFor([2, 4, 2, 2]);
  /** @type {number[][]} */
  const wiped = [];
  const context = /** @type {any} */ ({ fillRect: (...box) => wiped.push(box) });
  const stage = { width: 900, height: 500, paper: "white" };
  wipe(context, bands, bands, stage);
  assert.deepEqual(wiped, [[0, 0, 900, 500]]);
  wiped.length = 0;
  for (const band of bands) wipe(context, [band], bands, stage);
  const [first, second, third] = wiped.map(([left, , width]) => [left, left + width]);
  assert.deepEqual([first[0], third[1]], [0, 900]);
  // Each ends where the lines of the next begin, so that a column between two is wiped with either.
  assert.deepEqual([first[1], second[0]], [bands[1].left, bands[0].right]);
  assert.deepEqual([second[1], third[0]], [bands[2].left, bands[1].right]);
});
