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
  const { tab, again } = store.model.get("features") ?? {};
  const words = h("span", {});
  const key = h("input", { type: "text", "aria-label": "Link or token", autocomplete: "off", spellcheck: "false" });
  const door = h("form", { class: "cr-door", hidden: true }, key, h("button", {}, "open"));
  door.addEventListener("submit", (event) => {
    event.preventDefault();
    tab.admit(key.value);
    key.value = "";
    again();
  });
  const banner = h("div", { class: "cr-banner", role: "alert", hidden: true }, words, door);
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
   * @param {import("../types.js").Notice} notice one of 0 seconds stays until it is answered
   */
  function notice({ text, kind = "advice", seconds = ADVICE_SECONDS, about = text, actions = [] }) {
    forget(about);
    const answers = actions.map(([label, act]) =>
      button(label, label, () => {
        item.remove();
        act();
      }),
    );
    const close = button(icon("close"), "Dismiss", () => item.remove(), { class: "cr-quiet" });
    const item = h(
      "div",
      { class: `cr-notice is-${kind}`, role: kind === "refusal" ? "alert" : "status", "data-about": about },
      h("span", {}, text),
      ...(answers.length ? answers : [close]),
    );
    if (answers.length) item.dataset.asks = "true";
    list.prepend(item);
    const others = [...list.children].filter((other) => !other.hasAttribute("data-asks"));
    for (const old of others.slice(MOST)) old.remove();
    if (seconds) setTimeout(() => item.remove(), seconds * 1000);
  }

  /** @param {import("../types.js").Connection} connection */
  function connect({ status, reason }) {
    banner.hidden = status === "open" || status === "connecting";
    banner.dataset.status = status;
    const isShut = status === "locked" || status === "refused";
    const texts = {
      locked: "This Playground lets in whoever has its link. Paste the link that the command printed, or its token.",
      lost: "The connection to Chainrule is lost. Is it still running? Trying again …",
      reconnecting: "Connecting to Chainrule again …",
      refused: `Chainrule refused this page${reason ? `: ${reason}` : ""}. Paste the link that the command printed${tab?.kept ? "; what this tab kept of your network comes back with it" : ""}.`,
      connecting: "",
      open: "",
    };
    if (!banner.hidden) write(words, texts[status]);
    door.hidden = !isShut || !tab;
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
  let noted = "";
  const stops = [
    store.on("connection", (connection) => {
      connect(connection);
      if (connection.status === "lost") wasLost = true;
      if (connection.status === "open" && wasLost) {
        wasLost = false;
        notice({ text: "Connected again.", seconds: 5 });
      }
    }),
    store.on("error", (refusal) => notice({ text: sentence(refusal), kind: "refusal", seconds: REFUSAL_SECONDS })),
    store.on("notice", notice),
    store.on("event", ({ text, epoch, kind }) => {
      const said = epoch ? `Epoch ${count(epoch)}: ${text}` : text;
      events.add(kind);
      notice({ text: said, kind: kind === "exploded" ? "refusal" : "advice", about: kind });
    }),
    store.on("state", ({ notes, reset, position, data }) => {
      // What was said of training that has been taken back, or of another network, holds no more.
      if (position.step === 0) for (const kind of events) forget(kind);
      // Of data that are there already each state would say it again, and it would never go.
      if (data.hash === noted) return;
      noted = data.hash;
      for (const note of notes) if (reset) notice({ text: note, seconds: REFUSAL_SECONDS });
    }),
    store.on("frame", announce),
    store.on("say", (text) => write(aloud, text)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
