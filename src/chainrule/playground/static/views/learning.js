// How it learns: rate, optimizer, schedule, batch, cost, penalties, initial weights, and when to stop.
import { numeric, select, slider } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { number } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Method} Method */

const RATES = [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const PENALTIES = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const set = (/** @type {string} */ path) => (/** @type {unknown} */ value) => store.change(path, value);
  const rate = ladder("learning rate η", RATES, "learning_rate", set("learning_rate"));
  const optimizer = select("optimizer", set("optimizer"), { name: "optimizer" });
  const optimizerSettings = h("div", { class: "cr-settings" });
  const schedule = select("schedule", set("schedule"), { name: "schedule" });
  const scheduleSettings = h("div", { class: "cr-settings" });
  const batch = slider("batch size", { min: 1, max: 100, name: "batch_size" }, set("batch_size"));
  const loss = select("cost J", set("loss"), { name: "loss" });
  const l1 = ladder("L1 penalty", PENALTIES, "l1", set("l1"));
  const l2 = ladder("L2 penalty", PENALTIES, "l2", set("l2"));
  const init = select("initial weights", set("init"), { name: "init" });
  const initSeed = numeric("seed", { min: 0, step: 1, name: "init" }, (value) => store.change("init_seed", value ?? 0));
  const epochs = numeric("epochs", { min: 1, step: 1, empty: "never" }, set("stop.epochs"));
  const cost = numeric("cost below", { min: 0, empty: "never" }, set("stop.cost"));
  const seconds = numeric("seconds", { min: 0, empty: "never" }, set("stop.seconds"));
  const live = h("p", { class: "cr-note" });
  const pair = (/** @type {Node[]} */ ...nodes) => h("div", { class: "cr-row cr-pair" }, ...nodes);
  replace(
    el,
    rate.el,
    live,
    optimizer.el,
    optimizerSettings,
    batch.el,
    loss.el,
    group("penalty", "penalty", l1.el, l2.el),
    group("schedule of η", "schedule", schedule.el, scheduleSettings),
    group("initial weights", "init", pair(init.el, initSeed.el)),
    group("stop after", "stop", h("div", { class: "cr-row cr-triple" }, epochs.el, cost.el, seconds.el)),
  );
  const settings = { optimizer: settingsIn(optimizerSettings, store), schedule: settingsIn(scheduleSettings, store) };

  /** @param {import("../types.js").State} state */
  function show({ spec, data }) {
    const catalogue = store.get("welcome")?.catalogue;
    if (!catalogue) return;
    rate.set(spec.learning_rate);
    optimizer.options(catalogue.optimizers.map(({ name }) => name));
    optimizer.set(spec.optimizer);
    settings.optimizer(
      "optimizer_settings",
      spec.optimizer_settings,
      catalogue.optimizers.find(({ name }) => name === spec.optimizer),
    );
    schedule.options(catalogue.schedules.map(({ name }) => name));
    schedule.set(spec.schedule);
    settings.schedule(
      "schedule_settings",
      spec.schedule_settings,
      catalogue.schedules.find(({ name }) => name === spec.schedule),
    );
    batch.set(spec.batch_size);
    loss.options(catalogue.losses);
    loss.set(data.classes.length ? spec.loss : "squared_error");
    /** @type {HTMLSelectElement} */ (loss.field).disabled = data.classes.length === 0;
    l1.set(spec.l1);
    l2.set(spec.l2);
    init.options(catalogue.inits);
    init.set(spec.init);
    initSeed.set(spec.init_seed);
    epochs.set(spec.stop.epochs);
    cost.set(spec.stop.cost);
    seconds.set(spec.stop.seconds);
  }

  const stops = [
    store.on("state", show),
    store.on("frame", ({ rate: now }) => {
      const wanted = store.get("state")?.spec.learning_rate;
      const differs = wanted !== undefined && Math.abs(now - wanted) > 1e-9 * wanted;
      write(live, differs ? `η is ${number(now)} now` : "");
      // Not in each frame: an attribute is set anew, and the page's style with it, even where it is the same.
      if (live.hidden === differs) live.hidden = !differs;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * A slider over a ladder of values; a value between two rungs stands on the nearer and is shown as it is.
 * @param {string} label
 * @param {number[]} rungs
 * @param {string} name
 * @param {(value: number) => void} changed
 */
function ladder(label, rungs, name, changed) {
  let exact = rungs[0];
  const near = (/** @type {number} */ value) => {
    const away = rungs.map((rung) => Math.abs(Math.log((rung + 1e-6) / (value + 1e-6))));
    return away.indexOf(Math.min(...away));
  };
  const one = slider(
    label,
    {
      ...{ min: 0, max: rungs.length - 1, name },
      format: (value) => String(near(exact) === rungs.indexOf(value) ? exact : value),
      scale: { to: near, from: (place) => rungs[place] },
    },
    (value) => {
      exact = value;
      changed(value);
    },
  );
  return {
    el: one.el,
    set: (/** @type {number} */ value) => {
      exact = value;
      one.set(value);
    },
  };
}

/** @param {string} title @param {string} name @param {...Node} children */
function group(title, name, ...children) {
  return h("details", { class: "cr-group", "data-control": name }, h("summary", {}, title), ...children);
}

/** The settings of a method, each a number. @param {HTMLElement} el @param {Store} store */
function settingsIn(el, store) {
  let built = "";
  /** @type {Map<string, import("../controls.js").Control<number | null>>} */
  const fields = new Map();
  /** @param {string} path @param {Record<string, number>} values @param {Method | undefined} method */
  return (path, values, method) => {
    if (!method) return;
    if (method.name !== built) {
      built = method.name;
      fields.clear();
      for (const { name, low, high } of method.settings) {
        const limits = { min: low ?? undefined, max: high ?? undefined };
        const changed = (/** @type {number | null} */ value) => {
          const now = /** @type {any} */ (store.get("state")?.spec)?.[path] ?? {};
          if (value !== null) store.change(path, { ...now, [name]: value });
        };
        fields.set(name, numeric(name.replaceAll("_", " "), limits, changed));
      }
      replace(el, ...[...fields.values()].map((field) => field.el));
    }
    for (const { name, default: usual } of method.settings) fields.get(name)?.set(values[name] ?? usual);
  };
}
