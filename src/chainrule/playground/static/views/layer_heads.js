// Above each layer: how many neurons, which activation, how much dropout; between layers, a place for one more.
import { button, numeric, select, words } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("../store.js").Store} Store */

/** Of the text's size, the width that the controls of a layer need. */
const WIDE = 8.8;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 */
export function layerHeads(el, store) {
  let built = "";
  /** @type {{head: HTMLElement, update: (state: import("../types.js").State) => void}[]} */
  let heads = [];

  /**
   * @param {import("../types.js").State} state
   * @param {number[]} centres pixel of each hidden layer
   * @param {number} width that each has
   * @param {number} em pixels
   * @returns {number} pixels that they reach down
   */
  function place(state, centres, width, em) {
    const key = String(state.spec.layers.length);
    if (key !== built) {
      built = key;
      heads = state.spec.layers.map((_, i) => head(store, i));
      replace(el, ...heads.map((item) => item.head));
    }
    heads.forEach(({ head: item, update }, i) => {
      item.style.setProperty("left", `${centres[i]}px`);
      item.classList.toggle("is-narrow", width < WIDE * em);
      item.style.setProperty("width", width < WIDE * em ? `${width}px` : "auto");
      update(state);
    });
    return Math.max(0, ...heads.map(({ head: item }) => item.offsetHeight));
  }

  // A layer's controls that were opened close with the next click elsewhere.
  const root = el.getRootNode();
  const away = (/** @type {Event} */ event) => {
    const inside = /** @type {Node} */ (event.composedPath()[0]);
    for (const { head: item } of heads) if (!item.contains(inside)) open(item, false);
  };
  root.addEventListener("pointerdown", away);
  return { place, stop: () => root.removeEventListener("pointerdown", away) };
}

/** @param {HTMLElement} head @param {boolean} on */
function open(head, on) {
  head.classList.toggle("is-open", on);
  head.querySelector(".cr-head-chip")?.setAttribute("aria-expanded", String(on));
}

/**
 * @param {Store} store
 * @param {number} i
 */
function head(store, i) {
  const name = `layer ${i + 1}`;
  const units = h("span", { class: "cr-head-count" });
  const current = () => store.get("state")?.spec.layers[i]?.units ?? 1;
  const fewer = button("−", `One neuron less in ${name}`, () => store.change(`layers.${i}.units`, current() - 1), {
    class: "cr-round",
  });
  const more = button("+", `One neuron more in ${name}`, () => store.change(`layers.${i}.units`, current() + 1), {
    class: "cr-round",
  });
  const activation = select(`Activation of ${name}`, (value) => store.change(`layers.${i}.activation`, value), {
    compact: true,
  });
  const dropout = numeric(`Dropout of ${name}`, { min: 0, max: 0.9, step: 0.05, compact: true }, (value) =>
    store.change(`layers.${i}.dropout`, value ?? 0),
  );
  const remove = button(icon("close"), `Remove ${name}`, () => store.send({ type: "remove_layer", at: i }), {
    class: "cr-quiet cr-head-remove",
  });
  const [short, kind] = [h("strong"), h("span")];
  const chip = h(
    "button",
    {
      ...{ type: "button", class: "cr-head-chip", "aria-expanded": "false" },
      onclick: () => open(el, !el.classList.contains("is-open")),
    },
    short,
    kind,
  );
  const full = h(
    "div",
    { class: "cr-head-full" },
    h("div", { class: "cr-head-row" }, fewer, units, more, remove),
    activation.el,
    h(
      "label",
      { class: "cr-head-dropout", title: "Share of units dropped at random in training" },
      "dropout ",
      dropout.el,
    ),
  );
  /** @type {HTMLElement} */
  const el = h("div", { class: "cr-head", role: "group", "aria-label": name, "data-control": "layers" }, chip, full);
  el.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") open(el, false);
  });
  return {
    head: el,
    /** @param {import("../types.js").State} state */
    update: ({ spec }) => {
      const layer = spec.layers[i];
      const welcome = store.get("welcome");
      if (!layer || !welcome) return;
      activation.options(welcome.catalogue.activations);
      activation.set(layer.activation);
      dropout.set(layer.dropout);
      write(units, String(layer.units));
      write(short, String(layer.units));
      write(kind, words(layer.activation));
      chip.title = `${name}: ${layer.units} units, ${words(layer.activation)}`;
      fewer.disabled = layer.units <= 1;
      more.disabled = layer.units >= welcome.limits.units;
    },
  };
}
