// The board: the derivative of the cost by one weight, its letters, its numbers, and the proof that it is right.
import { button, numeric, select } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { formulas } from "../mathml.js";
import { nameOf, valueOf } from "../parameters.js";
import { number } from "../scale.js";
import { checkOf, matricesOf, sourceOf, stepOf, sumOf, updateOf } from "./derivation_parts.js";
import { follow } from "./follow.js";
import { worksheet } from "./worksheet.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Derivation} Derivation */
/** @typedef {import("../types.js").Selection} Selection */

const MOVED = "The network has moved on since: these numbers are of before, and are derived again.";

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
  const tools = h(
    "div",
    { class: "cr-board-tools" },
    which.el,
    number_.el,
    refresh,
    worksheet(store, () => rows()),
    larger,
    close,
  );
  const head = h("div", { class: "cr-board-head" }, title, h("span", { class: "cr-board-value" }, value.el), tools);
  const body = h("div", { class: "cr-board-body", tabindex: 0, role: "region", "aria-label": "Derivation" });
  const said = h("p", { class: "cr-note", role: "status" });
  const open = h("div", { class: "cr-board-open", hidden: true }, head, said, body);
  const empty = h("div", { class: "cr-board-empty" });
  replace(el, empty, open);

  const rows = () => (of === "row" ? { row } : of);

  function ask() {
    const selection = store.get("selection");
    if (!selection) return;
    number_.el.hidden = of !== "row";
    body.classList.add("is-old");
    following.asked();
    store.ask({ type: "derive", ...selection, of: rows() }).then(
      () => {
        write(said, "");
        following.answered();
      },
      (error) => {
        following.forget();
        following.answered();
        write(said, error.message);
      },
    );
  }

  const following = follow(store, ask, () => {
    body.classList.add("is-old");
    write(said, MOVED);
  });

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
    following.forget();
    live();
    ask();
  }

  function live() {
    const [selection, state] = [store.get("selection"), store.get("state")];
    if (!selection || !state || !("param" in selection)) return;
    const now = valueOf(state.network, store.get("frame"), selection);
    if (now !== null) value.set(now);
  }

  /** @param {{derivation: Derivation, serial: number} | null} message */
  function show(message) {
    if (!message || !store.get("selection")) return;
    const { derivation, serial } = message;
    const isFirst = following.came(serial);
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
    // A reader of the screen is not told of each time that a network which runs is derived again.
    if (isFirst)
      store.put(
        "say",
        `The derivative is ${number(derivation.gradient, 4)}; measured, it ${derivation.check.verdict}.`,
      );
  }

  /** @param {import("../types.js").State} state */
  function invite({ network }) {
    const chain = ["x", ...network.layers.map(({ name }) => name)].join(" → ");
    const text =
      "Click any line, bias or output: its derivative is derived here, with this network's numbers put in, and checked against the slope that is measured.";
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
    // The same serial may stand for another network once the server is another.
    store.on("welcome", () => {
      following.forget();
      ask();
    }),
    store.on("frame", () => {
      live();
      following.catchUp();
    }),
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
    following.stop();
    for (const stop of stops) stop();
  };
}
