// The WebSocket end: hello first, connects again after a loss and says so, stops where it is refused.
import assert from "node:assert/strict";
import test from "node:test";
import { socketModel } from "../../../src/chainrule/playground/static/host.js";
import { Tab } from "../../../src/chainrule/playground/static/tab.js";

class FakeSocket {
  constructor() {
    this.sent = [];
    this.readyState = 1;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}
}

globalThis.WebSocket ??= class {
  static OPEN = 1;
};

function storage() {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
}

function connected(context, ask = async () => "") {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sockets = [];
  const heard = [];
  const make = () => sockets[sockets.push(new FakeSocket()) - 1];
  const tab = new Tab("#token=t", storage());
  const model = socketModel({ url: "ws://here/ws", tab, features: { standalone: true }, socket: make, ask });
  model.on("msg:custom", (content) => heard.push(content));
  context.mock.timers.tick(0);
  return { sockets, heard, model, tick: (ms) => context.mock.timers.tick(ms) };
}

test("the first message shows the token", (context) => {
  const { sockets } = connected(context);
  sockets[0].onopen();
  const [{ page, ...hello }] = sockets[0].sent;
  assert.deepEqual(hello, { type: "hello", token: "t", session: "", follow: "", copy: false });
  assert.match(page, /^[0-9a-f]{24}$/);
});

test("a lost connection is told and made again, with longer and longer waits", (context) => {
  const { sockets, heard, tick } = connected(context);
  sockets[0].onopen();
  sockets[0].onmessage({ data: '{"type":"welcome"}' });
  sockets[0].onclose({ code: 1006, reason: "" });
  assert.equal(heard.at(-1).status, "lost");
  tick(400);
  assert.equal(sockets.length, 2);
  assert.equal(heard.at(-1).status, "reconnecting");
  sockets[1].onclose({ code: 1006, reason: "" });
  tick(400);
  assert.equal(sockets.length, 2, "the second wait is longer");
  tick(400);
  assert.equal(sockets.length, 3);
  sockets[2].onopen();
  sockets[2].onmessage({ data: '{"type":"welcome"}' });
  assert.deepEqual(heard.filter(({ type }) => type === "connection").at(-1).status, "open");
});

test("a page that was told its network's key asks for that network again, by the same name of itself", (context) => {
  const { sockets, tick } = connected(context);
  sockets[0].onopen();
  sockets[0].onmessage({ data: '{"type":"session","key":"k","follow":"","role":"own","found":"new"}' });
  sockets[0].onclose({ code: 1006, reason: "" });
  tick(400);
  sockets[1].onopen();
  assert.equal(sockets[1].sent[0].session, "k");
  assert.equal(sockets[1].sent[0].page, sockets[0].sent[0].page);
});

test("a refused page does not try again", (context) => {
  const { sockets, heard, tick } = connected(context);
  sockets[0].onclose({ code: 4401, reason: "not ours" });
  assert.equal(heard.at(-1).status, "refused");
  assert.equal(heard.at(-1).reason, "not ours");
  tick(60000);
  assert.equal(sockets.length, 1);
});

test("a command that cannot be sent is told, an ack is not", (context) => {
  const { sockets, heard, model } = connected(context);
  sockets[0].readyState = 3;
  model.send({ type: "ack", frame: 1 });
  assert.notEqual(heard.at(-1)?.type, "unsent");
  model.send({ type: "run", id: 4 });
  assert.deepEqual(heard.at(-1), { type: "unsent", to: "run", id: 4 });
});

test("a closed model stays closed, and a listener that was taken off hears nothing", (context) => {
  const { sockets, heard, model, tick } = connected(context);
  model.close();
  sockets[0].onclose({ code: 1006, reason: "" });
  tick(60000);
  assert.equal(sockets.length, 1);
  const before = heard.length;
  model.off("msg:custom");
  sockets[0].onmessage({ data: '{"type":"welcome"}' });
  assert.equal(heard.length, before);
});
