// What the picture costs: steps and frames a second, bytes, frames dropped, and the time to build and to draw one.
import { h, replace, write } from "../dom.js";
import { count, number, size } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const figures = ["epochs / s", "frames / s", "bytes / s", "dropped", "build", "draw"].map((label) => {
    const value = h("strong", {}, "–");
    return { value, el: h("span", {}, label, " ", value) };
  });
  replace(el, ...figures.map((figure) => figure.el));
  el.hidden = true;
  /** @type {number[]} */
  let times = [];

  /** @param {import("../types.js").Frame} frame */
  function show({ budget, epochs_per_second }) {
    const now = performance.now();
    times.push(now);
    while (times.length && now - times[0] > 1000) times.shift();
    if (!budget || el.hidden) return;
    const texts = [
      count(epochs_per_second),
      String(times.length),
      size(budget.bytes),
      count(budget.dropped),
      `${number(budget.build_ms, 2)} ms`,
      `${number(store.get("drawing") ?? 0, 2)} ms`,
    ];
    figures.forEach(({ value }, i) => write(value, texts[i]));
  }

  const stops = [
    store.on("frame", show),
    store.on("budget", ({ show: on }) => {
      el.hidden = !on;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    times = [];
  };
}
