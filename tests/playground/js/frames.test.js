// The pump: the latest frame only, dropped and never queued, and nothing for a hidden page.
import assert from "node:assert/strict";
import test from "node:test";
import { FramePump } from "../../../src/chainrule/playground/static/frames.js";
import { Store } from "../../../src/chainrule/playground/static/store.js";

function made({ hidden = false } = {}) {
  const sent = [];
  const store = new Store({ send: (content) => sent.push(content) });
  const drawn = [];
  const look = { hidden, due: [], later: [], time: 0 };
  const screen = {
    ...{ hidden: () => look.hidden, now: () => look.time, request: (draw) => look.due.push(draw), cancel: () => {} },
    after: (next) => look.later.push(next),
  };
  const pump = new FramePump(store, (content) => drawn.push(content), screen);
  const refresh = () => look.due.splice(0).forEach((draw) => draw());
  const come = (n, points = []) => pump.take({ type: "frame", n, points }, []);
  const acks = () => sent.filter(({ type }) => type === "ack").map(({ frame }) => frame);
  return { store, pump, look, drawn, sent, refresh, come, acks };
}

test("a frame is acknowledged as it comes and drawn when the screen is ready", () => {
  const { come, refresh, drawn, acks } = made();
  come(1);
  assert.deepEqual(acks(), [1]);
  assert.equal(drawn.length, 0);
  refresh();
  assert.deepEqual(
    drawn.map(({ n }) => n),
    [1],
  );
});

test("of two frames between refreshes only the later is drawn, and it is acknowledged then", () => {
  const { come, refresh, drawn, acks } = made();
  come(1);
  come(2);
  assert.deepEqual(acks(), [1]);
  refresh();
  assert.deepEqual(
    drawn.map(({ n }) => n),
    [2],
  );
  assert.deepEqual(acks(), [1, 2]);
  refresh();
  assert.equal(drawn.length, 1);
});

test("the points of a frame that is dropped are drawn with the next", () => {
  const { come, refresh, drawn } = made();
  come(1, [[1, 0.5, 0.6]]);
  come(2, [[2, 0.4, 0.5]]);
  refresh();
  assert.deepEqual(drawn[0].points, [
    [1, 0.5, 0.6],
    [2, 0.4, 0.5],
  ]);
});

test("a hidden page draws nothing, says so, and draws the newest when it is seen again", () => {
  const { come, refresh, drawn, sent, look, pump } = made({ hidden: true });
  come(1, [[1, 1, 1]]);
  come(2, [[2, 1, 1]]);
  refresh();
  assert.equal(drawn.length, 0);
  assert.ok(sent.every(({ hidden }) => hidden));
  assert.equal(sent.length, 2);
  look.hidden = false;
  pump.visibility();
  refresh();
  assert.equal(sent.at(-1).hidden, false);
  assert.deepEqual(
    drawn.map(({ n, points }) => [n, points.length]),
    [[2, 2]],
  );
});

test("a new state throws a waiting frame away without losing the next", () => {
  const { come, refresh, drawn, pump, acks } = made();
  come(1);
  come(2);
  pump.drop();
  refresh();
  assert.equal(drawn.length, 0);
  assert.deepEqual(acks(), [1, 2]);
  come(3);
  refresh();
  assert.deepEqual(
    drawn.map(({ n }) => n),
    [3],
  );
});

test("the map that is looked at is asked for, at once where nothing moves", () => {
  const { come, refresh, store, sent } = made();
  come(1);
  refresh();
  store.put("looked", { layer: "hidden2", unit: 1 });
  assert.deepEqual(sent.at(-1).want, { map: "hidden2.1", size: 100 });
  store.put("looked", null);
  assert.deepEqual(sent.at(-1).want, { map: "output", size: 100 });
});

test("what a frame took is told when the page is free again, layout and painting included", () => {
  const { come, refresh, store, look } = made();
  come(1);
  refresh();
  assert.equal(store.get("drawing"), undefined);
  look.time = 12;
  look.later.splice(0).forEach((next) => next());
  assert.equal(store.get("drawing"), 12);
});
