// The cost over the epochs: this run and those that were kept, with axes, and values under the pointer.
import { button, toggle } from "../controls.js";
import { extend, nearest } from "../curves.js";
import { h, replace, sharp, write } from "../dom.js";
import { count, number } from "../scale.js";
import { colourOf, mark, plot } from "./plot.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Run} Run */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const canvas = h("canvas", { class: "cr-chart-canvas" });
  // For a text on a canvas of the page, browsers lay the page out first.
  const sheet = new OffscreenCanvas(1, 1);
  const box = h("div", { class: "cr-chart", role: "img", "aria-label": "Cost over epochs" }, canvas);
  const readout = h("p", { class: "cr-note cr-readout" });
  let [logX, logY] = [false, false];
  const logs = [
    toggle("log J", (on) => {
      logY = on;
      draw();
    }),
    toggle("log epochs", (on) => {
      logX = on;
      draw();
    }),
  ];
  const keep = button("keep this run", "Keep this run's curve to compare others with it", () =>
    store.send({ type: "keep_run", name: nameOf(store) }),
  );
  const list = h("ul", { class: "cr-runs" });
  replace(
    el,
    h("div", { class: "cr-chart-and-readout" }, box, readout),
    h("div", { class: "cr-row cr-ends" }, h("span", { class: "cr-row" }, ...logs.map((log) => log.el)), keep),
    list,
  );

  /** @type {Run[]} */
  let runs = [];
  let listed = "";
  /** @type {number | null} */
  let pointer = null;
  /** @type {import("./plot.js").Scales | null} */
  let scales = null;
  // Asked for when the box changes, and not in each frame: the answer would lay the page out anew.
  let [width, height, em, font] = [0, 0, 14, "sans-serif"];

  const theme = () => store.get("theme") ?? "light";
  function draw() {
    if (!width) return;
    const context = sharp(canvas, width, height);
    scales = plot(context, runs, { sheet, width, height, em, font, theme: theme(), logX, logY });
    const current = runs.find((run) => run.current) ?? runs[0];
    if (!current?.epochs.length) return;
    const at = pointer === null ? current.epochs.length - 1 : nearest(current.epochs, scales.x.from(pointer));
    // At rest the line ends where the header is; while it trains, the last that was measured may be a moment older.
    const epoch = pointer === null ? (store.get("frame")?.position.epoch ?? current.epochs[at]) : current.epochs[at];
    const [train, test] = [number(current.train[at]), number(current.test[at])];
    write(readout, `epoch ${count(epoch)}:  train ${train} ─  test ${test} ╌`);
    if (pointer !== null) mark(context, runs, epoch, scales, theme());
  }

  function names() {
    const kept = runs.filter((run) => !run.current);
    const key = JSON.stringify([kept.map(({ id, name }) => [id, name]), theme()]);
    if (key === listed) return;
    listed = key;
    replace(
      list,
      ...kept.map((run) => {
        const last = run.train[run.train.length - 1];
        const drop = button("×", `Drop ${run.name}`, () => store.send({ type: "drop_run", run: run.id }), {
          class: "cr-quiet",
        });
        const dot = h("span", { class: "cr-line-mark", style: { "background-color": colourOf(run, theme()) } });
        return h(
          "li",
          {},
          dot,
          h("span", { class: "cr-run-name" }, run.name.replaceAll("_", " ")),
          h("span", { class: "cr-note" }, `J ${number(last)}`),
          drop,
        );
      }),
    );
  }

  box.addEventListener("pointermove", (event) => {
    pointer = event.clientX - box.getBoundingClientRect().left;
    draw();
  });
  box.addEventListener("click", () => {
    const known = store.get("state")?.checkpoints ?? [];
    const at = pointer === null || !scales ? -1 : nearest(known, scales.x.from(pointer));
    if (at >= 0) store.send({ type: "goto", checkpoint: known[at] });
  });
  box.addEventListener("pointerleave", () => {
    pointer = null;
    draw();
  });
  const watch = new ResizeObserver(() => {
    const style = getComputedStyle(box);
    [width, height] = [box.clientWidth, box.clientHeight];
    [em, font] = [Number.parseFloat(style.fontSize), style.fontFamily];
    draw();
  });
  watch.observe(box);
  const refresh = () => {
    names();
    draw();
  };
  const stops = [
    store.on("history", ({ runs: all }) => {
      runs = all.map((run) => ({ ...run, epochs: [...run.epochs], train: [...run.train], test: [...run.test] }));
      refresh();
    }),
    store.on("frame", ({ points }) => {
      const current = runs.find((run) => run.current);
      if (!current || points.length === 0) return;
      extend(current, points);
      draw();
    }),
    store.on("theme", refresh),
  ];
  return () => {
    watch.disconnect();
    for (const stop of stops) stop();
  };
}

/** A name that tells kept runs apart. @param {Store} store */
function nameOf(store) {
  const [spec, data] = [store.get("state")?.spec, store.get("state")?.data];
  return spec && data
    ? `${data.title}: ${spec.optimizer.replaceAll("_", " ")}, η ${spec.learning_rate}, ${spec.layers.map(({ units }) => units).join("-")}`
    : "run";
}
