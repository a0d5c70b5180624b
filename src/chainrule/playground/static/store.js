// What the page knows, by topic: views subscribe to topics and send commands, and never talk to one another.
import { arrays } from "./protocol.js";

/** @typedef {import("./protocol.js").Model} Model */
/** @typedef {import("./protocol.js").Content} Content */
/** @typedef {import("./types.js").Topics} Topics */
/** @typedef {keyof Topics} Topic */

const UNSENT = {
  expected: "a connection to Chainrule",
  came: "none at the moment",
  remedy: "The page tries again by itself.",
};

/** What a page may send that only looks on; the server asks for the same. */
const LOOKING = new Set(["hello", "ack", "budget", "probe", "derive", "cell", "export", "save"]);

export class Store {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /** @type {Partial<Topics>} */
    this.values = {};
    /** @type {Map<string, Set<(value: any) => void>>} */
    this.listeners = new Map();
    /** @type {Map<number | string, {resolve: (value: any) => void, reject: (reason: Error) => void}>} */
    this.waiting = new Map();
    this.lastId = 0;
  }

  /** Whether this page only looks on. @param {{type: string}} command */
  isClosed({ type }) {
    if (this.get("session")?.role !== "guest" || LOOKING.has(type)) return false;
    this.put("notice", {
      text: "This is another page's network: make it yours to change it.",
      about: "guest",
      seconds: 8,
    });
    return true;
  }

  /**
   * @template {Topic} T
   * @param {T} topic
   * @returns {Topics[T] | undefined}
   */
  get(topic) {
    return /** @type {Topics[T] | undefined} */ (this.values[topic]);
  }

  /**
   * @template {Topic} T
   * @param {T} topic
   * @param {Topics[T]} value
   */
  put(topic, value) {
    this.values[topic] = value;
    for (const listener of [...(this.listeners.get(topic) ?? [])]) listener(value);
  }

  /**
   * Hear of a topic now (where it is known) and at each change.
   * @template {Topic} T
   * @param {T} topic
   * @param {(value: Topics[T]) => void} listener
   * @returns {() => void} stops it
   */
  on(topic, listener) {
    const set = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, set.add(listener));
    const value = this.get(topic);
    if (value !== undefined) listener(value);
    return () => {
      set.delete(listener);
    };
  }

  /** @param {{type: string, [key: string]: unknown}} command */
  send(command) {
    if (this.isClosed(command)) return;
    this.model.send(command);
  }

  /**
   * Send a command and wait for its answer; a refusal rejects, and is shown as a message as well.
   * @param {{type: string, [key: string]: unknown}} command
   * @param {ArrayBuffer[]} [buffers]
   * @returns {Promise<any>}
   */
  ask(command, buffers) {
    if (this.isClosed(command)) return Promise.reject(new Error("this page only looks on"));
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.model.send({ ...command, id }, undefined, buffers);
    });
  }

  /**
   * Change one setting of the spec.
   * @param {string} path
   * @param {unknown} value
   */
  change(path, value) {
    this.send({ type: "set", path, value });
  }

  /**
   * @param {any} content
   * @param {DataView[]} [buffers]
   */
  receive(content, buffers = []) {
    const value = unpack(content, buffers);
    if (content.type === "state" && isOther(this.get("state"), value)) delete this.values.frame;
    const waiter = content.id === undefined ? undefined : this.waiting.get(content.id);
    if (waiter) {
      this.waiting.delete(content.id);
      if (content.type === "error" || content.type === "unsent") waiter.reject(new Error(sentence(value)));
      else waiter.resolve(value);
    }
    if (content.type === "unsent") this.put("error", value);
    else this.put(content.type, value);
    if (content.type === "state") this.put("history", value.history);
    if (content.type === "connection" && content.status !== "open") this.abandon();
  }

  /** What was asked over a wire that broke has no answer any more. */
  abandon() {
    for (const { reject } of this.waiting.values()) reject(new Error(sentence(UNSENT)));
    this.waiting.clear();
  }
}

/**
 * A message as the page holds it: arrays by name where there is a layout.
 * @param {any} content
 * @param {DataView[]} buffers
 */
function unpack(content, buffers) {
  if (content.type === "unsent") return { ...UNSENT, to: content.to };
  if (content.type === "file") {
    const view = buffers[0] ?? new DataView(new ArrayBuffer(0));
    return { ...content, bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) };
  }
  return content.layout ? { ...content, arrays: arrays(content, buffers) } : content;
}

/**
 * Whether the network is another one, so that a frame of the old one says nothing about it.
 * @param {Topics["state"] | undefined} before
 * @param {Topics["state"]} now
 */
function isOther(before, now) {
  const shape = (/** @type {Topics["state"] | undefined} */ state) =>
    state && JSON.stringify([state.network.parameters, state.network.inputs.length, state.data.classes.length]);
  return shape(before) !== shape(now);
}

/**
 * A refusal as one text.
 * @param {{expected: string, came: string, remedy: string}} refusal
 * @returns {string}
 */
export function sentence({ expected, came, remedy }) {
  return `Expected ${expected}; came: ${came}. ${remedy}`.trim();
}
