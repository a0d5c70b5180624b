// Above each layer: how many neurons, which activation, how much dropout; between layers, a place for one more.
import { button, numeric, select } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("../store.js").Store} Store */

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
   */
  function place(state, centres, width) {
    const key = String(state.spec.layers.length);
    if (key !== built) {
      built = key;
      heads = state.spec.layers.map((_, i) => head(store, i));
      replace(el, ...heads.map((item) => item.head));
    }
    heads.forEach(({ head: item, update }, i) => {
      item.style.setProperty("left", `${centres[i]}px`);
      item.style.setProperty("max-width", `${Math.max(64, width)}px`);
      item.classList.toggle("is-narrow", width < 112);
      update(state);
    });
  }
  return { place };
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
  const el = h(
    "div",
    { class: "cr-head", role: "group", "aria-label": name, "data-control": "layers" },
    h("div", { class: "cr-head-row" }, fewer, units, more, remove),
    activation.el,
    h(
      "label",
      { class: "cr-head-dropout", title: "Share of units dropped at random in training" },
      "dropout ",
      dropout.el,
    ),
  );
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
      fewer.disabled = layer.units <= 1;
      more.disabled = layer.units >= welcome.limits.units;
    },
  };
}
