// A race: several optimizers from the same initial weights, their curves kept side by side.
import { button, numeric } from "../controls.js";
import { h, replace } from "../dom.js";

/** @typedef {import("../store.js").Store} Store */

const USUAL = ["gradient_descent", "momentum", "adam"];

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const boxes = h("div", { class: "cr-race-list" });
  const epochs = numeric("epochs", { min: 1, max: 10000, step: 1 }, () => {});
  epochs.set(50);
  const go = button("race", "Train once with each chosen optimizer from the same initial weights", () => {
    const chosen = [...boxes.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    const length = Number(/** @type {HTMLInputElement} */ (epochs.field).value) || 50;
    if (chosen.length) store.send({ type: "race", optimizers: chosen, epochs: length });
  });
  const summary = h("summary", {}, "race optimizers from the same weights");
  const start = h("div", { class: "cr-row cr-ends" }, epochs.el, go);
  replace(el, h("details", { class: "cr-group", "data-control": "race" }, summary, boxes, start));
  return store.on("welcome", ({ catalogue }) => {
    const items = catalogue.optimizers.map(({ name }) => {
      const box = h("input", { type: "checkbox", value: name, checked: USUAL.includes(name) });
      return h("label", { class: "cr-check" }, box, h("span", {}, name.replaceAll("_", " ")));
    });
    replace(boxes, ...items);
  });
}
