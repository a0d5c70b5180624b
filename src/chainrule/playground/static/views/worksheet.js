// The menu of worksheets: what is on the board as a page or a LaTeX article, with its solution or with blanks.
import { h } from "../dom.js";

const KINDS = [
  { text: "HTML with the solution", kind: "html", solution: true },
  { text: "HTML to fill in", kind: "html", solution: false },
  { text: "LaTeX with the solution", kind: "latex", solution: true },
  { text: "LaTeX to fill in", kind: "latex", solution: false },
];

/**
 * @param {import("../store.js").Store} store
 * @param {() => string | {row: number}} rows that the cost is the mean of
 */
export function worksheet(store, rows) {
  const items = KINDS.map(({ text, kind, solution }) => {
    const send = () => {
      const selection = store.get("selection");
      menu.open = false;
      if (selection) store.send({ type: "export", kind, ...selection, of: rows(), solution });
    };
    return h("button", { type: "button", onclick: send }, text);
  });
  const menu = h(
    "details",
    { class: "cr-menu" },
    h("summary", {}, "worksheet"),
    h("div", { class: "cr-menu-items" }, ...items),
  );
  return menu;
}
