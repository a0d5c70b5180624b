// A network that belongs to this page: kept here, brought back to a server that has lost it, and links that ask first.
import { count } from "../scale.js";
import { sendTable } from "../upload.js";
import { merge } from "../url.js";

/** @typedef {import("../store.js").Store} Store */

/** Milliseconds between two times that the network is kept, and how many times as long as keeping took it rests. */
const [EVERY, REST] = [4000, 50];

/** @param {Store} store @returns {() => void} */
export function mine(store) {
  const { tab, link } = store.model.get("features") ?? {};
  if (!tab) return () => {};
  /** What the address asked for when the page was opened; null once that is answered. */
  let wanted = link ?? null;
  tab.asking = Boolean(wanted);
  // Nothing is kept while the network on the server is not yet the one that is to be kept.
  let settled = false;
  let busy = false;
  let [kept, next] = [-1, 0];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} text @param {Partial<import("../types.js").Notice>} [more] */
  const say = (text, more = {}) => store.put("notice", { text, about: "mine", seconds: 20, ...more });

  async function keep() {
    timer = undefined;
    const frame = store.get("frame");
    if (!settled || busy || !frame || frame.serial === kept || store.get("session")?.role !== "own") return;
    const now = performance.now();
    if (now < next) {
      timer = setTimeout(keep, next - now);
      return;
    }
    busy = true;
    kept = frame.serial;
    try {
      const { session } = await store.ask({ type: "keep" });
      const spec = store.get("state")?.spec;
      tab.keep(session ? { session } : { spec });
    } catch {
      kept = -1;
    }
    busy = false;
    next = performance.now() + Math.max(EVERY, REST * (performance.now() - now));
    // What came while this was kept may have been the last frame for long.
    if (kept >= 0) timer ??= setTimeout(keep, next - performance.now());
  }

  /** @param {import("../types.js").Session} session */
  async function meet({ found, role }) {
    settled = false;
    if (role === "own" && found === "lost") await bring();
    else if (found === "copy" && !wanted) say("This is a copy: what happens to it happens to it alone.");
    settled = role === "own";
    offer();
  }

  /** The server has lost the network: bring it back as it was kept, or say what is lost. */
  async function bring() {
    const had = tab.kept;
    if (!had) {
      say("The server has been started anew, or has let this network go, and this page had kept nothing of it.");
      return;
    }
    const spec = had.session?.spec ?? had.spec;
    const [name, seen] = [spec.data.name, had.session?.position.epoch ?? 0];
    try {
      const { file } = tab;
      // A new server calls its first table so; which one it is the digest decides.
      if (name.startsWith("upload:") && file) await sendTable(store, file);
      await store.ask(had.session ? { type: "open", session: had.session } : { type: "spec", spec });
      const what = had.session ? `as it was kept, at epoch ${count(seen)}` : "with its settings, but new weights";
      say(
        `The server had lost this network (it was started anew, or the page was away long): ${calls(name)} is back, ${what}.`,
      );
    } catch {
      const act = /** @type {[string, () => void]} */ (["bring it back", () => void bring()]);
      const lost = name.startsWith("upload:")
        ? "Its table was on the server: upload it again, then bring it back."
        : "It could not be brought back.";
      say(`The server has lost this network, ${calls(name)} at epoch ${count(seen)}. ${lost}`, {
        seconds: 0,
        actions: [act],
      });
    }
  }

  /** A link that was opened here waits until a person says so: it would take the place of what is there. */
  function offer() {
    const [state, defaults] = [store.get("state"), store.get("welcome")?.defaults];
    if (!wanted || !settled || !state || !defaults) return;
    const { state: change, drawn, table } = wanted;
    const spec = /** @type {any} */ (merge(/** @type {any} */ (defaults), change));
    const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);
    const isHere = same(ordered(spec), ordered(state.spec)) && same(drawn, state.data.drawn);
    wanted = null;
    const done = () => {
      tab.asking = false;
      const now = store.get("state");
      if (now) store.put("state", now);
    };
    if (isHere) {
      done();
      return;
    }
    const load = () => {
      store.ask({ type: "spec", spec, drawn, ...(table ? { sha256: table } : {}) }).catch(() => {});
      done();
    };
    const units = spec.layers.map((/** @type {{units: number}} */ layer) => layer.units).join("-") || "no hidden layer";
    store.put("notice", {
      text: `This link has another set-up: ${calls(spec.data.name)}, ${units}, ${spec.optimizer.replaceAll("_", " ")}. It would take the place of this network.`,
      about: "link",
      seconds: 0,
      actions: [
        ["load it", load],
        ["keep mine", done],
      ],
    });
  }

  const stops = [
    store.on("session", (session) => void meet(session)),
    store.on("state", () => {
      if (timer === undefined) void keep();
      offer();
    }),
    store.on("frame", () => {
      if (timer === undefined) void keep();
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

/** @param {string} name */
function calls(name) {
  return name.startsWith("upload:") ? "the uploaded table" : name.replaceAll("_", " ");
}

/** The same whatever the order of its names. @param {any} value @returns {any} */
function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, ordered(value[name])]),
  );
}
