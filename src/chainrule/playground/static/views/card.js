// The card beside a weight or a neuron: its live value, and a field to type a new one.
import { button } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { Tables } from "../paint.js";
import { nameOf, valueOf } from "../parameters.js";
import { number } from "../scale.js";
import { caption } from "./neurons.js";
import { paintWeights } from "./pictured.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../parameters.js").Place} Place */
/** @typedef {import("../layout.js").Point} Point */

/** Of a neuron with very many weights, the first so many are listed. */
const MOST_LISTED = 40;

/**
 * @param {HTMLElement} el where hints are
 * @param {HTMLElement} dock where the card is: beside what it is about, and not over it
 * @param {Store} store
 */
export function cardIn(el, dock, store) {
  /** @type {{place: Place, field: HTMLInputElement}[]} */
  let rows = [];
  /** @type {HTMLElement | null} */
  let opener = null;
  /** @type {import("../types.js").UnitName | null} */
  let neuron = null;
  const tables = new Tables();
  const picture = h("canvas", { hidden: true, role: "img", "aria-label": "The weights as a picture" });
  const tip = h("div", { class: "cr-tip", hidden: true });
  const card = h("div", { class: "cr-card", role: "dialog", hidden: true, "data-arrows": true });
  card.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  el.append(tip);
  dock.append(card);

  /** @param {HTMLElement} box @param {Point} at */
  function put(box, at) {
    box.hidden = false;
    const { clientWidth, clientHeight } = el;
    const x = at.x + 16 + box.offsetWidth > clientWidth ? at.x - box.offsetWidth - 16 : at.x + 16;
    const y = Math.min(at.y - 14, clientHeight - box.offsetHeight - 6);
    box.style.setProperty("left", `${Math.max(4, x)}px`);
    box.style.setProperty("top", `${Math.max(4, y)}px`);
  }

  /** @param {string} text @param {Point} at */
  function hint(text, at) {
    write(tip, text);
    put(tip, at);
  }

  function unhint() {
    tip.hidden = true;
  }

  /**
   * @param {string} title
   * @param {Place[]} places
   * @param {(place: Place) => string} label
   * @param {import("../types.js").UnitName | null} [of] the neuron, where it is one
   */
  function open(title, places, label, of = null) {
    neuron = of;
    const root = /** @type {Document | ShadowRoot} */ (el.getRootNode());
    opener = /** @type {HTMLElement | null} */ (root.activeElement);
    rows = places.slice(0, MOST_LISTED).map((place) => ({ place, field: field(place, label(place)) }));
    const more =
      places.length > MOST_LISTED ? h("p", { class: "cr-note" }, `and ${places.length - MOST_LISTED} more`) : null;
    replace(
      card,
      h(
        "div",
        { class: "cr-card-top" },
        h("strong", {}, title),
        button(icon("close"), "Close", close, { class: "cr-quiet" }),
      ),
      h(
        "div",
        { class: "cr-card-body" },
        picture,
        h("ul", { class: "cr-card-rows" }, ...rows.map(({ place, field: input }) => row(place, input, label(place)))),
      ),
      more,
    );
    card.setAttribute("aria-label", title);
    refresh();
    card.hidden = false;
    card.scrollTop = 0;
    // Where a finger points, a field with the focus would bring a keyboard over half of the screen.
    if (matchMedia("(pointer: coarse)").matches) return;
    rows[0]?.field.focus({ preventScroll: true });
    rows[0]?.field.select();
  }

  /** @param {Place} place @param {string} label */
  function field(place, label) {
    return h("input", {
      ...{ type: "number", step: "any", "aria-label": `Value of ${label}, ${nameOf(place)}` },
      onchange: (/** @type {Event} */ event) => {
        const { value } = /** @type {HTMLInputElement} */ (event.target);
        if (value !== "") store.send({ type: "edit", ...place, value: Number(value) });
      },
    });
  }

  /** @param {Place} place @param {HTMLInputElement} input @param {string} label */
  function row(place, input, label) {
    const derive = button("∂", `Derive the cost by ${nameOf(place)}`, () => store.put("selection", place), {
      class: "cr-derive",
    });
    return h("li", {}, h("span", { class: "cr-card-name" }, label), input, derive);
  }

  function close() {
    if (card.hidden) return;
    card.hidden = true;
    rows = [];
    opener?.focus();
  }

  /** Live values, but for the one that is being typed. */
  function refresh() {
    const network = store.get("state")?.network;
    if (card.hidden && rows.length === 0) return;
    if (!network) return;
    picture.hidden = !neuron || !paintWeights(picture, store, neuron, tables.signed(store.get("theme") ?? "light"));
    const root = /** @type {Document | ShadowRoot} */ (el.getRootNode());
    for (const { place, field: input } of rows) {
      const value = valueOf(network, store.get("frame"), place);
      if (value === null || root.activeElement === input) {
        if (input.value !== "" || value === null) continue;
      }
      const text = Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "";
      if (input.value !== text) input.value = text;
    }
  }

  return { hint, unhint, open, close, refresh };
}

/**
 * All weights into a neuron and its bias, and what to call them.
 * @param {import("../types.js").NetworkState} network
 * @param {import("../types.js").UnitName} name
 * @returns {{places: Place[], label: (place: Place) => string}}
 */
export function weightsInto(network, { layer, unit }) {
  const at = network.layers.findIndex((item) => item.name === layer);
  const before = at > 0 ? network.layers[at - 1] : null;
  const count = before ? before.units : network.inputs.length;
  const weights = Array.from({ length: count }, (_, i) => ({ param: `${layer}.W`, index: [i, unit] }));
  const label = (/** @type {Place} */ { index }) =>
    index.length < 2 ? "bias" : `from ${caption(network, { layer: before?.name ?? "input", unit: index[0] })}`;
  return { places: [{ param: `${layer}.b`, index: [unit] }, ...weights], label };
}

/**
 * What a hint says of a weight.
 * @param {Place} place
 * @param {number | null} value
 */
export function hintOf(place, value) {
  return `${nameOf(place)} = ${number(value, 4)}`;
}
