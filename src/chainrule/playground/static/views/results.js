// How well it does: the score that the task is judged by, and the confusion matrix, whose cells open onto their rows.
import { button, choice } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { show } from "../paint.js";
import { css, diverging } from "../palette.js";
import { number } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Rows} Rows */

/** Milliseconds that numbers stand still while it trains: nobody reads a hundred of them faster, and a table is dear. */
const PATIENCE = 120;
/** A table of more cells is laid out anew half as often. */
const FEW_CELLS = 16;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  let part = "test";
  const [train, test, name] = [h("strong"), h("strong"), h("span", { class: "cr-label" })];
  const both = choice(
    "Part of the data",
    [
      ["train", "train"],
      ["test", "test"],
    ],
    (value) => {
      part = value;
      const frame = store.get("frame");
      if (frame) draw(frame);
    },
  );
  both.set(part);
  const matrix = h("table", { class: "cr-confusion" });
  const rows = h("div", { class: "cr-rows", hidden: true });
  const head = h("div", { class: "cr-row cr-ends" }, h("span", { class: "cr-label" }, "true ↓  predicted →"), both.el);
  const box = h("div", { class: "cr-confusion-box", "data-control": "confusion" }, head, matrix);
  replace(
    el,
    h("div", { class: "cr-row cr-scores" }, name, h("span", {}, "train ", train), h("span", {}, "test ", test)),
    box,
    rows,
  );

  /** @type {HTMLButtonElement[]} */
  let cells = [];
  let built = "";
  /** @param {import("../types.js").State} state */
  function build({ data }) {
    box.hidden = data.classes.length === 0;
    const key = JSON.stringify(data.classes);
    if (key === built) return;
    built = key;
    cells = [];
    const short = (/** @type {string} */ text) =>
      h("abbr", { title: text }, text.length > 7 ? `${text.slice(0, 6)}…` : text);
    const body = data.classes.map((truth, i) => {
      const line = data.classes.map((guess, j) => {
        const cell = button("", `True ${truth}, predicted ${guess}: show the rows`, () =>
          store.send({ type: "cell", true: i, predicted: j, part }),
        );
        cell.dataset.what = `True ${truth}, predicted ${guess}`;
        cells.push(cell);
        return h("td", {}, cell);
      });
      return h("tr", {}, h("th", { scope: "row" }, short(truth)), ...line);
    });
    const top = h("tr", {}, h("td", {}), ...data.classes.map((guess) => h("th", { scope: "col" }, short(guess))));
    replace(matrix, h("thead", {}, top), h("tbody", {}, ...body));
    rows.hidden = true;
  }

  let drawn = 0;
  /** @param {import("../types.js").Frame} frame */
  function follow(frame) {
    if (frame.running && performance.now() - drawn < (cells.length > FEW_CELLS ? 2 : 1) * PATIENCE) return;
    drawn = performance.now();
    draw(frame);
  }

  /** @param {import("../types.js").Frame} frame */
  function draw(frame) {
    const metric = store.get("state")?.metric;
    if (!metric) return;
    const format = (/** @type {number | null | undefined} */ value) =>
      value === null || value === undefined ? "–" : metric.is_share ? `${(value * 100).toFixed(1)} %` : number(value);
    write(name, metric.label);
    write(train, format(frame.metrics.train[metric.name]));
    write(test, format(frame.metrics.test[metric.name]));
    const counts = frame.arrays[`confusion_${part}`];
    if (!counts || counts.length !== cells.length) return;
    const k = Math.sqrt(cells.length);
    const theme = store.get("theme") ?? "light";
    for (let i = 0; i < k; i += 1) {
      let total = 0;
      for (let j = 0; j < k; j += 1) total += counts[i * k + j];
      for (let j = 0; j < k; j += 1) tint(cells[i * k + j], counts[i * k + j], total, i === j, theme);
    }
  }

  /** @param {HTMLButtonElement} cell @param {number} n @param {number} total @param {boolean} right @param {import("../palette.js").Theme} theme */
  function tint(cell, n, total, right, theme) {
    const text = String(n);
    const key = `${n} ${total} ${theme}`;
    if (cell.dataset.key === key) return;
    cell.dataset.key = key;
    write(cell, text);
    cell.setAttribute("aria-label", `${cell.dataset.what}: ${text} rows. Show them`);
    const share = total ? n / total : 0;
    cell.style.setProperty("background-color", css(diverging((right ? 0.55 : -0.6) * Math.sqrt(share), theme)));
  }

  /** @param {Rows | null} found */
  function list(found) {
    rows.hidden = !found;
    if (!found) return;
    const classes = store.get("state")?.data.classes ?? [];
    const title = `${found.total} ${found.part} rows: true ${classes[found.true]}, predicted ${classes[found.predicted]}`;
    const close = button(icon("close"), "Close the rows", () => store.put("rows", null), { class: "cr-quiet" });
    const body = found.picture ? pictures(found) : cellsOf(found);
    replace(rows, h("div", { class: "cr-row cr-ends" }, h("strong", {}, title), close), body);
  }

  const stops = [
    store.on("state", build),
    store.on("frame", follow),
    store.on("rows", list),
    store.on("theme", () => {
      const frame = store.get("frame");
      if (frame) draw(frame);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @param {Rows} found */
function cellsOf(found) {
  const head = h("tr", {}, ...found.columns.map((column) => h("th", { scope: "col" }, column)));
  const lines = found.rows.map((row) =>
    h("tr", {}, ...row.map((cell) => h("td", {}, typeof cell === "number" ? number(cell, 4) : String(cell)))),
  );
  return h(
    "div",
    { class: "cr-scroll", tabindex: 0 },
    h("table", { class: "cr-table" }, h("thead", {}, head), h("tbody", {}, ...lines)),
  );
}

/** @param {Rows} found */
function pictures(found) {
  const shape = found.picture ?? [];
  const pixels = /** @type {Uint8Array} */ (found.arrays.pictures ?? new Uint8Array(0));
  const each = shape.reduce((a, b) => a * b, 1);
  const items = found.rows.map(([row], n) => {
    const canvas = h("canvas", { role: "img", "aria-label": `row ${row}` });
    show(canvas, pixels.subarray(n * each, (n + 1) * each), shape);
    return h("figure", {}, canvas, h("figcaption", {}, String(row)));
  });
  return h("div", { class: "cr-pictures" }, ...items);
}
