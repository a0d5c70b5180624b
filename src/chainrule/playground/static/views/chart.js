// The cost over the epochs: this run and those that were kept, with axes, and values under the pointer.
import { button, toggle } from "../controls.js";
import { extend, extent, nearest } from "../curves.js";
import { h, replace, sharp, write } from "../dom.js";
import { classColour } from "../palette.js";
import { count, linear, logarithmic, number } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Run} Run */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const canvas = h("canvas", { class: "cr-chart-canvas" });
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
    box,
    readout,
    h("div", { class: "cr-row cr-ends" }, h("span", { class: "cr-row" }, ...logs.map((log) => log.el)), keep),
    list,
  );

  /** @type {Run[]} */
  let runs = [];
  let listed = "";
  /** @type {number | null} */
  let pointer = null;

  const theme = () => store.get("theme") ?? "light";
  /** @param {Run} run */
  const colour = (run) => (run.current ? ink() : classColour((run.id + 1) % 8, theme()));
  const ink = () => (theme() === "dark" ? "#f4f1ea" : "#14181f");

  function draw() {
    const { clientWidth: width, clientHeight: height } = box;
    if (!width) return;
    const em = Number.parseFloat(getComputedStyle(box).fontSize);
    const context = sharp(canvas, width, height);
    context.clearRect(0, 0, width, height);
    const range = extent(runs, { logX, logY });
    const [x0, x1, y0, y1] = [3.4 * em, width - 0.7 * em, height - 1.7 * em, 0.7 * em];
    const x = logX
      ? logarithmic(range.x[0], range.x[1], x0, x1)
      : linear(range.x[0], range.x[1], x0, x1, width / (6 * em));
    const y = logY ? logarithmic(range.y[0], range.y[1], y0, y1) : linear(range.y[0], range.y[1], y0, y1, 4);
    context.font = `${0.78 * em}px ${getComputedStyle(box).fontFamily}`;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    for (const tick of y.ticks) {
      context.strokeStyle = theme() === "dark" ? "#2c343f" : "#e4dfd5";
      line(context, [
        [x0, y.at(tick)],
        [x1, y.at(tick)],
      ]);
      context.fillStyle = theme() === "dark" ? "#a9b0ba" : "#5c6470";
      context.textAlign = "right";
      context.fillText(number(tick, 2), x0 - 0.4 * em, y.at(tick));
    }
    context.textAlign = "center";
    for (const tick of x.ticks) context.fillText(count(tick), Math.min(x.at(tick), x1 - em), y0 + 0.95 * em);
    for (const run of [...runs].reverse()) {
      context.strokeStyle = colour(run);
      for (const part of /** @type {const} */ (["test", "train"])) {
        context.lineWidth = part === "train" ? (run.current ? 2.2 : 1.5) : 1.2;
        context.setLineDash(part === "train" ? [] : [4, 3]);
        line(
          context,
          run.epochs.map((epoch, i) => [
            x.at(epoch),
            run[part][i] === null ? Number.NaN : y.at(/** @type {number} */ (run[part][i])),
          ]),
        );
      }
      context.setLineDash([]);
    }
    tell(context, x, y, [y0, y1]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import("../scale.js").Scale} x
   * @param {import("../scale.js").Scale} y
   * @param {[number, number]} span
   */
  function tell(context, x, y, span) {
    const current = runs.find((run) => run.current) ?? runs[0];
    if (!current?.epochs.length) return;
    const at = pointer === null ? current.epochs.length - 1 : nearest(current.epochs, x.from(pointer));
    const epoch = current.epochs[at];
    write(
      readout,
      `epoch ${count(epoch)}:  train ${number(current.train[at])} ──  test ${number(current.test[at])} ╌╌`,
    );
    if (pointer === null) return;
    context.strokeStyle = theme() === "dark" ? "#6b7480" : "#9aa1ab";
    context.lineWidth = 1;
    line(context, [
      [x.at(epoch), span[0]],
      [x.at(epoch), span[1]],
    ]);
    for (const run of runs) {
      const i = nearest(run.epochs, epoch);
      const value = run.train[i];
      if (i < 0 || value === null) continue;
      context.fillStyle = colour(run);
      context.beginPath();
      context.arc(x.at(run.epochs[i]), y.at(value), 3, 0, Math.PI * 2);
      context.fill();
    }
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
        const dot = h("span", { class: "cr-line-mark", style: { "background-color": colour(run) } });
        return h(
          "li",
          {},
          dot,
          h("span", { class: "cr-run-name" }, run.name),
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
  box.addEventListener("pointerleave", () => {
    pointer = null;
    draw();
  });
  const watch = new ResizeObserver(draw);
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

/** @param {CanvasRenderingContext2D} context @param {number[][]} points a gap where a number is missing */
function line(context, points) {
  context.beginPath();
  let drawing = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) drawing = false;
    else if (drawing) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      drawing = true;
    }
  }
  context.stroke();
}

/** A name that tells kept runs apart. @param {Store} store */
function nameOf(store) {
  const spec = store.get("state")?.spec;
  return spec
    ? `${spec.optimizer.replaceAll("_", " ")}, η ${spec.learning_rate}, ${spec.layers.map(({ units }) => units).join("-")}`
    : "run";
}
