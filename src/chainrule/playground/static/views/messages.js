// What the page has to say: the connection, refusals, advice from the events; and aloud, where training stands.
import { button } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { count, number } from "../scale.js";
import { sentence } from "../store.js";

/** @typedef {import("../store.js").Store} Store */

const MOST = 3;
const REFUSAL_SECONDS = 12;
const ADVICE_SECONDS = 25;
/** Milliseconds between two announcements while it trains: a screen reader needs time to finish. */
const SILENCE = 6000;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const banner = h("div", { class: "cr-banner", role: "alert", hidden: true });
  const list = h("div", { class: "cr-notices" });
  const aloud = h("div", { class: "cr-aloud", role: "status", "aria-live": "polite" });
  replace(el, banner, list, aloud);

  /** @type {Set<string>} */
  const events = new Set();

  /** @param {string} about */
  function forget(about) {
    for (const old of [...list.children]) if (old.getAttribute("data-about") === about) old.remove();
  }

  /**
   * Say something; a notice about the same thing gives way to it.
   * @param {string} text
   * @param {"refusal" | "advice"} kind
   * @param {number} seconds that it stays
   * @param {string} [about]
   */
  function notice(text, kind, seconds, about = text) {
    forget(about);
    const item = h(
      "div",
      { class: `cr-notice is-${kind}`, role: kind === "refusal" ? "alert" : "status", "data-about": about },
      h("span", {}, text),
      button(icon("close"), "Dismiss", () => item.remove(), { class: "cr-quiet" }),
    );
    list.prepend(item);
    while (list.children.length > MOST) list.lastElementChild?.remove();
    setTimeout(() => item.remove(), seconds * 1000);
  }

  /** @param {import("../types.js").Connection} connection */
  function connect({ status, reason }) {
    banner.hidden = status === "open" || status === "connecting";
    banner.dataset.status = status;
    const texts = {
      lost: "The connection to Chainrule is lost. Is it still running? Trying again …",
      reconnecting: "Connecting to Chainrule again …",
      refused: `Chainrule refused this page${reason ? `: ${reason}` : ""}. Open the address that the command printed.`,
      connecting: "",
      open: "",
    };
    if (!banner.hidden) write(banner, texts[status]);
    el.closest(".cr")?.classList.toggle("is-offline", !banner.hidden);
  }

  let spoken = 0;
  /** @param {import("../types.js").Frame} frame */
  function announce({ position, cost, running }) {
    const now = performance.now();
    if (running ? now - spoken < SILENCE : aloud.dataset.epoch === String(position.step)) return;
    spoken = now;
    aloud.dataset.epoch = String(position.step);
    write(
      aloud,
      `Epoch ${count(position.epoch)}, cost ${number(cost.train)} in training, ${number(cost.test)} in test.`,
    );
  }

  let wasLost = false;
  const stops = [
    store.on("connection", (connection) => {
      connect(connection);
      if (connection.status === "lost") wasLost = true;
      if (connection.status === "open" && wasLost) {
        wasLost = false;
        notice("Connected again.", "advice", 5);
      }
    }),
    store.on("error", (refusal) => notice(sentence(refusal), "refusal", REFUSAL_SECONDS)),
    store.on("event", ({ text, epoch, kind }) => {
      const said = epoch ? `Epoch ${count(epoch)}: ${text}` : text;
      events.add(kind);
      notice(said, kind === "exploded" ? "refusal" : "advice", ADVICE_SECONDS, kind);
    }),
    store.on("state", ({ notes, reset, position }) => {
      // What was said of training that has been taken back, or of another network, holds no more.
      if (position.step === 0) for (const kind of events) forget(kind);
      for (const note of notes) if (reset) notice(note, "advice", REFUSAL_SECONDS);
    }),
    store.on("frame", announce),
    store.on("say", (text) => write(aloud, text)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
