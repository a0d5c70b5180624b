// The board: the derivative of the cost by one weight, its letters, its numbers, and the proof that it is right.
import { button, numeric, select } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { formulas } from "../mathml.js";
import { nameOf, valueOf } from "../parameters.js";
import { number } from "../scale.js";
import { checkOf, matricesOf, sourceOf, sumOf, updateOf } from "./derivation_parts.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Derivation} Derivation */
/** @typedef {import("../types.js").Selection} Selection */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  let of = "row";
  let row = 0;
  const title = h("h3", { class: "cr-board-title" });
  const value = numeric("Value of this weight", { compact: true }, (to) => {
    const selection = store.get("selection");
    if (to !== null && selection && "param" in selection) store.send({ type: "edit", ...selection, value: to });
  });
  const which = select(
    "Rows that the cost is the mean of",
    (chosen) => {
      of = chosen;
      ask();
    },
    { compact: true },
  );
  which.options([
    ["row", "one sample"],
    ["batch", "the next batch"],
    ["all", "all training rows"],
  ]);
  which.set(of);
  const number_ = numeric("Number of the sample", { min: 0, step: 1, compact: true }, (to) => {
    store.put("row", Math.max(0, Math.round(to ?? 0)));
  });
  number_.set(row);
  const refresh = button("derive again", "Put the present numbers in", () => ask());
  const close = button(icon("close"), "Close the derivation", () => store.put("selection", null), {
    class: "cr-quiet",
  });
  const larger = button("enlarge", "Give the derivation more room, or less", () => {
    larger.textContent = el.classList.toggle("is-large") ? "reduce" : "enlarge";
  });
  const tools = h("div", { class: "cr-board-tools" }, which.el, number_.el, refresh, worksheet(), larger, close);
  const head = h("div", { class: "cr-board-head" }, title, h("span", { class: "cr-board-value" }, value.el), tools);
  const body = h("div", { class: "cr-board-body", tabindex: 0, role: "region", "aria-label": "Derivation" });
  const said = h("p", { class: "cr-note", role: "status" });
  const open = h("div", { class: "cr-board-open", hidden: true }, head, said, body);
  const empty = h("div", { class: "cr-board-empty" });
  replace(el, empty, open);

  function ask() {
    const selection = store.get("selection");
    if (!selection) return;
    const what = of === "row" ? { row } : of;
    number_.el.hidden = of !== "row";
    body.classList.add("is-old");
    store.ask({ type: "derive", ...selection, of: what }).then(
      () => write(said, ""),
      (error) => write(said, error.message),
    );
  }

  /** @param {Selection | null} selection */
  function choose(selection) {
    open.hidden = !selection;
    empty.hidden = Boolean(selection);
    el.classList.toggle("is-open", Boolean(selection));
    store.put("lit", []);
    if (!selection) return;
    const name = "param" in selection ? nameOf(selection) : `output[${selection.output}]`;
    replace(title, "∂J / ∂ ", h("code", {}, name));
    value.el.hidden = !("param" in selection);
    replace(body);
    live();
    ask();
  }

  function live() {
    const [selection, state] = [store.get("selection"), store.get("state")];
    if (!selection || !state || !("param" in selection)) return;
    const now = valueOf(state.network, store.get("frame"), selection);
    if (now !== null) value.set(now);
  }

  /** @param {{derivation: Derivation} | null} message */
  function show(message) {
    if (!message || !store.get("selection")) return;
    const { derivation } = message;
    body.classList.remove("is-old");
    const letters = derivation.letters.map((letter) => [
      h("dt", {}, ...formulas(letter.mathml)),
      h("dd", {}, letter.meaning),
    ]);
    replace(
      body,
      h(
        "div",
        { class: "cr-result" },
        h(
          "div",
          { class: "cr-result-math" },
          ...formulas(derivation.mathml),
          h("span", { class: "cr-equals" }, "="),
          h("strong", {}, number(derivation.gradient, 5)),
        ),
        checkOf(derivation),
      ),
      h("ol", { class: "cr-steps" }, ...derivation.steps.map((step, i) => stepOf(step, i))),
      sumOf(derivation, store, (n) => (of === "row" ? row : n)),
      h("div", { class: "cr-two" }, matricesOf(derivation), h("div", {}, updateOf(derivation), sourceOf(derivation))),
      h("details", { class: "cr-letters" }, h("summary", {}, "the letters"), h("dl", {}, ...letters.flat())),
    );
    store.put(
      "say",
      `The derivative is ${number(derivation.gradient, 4)}; by finite differences ${number(derivation.check.numeric, 4)}.`,
    );
  }

  function worksheet() {
    const send = (/** @type {string} */ kind, /** @type {boolean} */ solution) => () => {
      const selection = store.get("selection");
      menu.open = false;
      if (selection) store.send({ type: "export", kind, ...selection, of: of === "row" ? { row } : of, solution });
    };
    const menu = h(
      "details",
      { class: "cr-menu" },
      h("summary", {}, "worksheet"),
      h(
        "div",
        { class: "cr-menu-items" },
        h("button", { type: "button", onclick: send("html", true) }, "HTML with the solution"),
        h("button", { type: "button", onclick: send("html", false) }, "HTML to fill in"),
        h("button", { type: "button", onclick: send("latex", true) }, "LaTeX with the solution"),
        h("button", { type: "button", onclick: send("latex", false) }, "LaTeX to fill in"),
      ),
    );
    return menu;
  }

  /** @param {import("../types.js").State} state */
  function invite({ network }) {
    const chain = ["x", ...network.layers.map(({ name }) => name)].join(" → ");
    const text =
      "Click any line, bias or output: its derivative is derived here, with this network's numbers put in, and checked against finite differences.";
    replace(
      empty,
      h("p", { class: "cr-board-chain" }, "∂J/∂w", h("span", {}, " = ?")),
      h("p", { class: "cr-note" }, text),
      h("p", { class: "cr-note cr-chain" }, chain, " → J"),
    );
  }

  const stops = [
    store.on("selection", choose),
    store.on("derivation", show),
    store.on("frame", live),
    store.on("row", (chosen) => {
      row = chosen;
      of = "row";
      which.set(of);
      number_.set(row);
      ask();
    }),
    store.on("state", (state) => {
      invite(state);
      const selection = store.get("selection");
      if (selection && "param" in selection && !state.network.parameters.some(({ name }) => name === selection.param))
        store.put("selection", null);
      which.options([
        ["row", "one sample"],
        ["batch", `the next batch of ${state.spec.batch_size}`],
        ["all", `all ${state.data.n_train} training rows`],
      ]);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @param {import("../types.js").DerivationStep} step @param {number} i */
function stepOf(step, i) {
  const lines = formulas(step.mathml).map((formula) => h("div", { class: "cr-formula" }, formula));
  return h("li", { style: { "--i": i } }, h("h4", {}, step.title), h("p", {}, step.text), ...lines);
}
