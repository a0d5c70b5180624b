// Parts of the board: the sum with its terms, matrices, the update, the check and the line of source.
import { h } from "../dom.js";
import { formulas } from "../mathml.js";
import { ends } from "../parameters.js";
import { number } from "../scale.js";

/** @typedef {import("../types.js").Derivation} Derivation */
/** @typedef {import("../store.js").Store} Store */

const VERDICTS = {
  agrees: { kind: "is-right", sign: "✓" },
  differs: { kind: "is-wrong", sign: "✗" },
  "cannot be told": { kind: "is-untold", sign: "?" },
};

/**
 * Derived and measured, side by side, and the verdict on the two.
 * @param {Derivation} derivation
 */
export function checkOf({ check }) {
  const { kind, sign } = VERDICTS[check.verdict];
  return h(
    "dl",
    { class: `cr-check-box ${kind}`, "data-check": "true", "data-verdict": check.verdict },
    h("dt", {}, "derived"),
    h("dd", { "data-analytic": check.analytic }, number(check.analytic, 7)),
    h("dt", {}, "measured"),
    h("dd", { "data-numeric": check.numeric }, check.measured),
    h("dt", {}, "verdict"),
    h("dd", {}, `${sign} ${check.verdict}`),
    check.why ? h("dd", { class: "cr-check-why" }, check.why) : null,
  );
}

/**
 * Every term of the sum, linked to the neurons that it came through.
 * @param {Derivation} derivation
 * @param {Store} store
 * @param {(row: number) => number} rowName what a row of the derivation is called in the data
 */
export function sumOf(derivation, store, rowName) {
  const { terms, rest, sum, neurons, penalty } = derivation;
  const [selection, network] = [store.get("selection"), store.get("state")?.network];
  const own = selection && network && "param" in selection ? ends(network, selection) : [];
  const largest = Math.max(...terms.map(({ value }) => Math.abs(value)), 1e-300);
  const rows = terms.map((term) => {
    const from = term.path.length ? term.path : [term.neuron];
    const light = () => store.put("lit", [...own, ...from]);
    const dark = () => store.put("lit", []);
    const bar = h("span", {
      class: `cr-term-bar ${term.value < 0 ? "is-negative" : ""}`,
      style: { width: `${(Math.abs(term.value) / largest) * 100}%` },
    });
    return h(
      "tr",
      {
        tabindex: 0,
        "data-neuron-term": term.neuron,
        onpointerenter: light,
        onpointerleave: dark,
        onfocus: light,
        onblur: dark,
      },
      h("td", {}, term.row === null ? "" : String(rowName(term.row))),
      h("td", { class: "cr-term-math" }, ...formulas(term.mathml), h("div", { class: "cr-path" }, from.join(" → "))),
      h("td", { class: "cr-number" }, number(term.value, 4)),
      h("td", { class: "cr-bar-cell" }, bar),
    );
  });
  const line = (/** @type {string} */ text, /** @type {number} */ value, /** @type {string} */ kind) =>
    h(
      "tr",
      { class: kind },
      h("td", {}),
      h("td", {}, text),
      h("td", { class: "cr-number" }, number(value, 5)),
      h("td", {}),
    );
  const head = h("tr", {}, ...["row", "term and its path", "value", ""].map((text) => h("th", { scope: "col" }, text)));
  const foot = [
    rest.count > 0 ? line(`and ${rest.count} more terms`, rest.value, "") : null,
    line("sum", sum, "cr-sum"),
    penalty === null ? null : line("penalty", penalty, ""),
    penalty === null ? null : line("sum with the penalty", derivation.gradient, "cr-sum"),
  ];
  const chips = neurons.map(({ neuron, value }) => {
    const light = () => store.put("lit", [...own, neuron]);
    return h(
      "span",
      {
        class: "cr-through",
        tabindex: 0,
        onpointerenter: light,
        onfocus: light,
        onpointerleave: () => store.put("lit", []),
        onblur: () => store.put("lit", []),
      },
      h("code", {}, neuron),
      " ",
      number(value, 4),
    );
  });
  return h(
    "section",
    { class: "cr-sum-box" },
    h("h4", {}, "the sum, term by term"),
    chips.length ? h("p", { class: "cr-throughs" }, "through ", ...chips) : null,
    h(
      "div",
      { class: "cr-scroll" },
      h("table", { class: "cr-terms" }, h("thead", {}, head), h("tbody", {}, ...rows), h("tfoot", {}, ...foot)),
    ),
  );
}

/** @param {Derivation} derivation */
export function matricesOf({ vectorised }) {
  const tables = vectorised.matrices.map((matrix) => {
    const { row, column } = matrix.highlight;
    const lines = matrix.values.map((line, i) =>
      h(
        "tr",
        {},
        ...line.map((value, j) => {
          const on =
            (row === null || matrix.rows[i] === row) &&
            (column === null || matrix.columns[j] === column) &&
            (row !== null || column !== null);
          return h("td", { class: on ? "is-on" : "" }, number(value, 3));
        }),
      ),
    );
    const cut = matrix.shape[0] > matrix.rows.length || matrix.shape[1] > matrix.columns.length;
    const name = `${matrix.name} (${matrix.shape.join(" × ")})${cut ? ", in part" : ""}`;
    return h(
      "figure",
      { class: "cr-matrix" },
      h("figcaption", {}, ...formulas(matrix.mathml), h("span", { class: "cr-note" }, name)),
      h("div", { class: "cr-scroll" }, h("table", {}, h("tbody", {}, ...lines))),
    );
  });
  const lines = formulas(vectorised.mathml).map((formula) => h("div", { class: "cr-formula" }, formula));
  return h(
    "section",
    {},
    h("h4", {}, "all weights of the layer at once"),
    ...lines,
    h("div", { class: "cr-matrices" }, ...tables),
  );
}

/** @param {Derivation} derivation */
export function updateOf({ update }) {
  if (!update) return null;
  const lines = formulas(update.mathml).map((formula) => h("div", { class: "cr-formula" }, formula));
  return h(
    "section",
    {},
    h("h4", {}, "the update"),
    ...lines,
    update.note ? h("p", { class: "cr-note" }, update.note) : null,
  );
}

/** @param {Derivation} derivation */
export function sourceOf({ source }) {
  return h(
    "section",
    { class: "cr-source" },
    h("h4", {}, "the line that computes it"),
    h("pre", {}, h("code", {}, source.text.trim())),
    h("p", { class: "cr-note" }, `${source.file}, line ${source.line}, ${source.function}`),
  );
}

/** @param {import("../types.js").DerivationStep} step @param {number} i */
export function stepOf(step, i) {
  const lines = formulas(step.mathml).map((formula) => h("div", { class: "cr-formula" }, formula));
  return h("li", { style: { "--i": i } }, h("h4", {}, step.title), h("p", {}, step.text), ...lines);
}
