// Which data: pictures of the sets to choose from, how many, how noisy, how they are divided, and points drawn by hand.
import { button, numeric, slider } from "../controls.js";
import { h, replace, sharp, write } from "../dom.js";
import { classColour, css, diverging } from "../palette.js";
import { count } from "../scale.js";
import { swatch } from "./map.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").Dataset} Dataset */

const THUMBNAIL = 44;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const sets = h("div", { class: "cr-sets", role: "radiogroup", "aria-label": "Data set", "data-control": "data" });
  const about = h("p", { class: "cr-note" });
  const samples = slider("samples", { min: 50, max: 2000, step: 50, name: "samples", format: count }, (value) =>
    store.change("data.samples", value),
  );
  const noise = slider("noise", { min: 0, max: 50, step: 5, name: "noise" }, (value) =>
    store.change("data.noise", value),
  );
  const share = slider(
    "train share",
    { min: 10, max: 90, step: 10, name: "train_share", format: (value) => `${value} %` },
    (value) => store.change("data.train_share", value / 100),
  );
  const seed = numeric("seed", { min: 0, step: 1, name: "data_seed" }, (value) =>
    store.change("data.seed", value ?? 0),
  );
  const again = button(
    "regenerate",
    "Draw the data again with another seed",
    () => {
      const now = store.get("state")?.spec.data.seed ?? 0;
      store.change("data.seed", now + 1);
    },
    { "data-control": "regenerate", "aria-label": "Regenerate: draw the data again with another seed" },
  );
  const brush = h("div", { class: "cr-brush", role: "radiogroup", "aria-label": "Class of the points that you draw" });
  const clear = button("clear points", "Remove all drawn points", () => store.send({ type: "points", clear: true }));
  const drawn = h(
    "div",
    { class: "cr-drawn", hidden: true },
    h("p", { class: "cr-note" }, "Click on the map to draw points of class"),
    brush,
    clear,
  );
  const sizes = h("p", { class: "cr-note", "aria-live": "polite" });
  replace(
    el,
    ...[sets, about, drawn, samples.el, noise.el, share.el],
    h("div", { class: "cr-row cr-ends" }, seed.el, again),
    sizes,
  );

  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();

  function offer() {
    const datasets = store.get("welcome")?.catalogue.datasets ?? [];
    buttons.clear();
    const groups = [...new Set(datasets.map(({ group }) => group))];
    replace(
      sets,
      ...groups.map((group) => {
        const items = datasets.filter((item) => item.group === group).map((item) => card(item));
        return h(
          "div",
          { class: "cr-set-group" },
          h("span", { class: "cr-label" }, group),
          h(
            "div",
            {
              class: datasets.some((item) => item.group === group && item.preview.length)
                ? "cr-set-row"
                : "cr-set-pills",
            },
            ...items,
          ),
        );
      }),
    );
  }

  /** Reading a set may take a moment: its button says so until it is there. @param {string} name */
  function load(name) {
    const done = () => buttons.get(name)?.removeAttribute("aria-busy");
    buttons.get(name)?.setAttribute("aria-busy", "true");
    store.ask({ type: "set", path: "data.name", value: name }).then(done, done);
  }

  /** @param {Dataset} item */
  function card(item) {
    const picture = h("canvas", { class: "cr-set-picture", "aria-hidden": "true" });
    const one = h(
      "button",
      {
        ...{
          type: "button",
          class: "cr-set",
          role: "radio",
          "aria-checked": "false",
          title: `${item.name}: ${item.about}`,
        },
        ...{ "data-set": item.name, onclick: () => load(item.name) },
      },
      item.preview.length ? picture : null,
      h("span", { class: "cr-set-name" }, item.name.replaceAll("_", " ")),
    );
    if (item.preview.length) preview(picture, item);
    buttons.set(item.name, one);
    return one;
  }

  /** @param {HTMLCanvasElement} canvas @param {Dataset} item */
  function preview(canvas, item) {
    const theme = store.get("theme") ?? "light";
    const context = sharp(canvas, THUMBNAIL, THUMBNAIL);
    context.clearRect(0, 0, THUMBNAIL, THUMBNAIL);
    const xs = item.preview.map(([x]) => x);
    const ys = item.preview.map(([, y]) => y);
    const ts = item.preview.map(([, , t]) => t);
    const fit = (/** @type {number} */ value, /** @type {number[]} */ all) => {
      const [low, high] = [Math.min(...all), Math.max(...all)];
      return 3 + ((value - low) / (high - low || 1)) * (THUMBNAIL - 6);
    };
    const [low, high] = [Math.min(...ts), Math.max(...ts)];
    for (const [x, y, t] of item.preview) {
      context.fillStyle =
        item.task === "regression"
          ? css(diverging(((t - low) / (high - low || 1)) * 2 - 1, theme))
          : classColour(t, theme);
      context.beginPath();
      context.arc(fit(x, xs), THUMBNAIL - fit(y, ys), 1.5, 0, Math.PI * 2);
      context.fill();
    }
  }

  /** @param {import("../types.js").State} state */
  function show({ spec, data, notes }) {
    for (const [name, one] of buttons) one.setAttribute("aria-checked", String(name === spec.data.name));
    const item = store.get("welcome")?.catalogue.datasets.find(({ name }) => name === spec.data.name);
    write(about, item?.about ?? [data.title, ...notes.slice(0, 1)].join(": "));
    samples.set(spec.data.samples);
    noise.set(spec.data.noise);
    share.set(Math.round(spec.data.train_share * 100));
    seed.set(spec.data.seed);
    // Of a table nothing is drawn anew, but how its rows are divided.
    const generated = item?.group === "plane" || spec.data.name === "faces";
    for (const control of [samples, noise]) control.el.hidden = !generated || spec.data.name === "drawn";
    write(
      sizes,
      `${count(data.n_train)} to train, ${count(data.n_test)} to test${data.classes.length ? `, ${data.classes.length} classes` : ""}`,
    );
    drawn.hidden = spec.data.name !== "drawn";
    if (!drawn.hidden) brushes(data.classes.length);
  }

  let offered = -1;
  /** @param {number} classes */
  function brushes(classes) {
    const n = Math.min(10, Math.max(2, classes + 1));
    if (n === offered) return;
    offered = n;
    const theme = store.get("theme") ?? "light";
    replace(
      brush,
      ...Array.from({ length: n }, (_, i) => {
        const pick = () => {
          store.put("brush", i);
          for (const other of brush.children) other.setAttribute("aria-checked", String(other === one));
        };
        const one = h(
          "button",
          { type: "button", role: "radio", "aria-checked": String(i === (store.get("brush") ?? 0)), onclick: pick },
          swatch(String(i), classColour(i, theme)),
        );
        return one;
      }),
    );
  }

  const refresh = () => {
    offer();
    const state = store.get("state");
    if (state) show(state);
  };
  const stops = [store.on("welcome", refresh), store.on("theme", refresh), store.on("state", show)];
  return () => {
    for (const stop of stops) stop();
  };
}
