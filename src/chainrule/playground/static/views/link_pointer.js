// The pointer over the lines: hovering shows a live value, a click derives the cost by that weight and lets it be typed.
import { nameOf, valueOf } from "../parameters.js";
import { hintOf } from "./card.js";
import { linkAt, middle, strongest } from "./links.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("./links.js").Link} Link */
/** @typedef {import("../parameters.js").Place} WeightPlace */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Store} store
 * @param {ReturnType<typeof import("./card.js").cardIn>} card
 * @param {{links: () => Link[], redraw: () => void}} stage
 */
export function linkPointer(canvas, store, card, { links, redraw }) {
  /** @type {Link | null} */
  let over = null;

  /** The weight of a line; of a block of inputs, the strongest. @param {Link} link @returns {WeightPlace} */
  function weightOf(link) {
    const weights = store.get("frame")?.arrays.weights;
    const row = link.count > 1 && weights ? strongest(link, weights).row : link.index[0];
    return { param: link.param, index: [row, link.index[1]] };
  }

  /** @param {PointerEvent | MouseEvent} event */
  function under(event) {
    const box = canvas.getBoundingClientRect();
    return linkAt(links(), { x: event.clientX - box.left, y: event.clientY - box.top });
  }

  function refresh() {
    const network = store.get("state")?.network;
    if (!over || !network) return;
    const weight = weightOf(over);
    card.hint(hintOf(weight, valueOf(network, store.get("frame"), weight)), middle(over));
  }

  /** Whether a line is under the pointer, or the one whose derivative is on the board. @param {Link} link */
  function isMarked(link) {
    if (link === over) return true;
    const selection = store.get("selection");
    if (!selection || !("param" in selection) || selection.param !== link.param) return false;
    return link.count > 1 ? selection.index[1] === link.index[1] : nameOf(selection) === nameOf(link);
  }

  function forget() {
    over = null;
    card.unhint();
  }

  canvas.addEventListener("pointermove", (event) => {
    over = under(event);
    canvas.style.setProperty("cursor", over ? "pointer" : "default");
    if (!over) card.unhint();
    redraw();
  });
  canvas.addEventListener("pointerleave", () => {
    forget();
    redraw();
  });
  canvas.addEventListener("click", (event) => {
    const link = under(event);
    if (!link) {
      card.close();
      return;
    }
    const weight = weightOf(link);
    store.put("selection", weight);
    card.unhint();
    card.open(nameOf(weight), [weight], () => "w =");
  });
  return { refresh, isMarked, forget };
}
