// A pad to draw on, where the inputs are pixels: what the network makes of a picture that a person draws.
import { button } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { number } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */

/** Pixels of the pad along its side; of the brush, the share. */
const [SIDE, BRUSH] = [168, 0.11];
/** Milliseconds between two questions while a line is drawn. */
const PATIENCE = 80;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const pad = h("canvas", { class: "cr-pad", width: SIDE, height: SIDE, role: "img", "aria-label": "Pad to draw on" });
  const small = h("canvas", { class: "cr-pad-small", "aria-hidden": "true" });
  const said = h("p", { class: "cr-note", role: "status" }, "Draw with mouse or finger.");
  const clear = button("clear", "Clear the pad", () => wipe());
  const summary = h("summary", {}, "draw your own");
  const body = h("div", { class: "cr-pad-row" }, pad, h("div", { class: "cr-pad-side" }, small, said, clear));
  const box = h("details", { class: "cr-group" }, summary, body);
  replace(el, box);
  const pen = /** @type {CanvasRenderingContext2D} */ (pad.getContext("2d", { willReadFrequently: true }));
  let [drawing, drawn, asked] = [false, false, 0];

  function wipe() {
    pen.fillStyle = "black";
    pen.fillRect(0, 0, SIDE, SIDE);
    drawn = false;
    small.width = 1;
    write(said, "Draw with mouse or finger.");
    store.put("probe", null);
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  function at(event) {
    const { left, top, width } = pad.getBoundingClientRect();
    return [((event.clientX - left) * SIDE) / width, ((event.clientY - top) * SIDE) / width];
  }

  /** The smallest square round what was drawn, or the whole pad where the place in it counts. @returns {number[]} */
  function frame() {
    if (store.get("state")?.spec.data.name !== "digits") return [0, 0, SIDE, SIDE];
    const { data } = pen.getImageData(0, 0, SIDE, SIDE);
    let [left, top, right, bottom] = [SIDE, SIDE, 0, 0];
    for (let i = 0; i < SIDE * SIDE; i += 1) {
      if (data[4 * i] < 40) continue;
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    const side = Math.max(right - left, bottom - top, 1);
    return [(left + right - side) / 2, (top + bottom - side) / 2, side, side];
  }

  /** The drawing in the pixels of the data, from 0 to 1. @param {number[]} shape */
  function pixels([down, across]) {
    [small.width, small.height] = [across, down];
    const context = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d", { willReadFrequently: true }));
    context.imageSmoothingQuality = "high";
    context.fillRect(0, 0, across, down);
    const [x, y, width, height] = frame();
    context.drawImage(pad, x, y, width, height, 0, 0, across, down);
    const { data } = context.getImageData(0, 0, across, down);
    return Array.from({ length: across * down }, (_, i) => Math.round((data[4 * i] / 255) * 1e4) / 1e4);
  }

  async function ask() {
    const state = store.get("state");
    if (!drawn || !state?.data.picture) return;
    asked = performance.now();
    const columns = pixels(state.data.picture);
    try {
      const { units } = await store.ask({ type: "probe", columns });
      const [best] = units.output.map((/** @type {number} */ y, /** @type {number} */ k) => [y, k]).sort(descending);
      write(said, `It says ${state.data.classes[best[1]] ?? number(best[0])}, with ${Math.round(100 * best[0])} %.`);
    } catch {
      // The refusal is told.
    }
  }

  pad.addEventListener("pointerdown", (event) => {
    drawing = drawn = true;
    pad.setPointerCapture(event.pointerId);
    pen.strokeStyle = "white";
    [pen.lineWidth, pen.lineCap, pen.lineJoin] = [SIDE * BRUSH, "round", "round"];
    pen.beginPath();
    pen.moveTo(...at(event));
    pen.lineTo(...at(event));
    pen.stroke();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    pen.lineTo(...at(event));
    pen.stroke();
    if (performance.now() - asked > PATIENCE) void ask();
  });
  const lift = () => {
    if (drawing) void ask();
    drawing = false;
  };
  pad.addEventListener("pointerup", lift);
  pad.addEventListener("pointercancel", lift);
  wipe();
  let [of, serial] = ["", -1];
  const stops = [
    store.on("state", ({ data }) => {
      const grey = data.picture !== null && (data.picture[2] ?? 1) === 1 && data.classes.length > 0;
      el.hidden = !grey;
      if (data.hash !== of) wipe();
      of = data.hash;
    }),
    store.on("frame", (frame) => {
      // What it says of the drawing changes as it learns.
      if (frame.serial === serial || !box.open || !drawn || performance.now() - asked < 500) return;
      serial = frame.serial;
      void ask();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @param {number[]} a @param {number[]} b */
function descending([a], [b]) {
  return b - a;
}
