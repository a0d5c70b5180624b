// The page's own end of the wire: anywidget's `model` over one WebSocket, for a page that no notebook hosts.
import { decode, encode } from "./protocol.js";
import { Tab, askOthers, vouch } from "./tab.js";
import { fragment, linkOf } from "./url.js";
import view from "./view.js";

/** @typedef {import("./protocol.js").Model} Model */
/** @typedef {(content: any, buffers?: DataView[]) => void} Listener */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;

/**
 * A model whose other half is a server. It connects again by itself and says so as a `connection` message of its own.
 * @param {{url: string, tab: Tab, features: Record<string, unknown>, socket?: (url: string) => WebSocket,
 *   ask?: () => Promise<string>}} options `ask` finds the token that the tab has not
 * @returns {Model & {close: () => void}}
 */
export function socketModel({ url, tab, features, ask = askOthers, socket = (address) => new WebSocket(address) }) {
  /** @type {Map<string, Set<Listener>>} */
  const listeners = new Map();
  /** @type {WebSocket | null} */
  let wire = null;
  let wait = FIRST_WAIT;
  let attempt = 0;
  let closed = false;
  let met = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {any} content @param {DataView[]} [buffers] */
  function tell(content, buffers = []) {
    for (const listener of listeners.get("msg:custom") ?? []) listener(content, buffers);
  }

  function connect() {
    clearTimeout(timer);
    if (closed) return;
    if (!tab.token) {
      void unlock();
      return;
    }
    attempt += 1;
    tell({ type: "connection", status: met || attempt > 1 ? "reconnecting" : "connecting", attempt });
    const mine = socket(url);
    wire = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => mine.send(encode(tab.greeting()));
    mine.onmessage = ({ data }) => {
      const { content, buffers } = decode(data);
      if (content.type === "welcome") {
        wait = FIRST_WAIT;
        attempt = 0;
        met = true;
        tell({ type: "connection", status: "open", attempt: 0 });
      }
      if (content.type === "session") tab.belongs(/** @type {any} */ (content));
      tell(content, buffers);
    };
    mine.onclose = ({ code, reason }) => {
      if (wire !== mine || closed) return;
      wire = null;
      const refused = [4401, 4403, 4409, 1008].includes(code);
      if (code === 4401) tab.admit("");
      tell({ type: "connection", status: refused ? "refused" : "lost", attempt, reason, retry: refused ? 0 : wait });
      if (refused) return;
      timer = setTimeout(connect, wait);
      wait = Math.min(LONGEST_WAIT, wait * 1.7);
    };
  }

  /** Another tab of this Playground may vouch for this one; else a person must. */
  async function unlock() {
    const token = await ask();
    if (token) tab.admit(token);
    if (tab.token) connect();
    else tell({ type: "connection", status: "locked", attempt: 0 });
  }

  /** Say hello anew: as another, for another network, or with another token. */
  function again() {
    const old = wire;
    wire = null;
    old?.close();
    connect();
  }

  setTimeout(connect, 0);
  /** @type {Record<string, unknown>} */
  const traits = { features: { ...features, tab, again } };
  return {
    get: (name) => traits[name],
    set: (name, value) => {
      traits[name] = value;
    },
    save_changes: () => {},
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener));
    },
    off: (event, listener) => {
      if (listener) listeners.get(event ?? "")?.delete(listener);
      else if (event) listeners.delete(event);
      else listeners.clear();
    },
    send: (content) => {
      if (wire?.readyState === WebSocket.OPEN) wire.send(encode(content));
      else if (content.type !== "ack") tell({ type: "unsent", to: content.type, id: content.id });
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      wire?.close();
    },
  };
}

/** @param {HTMLElement} el */
function start(el) {
  const tab = new Tab(location.hash, sessionStorage);
  vouch(tab);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const url = `${scheme}://${location.host}/ws`;
  const link = linkOf(location.hash);
  const model = socketModel({ url, tab, features: { standalone: true, uploads: "/upload", link } });
  // What lets this page in is not for those who are shown its address.
  if (!tab.follow) history.replaceState(null, "", location.pathname + (link ? fragment(link) : ""));
  addEventListener("hashchange", () => location.reload());
  view.render({ model, el });
  // So that the keys work before the first click.
  /** @type {HTMLElement} */ (el.firstElementChild).focus({ preventScroll: true });
}

const root = globalThis.document?.getElementById("playground");
if (root) start(root);
