// What this tab has of its own: the token that lets it in, the key of its network, and what it keeps of it.
import { followOf, tokenIn, tokenOf } from "./url.js";

/** @typedef {{getItem: (name: string) => string | null, setItem: (name: string, value: string) => void,
 *   removeItem: (name: string) => void}} Storage_ */

const [TOKEN, KEY, KEPT] = ["chainrule-token", "chainrule-key", "chainrule-kept"];
const DOOR = "chainrule-door";
/** Milliseconds that other tabs of this Playground have to let this one in. */
const PATIENCE = 250;

/**
 * The tab's storage lives as long as the tab, and a page that is loaded anew finds it. A tab that was doubled has a copy
 * of it; what tells the two apart is `page`, which is nowhere but here.
 */
export class Tab {
  /**
   * @param {string} hash the address's fragment
   * @param {Storage_} storage
   */
  constructor(hash, storage) {
    this.storage = storage;
    this.token = tokenOf(hash) || this.read(TOKEN);
    this.write(TOKEN, this.token);
    this.key = this.read(KEY);
    this.page = random();
    this.follow = followOf(hash);
    this.copy = false;
    /** The table that was uploaded from here, for a server that has lost it. @type {File | null} */
    this.file = null;
  }

  /** The first message to the server. */
  greeting() {
    const { token, key, page, follow, copy } = this;
    return { type: "hello", token, session: follow ? "" : key, page, follow, copy };
  }

  /** @param {{key: string, role: string}} session */
  belongs({ key, role }) {
    if (role !== "own") return;
    [this.key, this.follow, this.copy] = [key, "", false];
    this.write(KEY, key);
  }

  /** What was kept of the network, or null. @returns {any} */
  get kept() {
    try {
      return JSON.parse(this.read(KEPT) || "null");
    } catch {
      return null;
    }
  }

  /** @param {unknown} kept */
  keep(kept) {
    this.write(KEPT, JSON.stringify(kept));
  }

  /** Take a token, or the link that has one. @param {string} text */
  admit(text) {
    this.token = tokenIn(text);
    this.write(TOKEN, this.token);
  }

  /** @param {string} name */
  read(name) {
    try {
      return this.storage.getItem(name) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {string} name @param {string} value */
  write(name, value) {
    try {
      this.storage.setItem(name, value);
    } catch {
      // A page without storage, or with a full one, has no more than this visit; what is old would mislead.
      try {
        this.storage.removeItem(name);
      } catch {
        // Nothing to keep it in.
      }
    }
  }
}

/** Let other tabs of this Playground in, which were opened by a link without a token. @param {Tab} tab */
export function vouch(tab) {
  const channel = new BroadcastChannel(DOOR);
  channel.onmessage = ({ data }) => {
    if (data?.type === "who" && tab.token) channel.postMessage({ type: "token", token: tab.token });
  };
}

/**
 * Ask the tabs of this Playground that are open for its token. Only pages of this very address hear it.
 * @returns {Promise<string>} nothing where none answers
 */
export function askOthers() {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(DOOR);
    const done = (/** @type {string} */ token) => {
      clearTimeout(timer);
      channel.close();
      resolve(token);
    };
    const timer = setTimeout(() => done(""), PATIENCE);
    channel.onmessage = ({ data }) => {
      if (data?.type === "token" && typeof data.token === "string") done(data.token);
    };
    channel.postMessage({ type: "who" });
  });
}

/** @returns {string} */
function random() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
