// The top of the page: play, step, back, rewind, reset, speed, and where training stands.
import { button, choice, slider } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { icon } from "../icons.js";
import { count, number } from "../scale.js";

const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, Infinity];

/** @typedef {import("../store.js").Store} Store */

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void}
 */
export function mount(el, store) {
  let unit = "epoch";
  // What the button shows decides: the latest frame may be older than the latest state.
  const toggleRun = () => store.send({ type: play.dataset.running === "true" ? "pause" : "run" });
  const play = button(icon("play"), "Run (space)", toggleRun, { class: "cr-play", "data-control": "run" });
  const units = choice(
    "Length of a step",
    [
      ["epoch", "epoch"],
      ["batch", "batch"],
      ["sample", "sample"],
      ["substep", "phase"],
    ],
    (value) => {
      unit = value;
    },
    { name: "unit" },
  );
  units.set(unit);
  const step = button(icon("step"), "Step (→)", () => store.send({ type: "step", unit }), { "data-control": "step" });
  const back = button(icon("back"), "Back to the checkpoint before (←)", () => store.send({ type: "back" }), {
    "data-control": "back",
  });
  const rewind = button(
    icon("rewind"),
    "Rewind to the same initial weights (home)",
    () => store.send({ type: "rewind" }),
    {
      "data-control": "rewind",
    },
  );
  const reset = button(icon("dice"), "New initial weights (r)", () => store.send({ type: "reset" }), {
    "data-control": "reset",
  });
  const speed = slider(
    "Speed",
    {
      ...{ min: 0, max: SPEEDS.length - 1, name: "speed" },
      format: (value) => (value === Infinity ? "max" : `${value} / s`),
      scale: { to: speedPlace, from: (place) => SPEEDS[place] },
    },
    (value) => store.change("view.speed", value === Infinity ? "max" : value),
  );
  const [epoch, rate, cost, test] = [0, 0, 0, 0].map(() => h("span", { class: "cr-figure-number" }));
  const sub = h("span", { class: "cr-figure-note" });
  const title = h(
    "h1",
    { class: "cr-brand" },
    h("span", { class: "cr-brand-mark", "aria-hidden": "true" }, "∂"),
    "Chainrule",
  );
  replace(
    el,
    title,
    h("div", { class: "cr-transport", role: "group", "aria-label": "Training" }, rewind, back, play, step, reset),
    units.el,
    speed.el,
    h(
      "div",
      { class: "cr-figures" },
      figure("epoch", epoch, sub),
      figure("J train", cost, null, "cr-figure-cost"),
      figure("J test", test, null, "cr-figure-cost"),
      figure("epochs / s", rate),
    ),
  );

  const stops = [
    store.on("state", ({ running, position, spec }) => {
      shows(running);
      place(position);
      speed.set(spec.view.speed === "max" ? Infinity : spec.view.speed);
    }),
    store.on("frame", (frame) => {
      shows(frame.running);
      place(frame.position);
      write(cost, number(frame.cost.train));
      write(test, number(frame.cost.test));
      write(rate, frame.running ? count(frame.epochs_per_second) : "–");
    }),
  ];

  /** @param {boolean} running */
  function shows(running) {
    if (play.dataset.running === String(running)) return;
    play.dataset.running = String(running);
    const label = running ? "Pause (space)" : "Run (space)";
    play.title = label;
    play.setAttribute("aria-label", label);
    replace(play, icon(running ? "pause" : "play"));
  }

  /** @param {import("../types.js").Position} position */
  function place(position) {
    write(epoch, count(position.epoch));
    const inside = position.sample > 0 || position.substep;
    write(sub, inside ? `batch ${position.batch} · sample ${position.sample}` : `${count(position.step)} steps`);
  }

  let byPointer = false;
  const pointed = () => {
    byPointer = true;
  };

  /** What a pointer clicked gives the keys back: space means run again, and not the same button. @param {Event} event */
  function letGo(event) {
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (byPointer && target.closest("button, .cr-choice") && !root.querySelector("[role=dialog]:not([hidden])")) {
      root.focus({ preventScroll: true });
    }
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    byPointer = false;
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, [contenteditable]"))
      return;
    if (event.key === " " && target.closest("button, summary, a")) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      " ": toggleRun,
      ArrowRight: () => store.send({ type: "step", unit }),
      ArrowLeft: () => store.send({ type: "back" }),
      Home: () => store.send({ type: "rewind" }),
      r: () => store.send({ type: "reset" }),
    };
    if (!keys[event.key] || target.closest("[data-arrows]")) return;
    event.preventDefault();
    keys[event.key]();
  }
  const root = /** @type {HTMLElement} */ (el.closest(".cr") ?? el);
  root.addEventListener("keydown", key);
  root.addEventListener("click", letGo);
  root.addEventListener("pointerdown", pointed);
  return () => {
    for (const stop of stops) stop();
    root.removeEventListener("keydown", key);
    root.removeEventListener("click", letGo);
    root.removeEventListener("pointerdown", pointed);
  };
}

/** @param {number} value */
function speedPlace(value) {
  const place = SPEEDS.findIndex((speed) => speed >= value);
  return place < 0 ? SPEEDS.length - 1 : place;
}

/**
 * @param {string} label
 * @param {HTMLElement} value
 * @param {HTMLElement | null} [note]
 * @param {string} [kind]
 */
function figure(label, value, note = null, kind = "") {
  return h("div", { class: `cr-figure ${kind}` }, h("span", { class: "cr-label" }, label), value, note);
}
