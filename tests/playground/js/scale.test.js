// Scales, ticks and numbers.
import assert from "node:assert/strict";
import test from "node:test";
import {
  count,
  letters,
  linear,
  logarithmic,
  niceTicks,
  number,
  size,
} from "../../../src/chainrule/playground/static/scale.js";

test("ticks are round and lie inside the range", () => {
  assert.deepEqual(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(niceTicks(-6, 6, 4), [-5, 0, 5]);
  assert.deepEqual(niceTicks(3, 3, 5), [3]);
  for (const tick of niceTicks(0.0173, 0.0981, 5)) assert.ok(tick >= 0.0173 && tick <= 0.0981);
});

test("a linear scale and its inverse agree", () => {
  const scale = linear(-2, 8, 100, 0);
  assert.equal(scale.at(-2), 100);
  assert.equal(scale.at(8), 0);
  assert.ok(Math.abs(scale.from(scale.at(3.3)) - 3.3) < 1e-12);
});

test("a logarithmic scale has powers of ten as ticks, and puts zero at its lower end", () => {
  const scale = logarithmic(0.001, 10, 0, 400);
  assert.deepEqual(scale.ticks, [0.001, 0.01, 0.1, 1, 10]);
  assert.equal(scale.at(0), 0);
  assert.ok(Math.abs(scale.from(scale.at(0.5)) - 0.5) < 1e-12);
  assert.ok(logarithmic(0.12, 0.8, 0, 100).ticks.length >= 2);
});

test("numbers have a true minus sign and few digits", () => {
  assert.equal(number(-0.12345), "−0.123");
  assert.equal(number(1234.5), "1235");
  assert.equal(number(12), "12");
  assert.equal(number(0), "0");
  assert.equal(number(null), "–");
  assert.equal(number(Number.NaN), "–");
  assert.equal(number(-Infinity), "−∞");
  assert.equal(number(-0.0000123), "−1.2·10⁻⁵");
  assert.equal(number(2.5e7), "2.5·10⁷");
});

test("inputs are written as the course writes them", () => {
  assert.equal(letters("x1"), "x₁");
  assert.equal(letters("x12^2"), "x₁₂²");
  assert.equal(letters("x1*x2"), "x₁x₂");
  assert.equal(letters("sin(x1)"), "sin x₁");
  assert.equal(letters("petal length"), "petal length");
});

test("counts are grouped, sizes have units", () => {
  assert.equal(count(1234567), "1\u202f234\u202f567");
  assert.equal(size(11264), "11.3 kB");
  assert.equal(size(33554432), "33.6 MB");
});
