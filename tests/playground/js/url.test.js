// A set-up in a link.
import assert from "node:assert/strict";
import test from "node:test";
import {
  difference,
  followOf,
  fragment,
  linkOf,
  merge,
  tokenIn,
  tokenOf,
} from "../../../src/chainrule/playground/static/url.js";

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

test("a link carries a set-up with its drawn points and its table, and no token", () => {
  const state = difference(other, defaults);
  const link = {
    state,
    drawn: [
      [-1.5, 2, 0],
      [0.125, 1e-7, 3],
    ],
    table: "00ff",
  };
  assert.deepEqual(linkOf(fragment(link)), link);
  assert.deepEqual(linkOf(fragment({ state: {}, drawn: [[1, 2, 0]], table: "" })).drawn, [[1, 2, 0]]);
  assert.equal(fragment({ state: {}, drawn: [], table: "" }), "");
  assert.equal(tokenOf(fragment(link)), "");
});

test("a token is read from a fragment, from a whole link, or as it stands", () => {
  assert.equal(tokenOf("#token=a-b_c%3D&state=%7B%7D"), "a-b_c=");
  assert.equal(tokenIn(" http://127.0.0.1:8760/#token=a-b \n"), "a-b");
  assert.equal(tokenIn("  a-b "), "a-b");
  assert.equal(followOf("#follow=xyz"), "xyz");
});

test("a damaged set-up is none", () => {
  const damaged = ["#state=%7Bbroken", "#state=%", "#state=3", "#state=[1]", "#points=1,2", "#points=1,2,x"];
  for (const hash of ["", "#token=x", ...damaged]) assert.equal(linkOf(hash), null, hash);
});
