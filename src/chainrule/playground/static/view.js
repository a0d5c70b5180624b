// The Playground's view, in anywidget's form: the same in the browser's page and in a notebook.
import { h } from "./dom.js";
import { FramePump } from "./frames.js";
import { Store } from "./store.js";
import { themeIn } from "./theme.js";
import { mount as budget } from "./views/budget.js";
import { mount as chart } from "./views/chart.js";
import { mount as data } from "./views/data.js";
import { mount as derivation } from "./views/derivation.js";
import { mount as files } from "./views/files.js";
import { mount as following } from "./views/following.js";
import { mount as header } from "./views/header.js";
import { mount as inputs } from "./views/inputs.js";
import { mount as learning } from "./views/learning.js";
import { mount as map } from "./views/map.js";
import { mount as messages } from "./views/messages.js";
import { mine } from "./views/mine.js";
import { mount as network } from "./views/network.js";
import { mount as pad } from "./views/pad.js";
import { mount as race } from "./views/race.js";
import { mount as results } from "./views/results.js";
import { mount as substep } from "./views/substep.js";
import { mount as table } from "./views/table.js";

/** @typedef {import("./protocol.js").Model} Model */

/**
 * A part of the page: its name, its letter in the course's notation, and where its view goes.
 * @param {string} title
 * @param {string} letter
 * @param {string} name
 * @param {...HTMLElement} children
 */
function section(title, letter, name, ...children) {
  const head = h("h2", {}, title, h("span", { class: "cr-letter", "aria-hidden": "true" }, letter));
  return h("section", { class: `cr-section cr-section-${name}`, "aria-label": title }, head, ...children);
}

/** @param {{model: Model, el: HTMLElement}} context @returns {() => void} */
function render({ model, el }) {
  const store = new Store(model);
  const slots = Object.fromEntries(
    [
      "header",
      "following",
      "data",
      "table",
      "inputs",
      "learning",
      "network",
      "substep",
      "map",
      "pad",
      "results",
      "chart",
      "race",
      "messages",
      "files",
      "budget",
      "theme",
    ].map((name) => [name, h("div", { class: `cr-slot-${name}` })]),
  );
  const board = h("div", { class: "cr-board" });
  const page = h(
    "div",
    { class: "cr-page" },
    h("header", { class: "cr-bar" }, slots.header, h("div", { class: "cr-bar-end" }, slots.files, slots.theme)),
    slots.following,
    slots.messages,
    h(
      "main",
      { class: "cr-main" },
      h(
        "div",
        { class: "cr-column cr-left" },
        section("Data", "x, t", "data", slots.data, slots.table),
        section("Learning", "η", "learning", slots.learning),
      ),
      h(
        "div",
        { class: "cr-column cr-centre" },
        section("Network", "y = f(x W + b)", "network", slots.inputs, slots.network, slots.substep),
        h(
          "section",
          { class: "cr-section cr-section-board", "aria-label": "Derivation", "data-control": "derivation" },
          board,
        ),
      ),
      h(
        "div",
        { class: "cr-column cr-right" },
        section("Output", "y", "output", slots.map, slots.pad, slots.results),
        section("Cost", "J", "cost", slots.chart, slots.race),
      ),
    ),
    slots.budget,
  );
  const root = h("div", { class: "cr", tabindex: -1 }, page);
  el.append(root);

  const pump = new FramePump(store, (content, buffers) => store.receive(content, buffers));
  /** @param {any} content @param {DataView[]} [buffers] */
  const receive = (content, buffers = []) => {
    if (content.type === "frame") pump.take(content, buffers);
    else {
      if (content.type === "state") pump.drop();
      store.receive(content, buffers);
    }
  };
  model.on("msg:custom", receive);
  const visibility = () => pump.visibility();
  document.addEventListener("visibilitychange", visibility);

  const unmounts = [
    themeIn(root, slots.theme, store),
    header(slots.header, store),
    messages(slots.messages, store),
    following(slots.following, store),
    data(slots.data, store),
    table(slots.table, store),
    inputs(slots.inputs, store),
    learning(slots.learning, store),
    network(slots.network, store),
    substep(slots.substep, store),
    map(slots.map, store),
    pad(slots.pad, store),
    results(slots.results, store),
    chart(slots.chart, store),
    race(slots.race, store),
    derivation(board, store),
    files(slots.files, store),
    budget(slots.budget, store),
    mine(store),
  ];

  if (!model.get("features")?.standalone) store.send({ type: "hello", token: "" });
  return () => {
    model.off("msg:custom", receive);
    document.removeEventListener("visibilitychange", visibility);
    pump.stop();
    for (const unmount of unmounts) unmount();
    root.remove();
  };
}

export default { initialize: () => {}, render };
