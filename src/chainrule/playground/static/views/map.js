// The large map: what the network (or one neuron) answers at each point of the plane, and the data on it.
import { toggle } from "../controls.js";
import { h, replace, sharp, write } from "../dom.js";
import { Tables, paint } from "../paint.js";
import { classColour, css, diverging } from "../palette.js";
import { letters, linear, number, own } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").State} State */

/** Milliseconds between two questions for the values under the pointer. */
const PATIENCE = 60;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const tables = new Tables();
  const picture = h("canvas", { class: "cr-map-picture", role: "img" });
  const dots = h("canvas", { class: "cr-map-dots", "aria-hidden": "true" });
  const field = h("div", {
    class: "cr-map",
    tabindex: 0,
    role: "group",
    "aria-label": "Map of the output over two inputs",
  });
  field.append(picture, dots);
  const title = h("span", { class: "cr-map-title" });
  const [low, high, left, right] = [0, 0, 0, 0].map(() => h("span", { class: "cr-tick" }));
  const [xName, yName] = [h("span", { class: "cr-axis-x" }), h("span", { class: "cr-axis-y" })];
  const [classKey, rampKey] = [h("div"), h("div", { class: "is-away" })];
  const legend = h("div", { class: "cr-legend" }, classKey, rampKey);
  const test = toggle("test data", (on) => store.change("view.show_test", on), { name: "show_test" });
  const discrete = toggle("discretise", (on) => store.change("view.discretise", on), { name: "discretise" });
  const options = h("div", { class: "cr-row cr-map-options" }, test.el, discrete.el);
  const frame = h("div", { class: "cr-map-frame" }, yName, high, low, field, left, xName, right);
  low.classList.add("cr-tick-low");
  high.classList.add("cr-tick-high");
  left.classList.add("cr-tick-left");
  right.classList.add("cr-tick-right");
  replace(el, h("div", { class: "cr-map-top" }, title), frame, legend, options);

  const theme = () => store.get("theme") ?? "light";

  /** @param {import("../types.js").Frame} now */
  function draw(now) {
    const state = store.get("state");
    const bytes = /** @type {Uint8Array | undefined} */ (now.arrays.map);
    if (!state || !bytes) return;
    const { discretise } = state.spec.view;
    const colours = tables.ofMap(now.map, theme(), state.data.classes.length, discretise);
    paint(picture, bytes, now.map.size, colours, /** @type {Uint8Array | undefined} */ (now.arrays.map_class));
    const said = now.map.of === "output" ? "Output of the network" : `Values of ${now.map.of}`;
    write(title, now.map.of === "output" ? "" : now.map.of);
    if (picture.getAttribute("aria-label") !== said) picture.setAttribute("aria-label", said);
    key(state, now.map);
  }

  let lastKey = "";
  /** @param {State} state @param {import("../types.js").Frame["map"]} map */
  function key(state, map) {
    const text = JSON.stringify([
      map.kind,
      map.of === "output" || map.of,
      number(map.low, 2),
      number(map.high, 2),
      theme(),
      state.data.classes,
      state.data.target,
    ]);
    if (text === lastKey) return;
    lastKey = text;
    const ofClasses = map.of === "output" && state.data.classes.length > 0;
    classKey.classList.toggle("is-away", !ofClasses);
    rampKey.classList.toggle("is-away", ofClasses);
    replace(classKey, ...state.data.classes.map((name, i) => swatch(name, classColour(i, theme()))));
    const { offset, scale } = state.data.target;
    const unit = /** @type {[number, number]} */ (map.kind === "value" ? [offset, scale] : [0, 1]);
    const [least, most] = [map.low, map.high].map((value) => h("span", {}, number(own(value, unit), 3)));
    replace(rampKey, least, h("span", { class: "cr-ramp", "aria-hidden": "true" }), most);
  }

  /** @param {State} state */
  function points(state) {
    const width = field.clientWidth;
    if (!width) return;
    const context = sharp(dots, width, width);
    context.clearRect(0, 0, width, width);
    const { domain, classes, target } = state.data;
    const x = linear(domain.x[0], domain.x[1], 0, width);
    const y = linear(domain.y[0], domain.y[1], width, 0);
    const radius = Math.max(1.6, Math.min(width / 80, (width * 0.22) / Math.sqrt(state.data.n_train + 20)));
    /** @param {string} part @param {boolean} hollow */
    const scatter = (part, hollow) => {
      const [xy, t] = [state.arrays[`${part}_xy`], state.arrays[`${part}_t`]];
      for (let i = 0; xy && i < t.length; i += 1) {
        const colour = classes.length
          ? classColour(t[i], theme())
          : css(diverging(((t[i] - target.low) / (target.high - target.low || 1)) * 2 - 1, theme()));
        context.beginPath();
        context.arc(x.at(xy[2 * i]), y.at(xy[2 * i + 1]), radius, 0, Math.PI * 2);
        context.fillStyle = hollow ? (theme() === "dark" ? "#12161c" : "#ffffff") : colour;
        context.fill();
        context.lineWidth = hollow ? 1.6 : 0.9;
        context.strokeStyle = hollow ? colour : theme() === "dark" ? "#0c0f13" : "#ffffff";
        context.stroke();
      }
    };
    scatter("train", false);
    const row = store.get("row");
    const xy = state.arrays.train_xy;
    if (row !== undefined && xy && 2 * row < xy.length) {
      context.beginPath();
      context.arc(x.at(xy[2 * row]), y.at(xy[2 * row + 1]), radius * 2.2, 0, Math.PI * 2);
      context.lineWidth = 2;
      context.strokeStyle = theme() === "dark" ? "#ffffff" : "#14181f";
      context.stroke();
    }
    if (state.spec.view.show_test) scatter("test", true);
    const [across, along] = state.data.axes.units;
    const ends = [left, right].map((tick, i) => /** @type {const} */ ([tick, own(domain.x[i], across)]));
    ends.push(...[low, high].map((tick, i) => /** @type {const} */ ([tick, own(domain.y[i], along)])));
    for (const [tick, value] of ends) write(tick, number(value, 3));
    write(xName, letters(state.data.axes.x));
    write(yName, letters(state.data.axes.y));
    test.set(state.spec.view.show_test);
    discrete.set(state.spec.view.discretise);
  }

  /** @param {{clientX: number, clientY: number}} event @returns {[number, number] | null} */
  function pointAt(event) {
    const state = store.get("state");
    if (!state) return null;
    const box = field.getBoundingClientRect();
    const { x, y } = state.data.domain;
    const across = (event.clientX - box.left) / box.width;
    const up = 1 - (event.clientY - box.top) / box.height;
    // Finer than a pixel, and short in a link.
    const round = (/** @type {number} */ value) => Number(value.toPrecision(5));
    return [round(x[0] + across * (x[1] - x[0])), round(y[0] + up * (y[1] - y[0]))];
  }

  /** The training row nearest to a click becomes the sample of derivations. @param {State} state @param {[number, number]} point */
  function choose(state, [px, py]) {
    const { x, y } = state.data.domain;
    const xy = state.arrays.train_xy ?? [];
    let [row, nearest] = [-1, 0.03];
    for (let i = 0; 2 * i < xy.length; i += 1) {
      const away = Math.hypot((xy[2 * i] - px) / (x[1] - x[0]), (xy[2 * i + 1] - py) / (y[1] - y[0]));
      if (away < nearest) [row, nearest] = [i, away];
    }
    if (row >= 0) store.put("row", row);
  }

  let asked = 0;
  field.addEventListener("pointermove", (event) => {
    const point = pointAt(event);
    if (!point || performance.now() - asked < PATIENCE) return;
    asked = performance.now();
    store.send({ type: "probe", x: point });
  });
  let inside = false;
  field.addEventListener("pointerenter", () => {
    inside = true;
  });
  field.addEventListener("pointerleave", () => {
    inside = false;
    store.put("probe", null);
  });
  field.addEventListener("click", (event) => {
    const state = store.get("state");
    const point = pointAt(event);
    if (!point || !state) return;
    if (state.spec.data.name === "drawn") store.send({ type: "points", add: [[...point, store.get("brush") ?? 0]] });
    else choose(state, point);
  });
  const watch = new ResizeObserver(() => {
    const state = store.get("state");
    if (state) points(state);
  });
  watch.observe(field);
  const again = () => {
    const [state, now] = [store.get("state"), store.get("frame")];
    if (state) points(state);
    if (now) draw(now);
  };
  const stops = [
    store.on("state", points),
    store.on("frame", draw),
    store.on("theme", again),
    store.on("row", again),
    store.on("probe", (probe) => {
      // An answer that comes after the pointer has left says nothing any more.
      if (probe?.x && !inside) store.put("probe", null);
    }),
  ];
  return () => {
    watch.disconnect();
    for (const stop of stops) stop();
  };
}

/** @param {string} name @param {string} colour */
export function swatch(name, colour) {
  const dot = h("span", { class: "cr-dot", style: { "background-color": colour }, "aria-hidden": "true" });
  return h("span", { class: "cr-swatch" }, dot, name);
}
