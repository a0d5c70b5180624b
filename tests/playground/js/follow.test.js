import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../../src/chainrule/playground/static/store.js";
import { follow } from "../../../src/chainrule/playground/static/views/follow.js";

function board() {
  const store = new Store({ send: () => {}, get: () => {}, set: () => {}, on: () => {}, off: () => {} });
  const seen = { derived: 0, moved: 0 };
  const following = follow(
    store,
    () => {
      seen.derived += 1;
    },
    () => {
      seen.moved += 1;
    },
  );
  store.put("selection", { output: 0 });
  const frame = (serial, running = false) => {
    store.put("frame", { serial, running });
    following.catchUp();
  };
  const answer = (serial) => {
    following.asked();
    following.came(serial);
    following.answered();
  };
  return { store, following, seen, frame, answer };
}

test("numbers of the network as it is are left alone", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { seen, frame, answer } = board();
  answer(7);
  frame(7);
  frame(6);
  t.mock.timers.tick(5000);
  assert.deepEqual(seen, { derived: 0, moved: 0 });
});

test("a network that rests is derived again at once, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { seen, frame, answer } = board();
  answer(7);
  frame(8);
  frame(9);
  t.mock.timers.tick(50);
  assert.deepEqual(seen, { derived: 1, moved: 1 });
});

test("a network that runs is derived again after a pause, however many frames come", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { seen, frame, answer } = board();
  answer(7);
  for (let serial = 8; serial < 60; serial += 1) frame(serial, true);
  t.mock.timers.tick(500);
  assert.equal(seen.derived, 0);
  t.mock.timers.tick(1000);
  assert.equal(seen.derived, 1);
});

test("what moved while the answer was under way is caught up with", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { following, seen, frame } = board();
  following.asked();
  frame(9);
  following.came(8);
  following.answered();
  t.mock.timers.tick(50);
  assert.deepEqual(seen, { derived: 1, moved: 1 });
});

test("a board without numbers, or without a weight, follows nothing", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { store, following, seen, frame, answer } = board();
  frame(3);
  answer(3);
  store.put("selection", null);
  frame(4);
  following.forget();
  store.put("selection", { output: 0 });
  frame(5);
  t.mock.timers.tick(5000);
  assert.deepEqual(seen, { derived: 0, moved: 0 });
});
