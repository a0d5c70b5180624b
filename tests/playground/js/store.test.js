// The store: topics, answers, refusals.
import assert from "node:assert/strict";
import test from "node:test";
import { Store, sentence } from "../../../src/chainrule/playground/static/store.js";

const makeStore = () => {
  const sent = [];
  const store = new Store({ send: (content) => sent.push(content) });
  return { store, sent };
};
const network = (units) => ({ inputs: [{}, {}], parameters: [{ name: "hidden1.W", shape: [2, units] }] });
const state = (units) => ({
  type: "state",
  network: network(units),
  data: { classes: ["0", "1"] },
  history: { runs: [] },
});

test("a listener hears what is known already, then each change, until it stops", () => {
  const { store } = makeStore();
  const heard = [];
  store.put("theme", "light");
  const stop = store.on("theme", (theme) => heard.push(theme));
  store.put("theme", "dark");
  stop();
  store.put("theme", "light");
  assert.deepEqual(heard, ["light", "dark"]);
});

test("a question resolves with the answer that carries its number", async () => {
  const { store, sent } = makeStore();
  const [first, second] = [store.ask({ type: "save" }), store.ask({ type: "derive", param: "hidden1.b", index: [0] })];
  store.receive({ type: "derivation", derivation: { of: "b" }, id: sent[1].id });
  store.receive({ type: "file", name: "a", mime: "m", id: sent[0].id }, [new DataView(new ArrayBuffer(3))]);
  assert.equal((await second).derivation.of, "b");
  assert.equal((await first).bytes.length, 3);
});

test("a refusal rejects the question and is a topic of its own", async () => {
  const { store, sent } = makeStore();
  const asked = store.ask({ type: "set", path: "l2", value: -1 });
  store.receive({ type: "error", expected: "a number", came: "-1", remedy: "Give one.", to: "set", id: sent[0].id });
  await assert.rejects(asked, /Expected a number; came: -1. Give one./);
  assert.equal(store.get("error").came, "-1");
});

test("what was asked over a wire that breaks is not waited for", async () => {
  const { store } = makeStore();
  const asked = store.ask({ type: "save" });
  store.receive({ type: "connection", status: "lost", attempt: 1 });
  await assert.rejects(asked, /a connection to Chainrule/);
});

test("a frame of another network is forgotten when the state comes, one of the same stays", () => {
  const { store } = makeStore();
  store.receive(state(4));
  store.receive({ type: "frame", n: 1 });
  store.receive(state(4));
  assert.equal(store.get("frame").n, 1);
  store.receive(state(5));
  assert.equal(store.get("frame"), undefined);
});

test("the state brings the curves", () => {
  const { store } = makeStore();
  store.receive(state(4));
  assert.deepEqual(store.get("history"), { runs: [] });
});

test("a change is one command with its dotted path", () => {
  const { store, sent } = makeStore();
  store.change("layers.0.units", 8);
  assert.deepEqual(sent, [{ type: "set", path: "layers.0.units", value: 8 }]);
});

test("a refusal is one sentence", () => {
  assert.equal(
    sentence({ expected: "a table", came: "noise", remedy: "Send a CSV." }),
    "Expected a table; came: noise. Send a CSV.",
  );
});
