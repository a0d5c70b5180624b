// Colours, looked at with the eyes of people who see fewer of them.
import assert from "node:assert/strict";
import test from "node:test";
import {
  classColour,
  classTable,
  css,
  diverging,
  divergingTable,
  ink,
  rgb,
} from "../../../src/chainrule/playground/static/palette.js";

// Machado, Oliveira and Fernandes (2009), table 1, severity 1.0: what is left of linear red, green and blue.
const EYES = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);

/** CIE L*a*b* of a colour as an eye sees it (white of D65). */
function lab(colour, eye) {
  const seen = EYES[eye].map((row) => row.reduce((sum, m, i) => sum + m * linear(colour[i]), 0));
  const [r, g, b] = seen.map((v) => Math.min(1, Math.max(0, v)));
  const xyz = [
    0.4124 * r + 0.3576 * g + 0.1805 * b,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    0.0193 * r + 0.1192 * g + 0.9505 * b,
  ];
  const f = xyz
    .map((v, i) => v / [0.9505, 1, 1.089][i])
    .map((v) => (v > 0.008856 ? Math.cbrt(v) : 7.787 * v + 16 / 116));
  return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])];
}

const apart = (a, b, eye) => Math.hypot(...lab(a, eye).map((v, i) => v - lab(b, eye)[i]));

for (const theme of ["light", "dark"]) {
  for (const eye of Object.keys(EYES)) {
    test(`ten classes are told apart, ${theme}, ${eye}`, () => {
      const colours = Array.from({ length: 10 }, (_, i) => rgb(classColour(i, theme)));
      for (let i = 0; i < 10; i += 1) {
        for (let j = 0; j < i; j += 1) {
          const distance = apart(colours[i], colours[j], eye);
          assert.ok(distance > 18, `classes ${j} and ${i} are ${distance.toFixed(1)} apart`);
        }
      }
    });

    test(`the two signs are far apart and both leave zero, ${theme}, ${eye}`, () => {
      const [low, zero, high] = [-1, 0, 1].map((value) => diverging(value, theme));
      assert.ok(apart(low, high, eye) > 50);
      assert.ok(apart(low, zero, eye) > 30);
      assert.ok(apart(high, zero, eye) > 30);
    });
  }

  test(`lightness moves one way from zero to each side, ${theme}`, () => {
    for (const side of [-1, 1]) {
      const lights = [0, 0.25, 0.5, 0.75, 1].map((v) => lab(diverging(side * v, theme), "normal")[0]);
      const sign = theme === "light" ? -1 : 1;
      for (let i = 1; i < lights.length; i += 1) assert.ok(sign * (lights[i] - lights[i - 1]) > 0, lights.join(" "));
    }
  });
}

test("a table is opaque, and its middle is the paper", () => {
  const table = new Uint8Array(divergingTable("light").buffer);
  for (let i = 3; i < table.length; i += 4) assert.equal(table[i], 255);
  const middle = [...table.subarray(127 * 4, 127 * 4 + 3)];
  middle.forEach((value, i) => assert.ok(Math.abs(value - diverging(0, "light")[i]) <= 2));
});

test("a discrete table has two colours, a class table one more for each class", () => {
  assert.equal(new Set(divergingTable("dark", true)).size, 2);
  assert.equal(new Set(classTable(3, "dark", true)).size, 3);
  assert.equal(classTable(10, "light").length, 2560);
});

test("the ink of a value is the colour of its sign, and a value near 0 can be seen on the page", () => {
  for (const theme of /** @type {const} */ (["light", "dark"])) {
    assert.equal(ink(1, theme), css(diverging(1, theme)));
    assert.equal(ink(-7, theme), css(diverging(-1, theme)));
    assert.notEqual(ink(0.05, theme), ink(-0.05, theme));
    assert.notEqual(ink(0.05, theme), ink(0, theme));
  }
});
