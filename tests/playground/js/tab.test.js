// What a tab has of its own: token, key, and what it keeps; and a page that only looks on.
import assert from "node:assert/strict";
import test from "node:test";
import { Store } from "../../../src/chainrule/playground/static/store.js";
import { Tab } from "../../../src/chainrule/playground/static/tab.js";

function storage(room = Infinity) {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => {
      if (value.length > room) throw new Error("full");
      kept.set(name, value);
    },
    removeItem: (name) => kept.delete(name),
  };
}

test("a page that is loaded anew has its token and its key, and is another page", () => {
  const shelf = storage();
  const before = new Tab("#token=t", shelf);
  before.belongs({ key: "k", role: "own" });
  before.keep({ session: { spec: {} } });
  const after = new Tab("", shelf);
  assert.equal(after.greeting().token, "t");
  assert.equal(after.greeting().session, "k");
  assert.deepEqual(after.kept, { session: { spec: {} } });
  assert.notEqual(after.page, before.page);
});

test("who follows asks for no network of its own, and keeps its key for later", () => {
  const shelf = storage();
  new Tab("#token=t", shelf).belongs({ key: "k", role: "own" });
  const tab = new Tab("#follow=c", shelf);
  assert.deepEqual([tab.greeting().session, tab.greeting().follow], ["", "c"]);
  tab.belongs({ key: "", role: "guest" });
  tab.follow = "";
  assert.equal(tab.greeting().session, "k");
});

test("what does not fit is not kept, and what was kept before it neither", () => {
  const tab = new Tab("#token=t", storage(30));
  tab.keep({ a: 1 });
  assert.deepEqual(tab.kept, { a: 1 });
  tab.keep({ a: "x".repeat(50) });
  assert.equal(tab.kept, null);
});

test("a page that looks on sends questions, and no command", async () => {
  const sent = [];
  const store = new Store({ send: (content) => sent.push(content.type), get: () => ({}) });
  store.put("session", { key: "", follow: "", role: "guest", found: "follow" });
  store.send({ type: "run" });
  store.change("l2", 1);
  await assert.rejects(store.ask({ type: "save_nothing" }));
  store.send({ type: "probe", x: [0, 0] });
  assert.deepEqual(sent, ["probe"]);
  assert.match(store.get("notice").text, /make it yours/);
});
