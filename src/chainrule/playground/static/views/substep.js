// One batch taken apart: which phase it is in, what happens in it, and its numbers on the picture.
import { h, replace } from "../dom.js";
import { number } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Substep} Substep */

const PHASES = ["forward", "cost", "backward", "update"];
const MOST_ROWS = 6;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  /** @param {Substep | null} step */
  function show(step) {
    el.hidden = !step;
    if (!step) return;
    const phases = PHASES.map((phase, i) =>
      h(
        "li",
        { "aria-current": phase === step.phase ? "step" : "false" },
        h("span", { class: "cr-phase-number" }, String(i + 1)),
        phase,
      ),
    );
    const values = Object.entries(step.values).map(([name, value]) =>
      h("div", { class: "cr-array" }, h("code", {}, name), arrayOf(value)),
    );
    replace(
      el,
      h("ol", { class: "cr-phases" }, ...phases),
      h(
        "p",
        {},
        step.text,
        step.cost === null ? "" : ` J = ${number(step.cost, 5)}.`,
        h(
          "span",
          { class: "cr-note" },
          ` Samples ${step.rows.slice(0, 12).join(", ")}${step.rows.length > 12 ? " …" : ""}.`,
        ),
      ),
      h("div", { class: "cr-arrays cr-scroll", tabindex: 0 }, ...values),
    );
    onPicture(step);
    store.put("say", `${step.phase}: ${step.text}`);
  }

  /** The first sample's numbers beside the neurons. @param {Substep} step */
  function onPicture(step) {
    const { values } = step;
    const backward = step.phase === "backward";
    const of = (/** @type {string} */ name) => {
      const value = values[name];
      return Array.isArray(value?.[0]) ? value[0] : Array.isArray(value) ? value : [];
    };
    /** @type {Record<string, number[]>} */
    const units = {};
    for (const { name, activation } of store.get("state")?.network.layers ?? []) {
      const number_ = name.replace("hidden", "");
      const after = name === "output" ? (backward ? "da" : "y") : `${activation}${number_}.${backward ? "dy" : "y"}`;
      units[name] = of(after);
    }
    if (step.phase === "forward" || backward) {
      store.put("probe", { x: null, inputs: of(backward ? "dx" : "x"), units, target: null, cost: step.cost });
    }
  }

  const stops = [
    store.on("substep", show),
    store.on("frame", ({ position }) => {
      if (position.substep || !store.get("substep")) return;
      const phase = store.get("substep")?.phase;
      if (phase === "update" && !store.get("frame")?.running) return;
      store.put("substep", null);
      store.put("probe", null);
    }),
  ];
  el.hidden = true;
  return () => {
    for (const stop of stops) stop();
  };
}

/** A number, a vector or a matrix, in few rows. @param {any} value */
function arrayOf(value) {
  if (!Array.isArray(value)) return h("span", {}, number(value, 4));
  const rows = Array.isArray(value[0]) ? value : [value];
  const lines = rows
    .slice(0, MOST_ROWS)
    .map((row) => h("tr", {}, ...row.slice(0, 12).map((/** @type {number} */ item) => h("td", {}, number(item, 3)))));
  if (rows.length > MOST_ROWS)
    lines.push(h("tr", {}, h("td", { class: "cr-note", colspan: 4 }, `… ${rows.length} rows`)));
  return h("table", {}, h("tbody", {}, ...lines));
}
