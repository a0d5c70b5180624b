// The network: neurons, weights and layers on one stage, live, with everything to hover, click and change.
import { button } from "../controls.js";
import { h, replace, sharp, write } from "../dom.js";
import { margins, place } from "../layout.js";
import { columns, nameOf } from "../parameters.js";
import { count } from "../scale.js";
import { Turns, bandsOf, wipe } from "./bands.js";
import { cardIn, weightsInto } from "./card.js";
import { layerHeads } from "./layer_heads.js";
import { linkPointer } from "./link_pointer.js";
import { drawLinks, linksOf } from "./links.js";
import { caption, neuronsIn } from "./neurons.js";
import { samplePicture } from "./pictured.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../parameters.js").Place} WeightPlace */

/** Of more lines than these the dashes would cost more than they tell. */
const MOST_MOVING = 80;

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const canvas = h("canvas", { class: "cr-links", "aria-hidden": "true" });
  const bodies = h("div", { class: "cr-neurons" });
  const headsBox = h("div", { class: "cr-heads" });
  const stage = h("div", { class: "cr-stage" }, canvas, headsBox, bodies);
  const note = h("p", { class: "cr-stage-note cr-note", hidden: true });
  const add = button(
    h("span", { class: "cr-plus" }, "+"),
    "Add a hidden layer before the output",
    () => store.send({ type: "add_layer" }),
    {
      class: "cr-add",
      "data-control": "layers",
    },
  );
  add.append(h("span", {}, " layer"));
  replace(el, h("div", { class: "cr-stage-box" }, stage));
  stage.append(add, note);
  const heads = layerHeads(headsBox, store);
  const card = cardIn(stage, el, store);
  const turns = new Turns();
  const neurons = neuronsIn(bodies, store, {
    open: (name) => openNeuron(name),
    bias: (name) => choose({ param: `${name.layer}.b`, index: [name.unit] }),
  });
  /** @type {import("./links.js").Link[]} */
  let links = [];
  /** @type {import("./bands.js").Band[]} */
  let bands = [];
  /** @type {import("../layout.js").Place[][]} */
  let places = [];
  const pointer = linkPointer(canvas, store, card, { links: () => links, redraw: () => draw() });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let structure = "";
  let geometry = "";
  // Asked for once, and not in each frame: the answer would lay the page out anew.
  let size = { width: 0, height: 0 };
  let headed = 0;
  let [paper, line] = ["white", "grey"];

  function arrange() {
    const state = store.get("state");
    if (!state || !stage.clientWidth) return;
    // On a narrow screen many layers are as wide as they need, and are scrolled.
    stage.style.setProperty("min-width", `${3.4 * (state.network.layers.length + 1) + 4}em`);
    const { clientWidth: width, clientHeight: height } = stage;
    size = { width, height };
    const all = columns(state.network);
    const em = Number.parseFloat(getComputedStyle(stage).fontSize);
    const key = JSON.stringify([all, state.network.inputs, state.network.outputs]);
    if (key !== structure) {
      structure = key;
      geometry = "";
      neurons.build(state.network, all);
      card.close();
      pointer.forget();
    }
    if (geometry !== `${width} ${height}`) {
      geometry = `${width} ${height}`;
      const inputs = all[0].block
        ? [`${state.network.inputs.length} inputs, wide`]
        : state.network.inputs.map(({ label }) => label);
      places = place(
        all.map(({ count }) => count),
        width,
        height,
        { ...margins(inputs, state.network.outputs, em), top: headed + em },
      );
      links = linksOf(state.network, places, all[0].block);
      bands = bandsOf(links);
      neurons.arrange(places);
    }
    const centres = places.map((column) => column[0]?.centre.x ?? 0);
    const gap = centres.length > 1 ? centres[1] - centres[0] : width;
    const reach = heads.place(state, centres.slice(1, -1), gap - 0.4 * em, em);
    add.classList.toggle("is-narrow", gap < 9 * em);
    if (Math.abs(Math.max(reach, add.offsetHeight) - headed) > 1) {
      headed = Math.max(reach, add.offsetHeight);
      geometry = "";
      arrange();
      return;
    }
    add.style.setProperty("left", `${centres[centres.length - 1]}px`);
    draw();
  }

  /** Draw the stage anew, or while training moves it, only those lines whose turn it is. */
  function draw(moving = false) {
    const [state, frame] = [store.get("state"), store.get("frame")];
    if (!state || !frame) return;
    const theme = store.get("theme") ?? "light";
    const context = sharp(canvas, size.width, size.height, true);
    const due = moving && frame.running ? turns.take(bands) : bands;
    wipe(context, due, bands, { ...size, paper });
    note.hidden = Boolean(frame.arrays.weights);
    if (!note.hidden) write(note, `${count(state.network.n_parameters)} weights are too many to be drawn as lines.`);
    if (frame.arrays.weights) {
      const lit = new Set(store.get("lit") ?? []);
      const look = { height: size.height, theme, lit, flow: flowOf(frame), chosen: pointer.isMarked };
      drawLinks(context, links, due, frame.arrays.weights, look);
    }
    const { discretise: discrete } = state.spec.view;
    const all = due.length === bands.length;
    const shown = all ? places.keys() : due.flatMap((band) => [bands.indexOf(band), bands.indexOf(band) + 1]);
    neurons.draw(context, frame, {
      theme,
      classes: state.data.classes.length,
      discrete,
      line,
      columns: new Set(shown),
    });
    pointer.refresh();
    card.refresh();
  }

  /**
   * How far the dashes have moved: with the values while it trains, against them while derivatives go back.
   * @param {import("../types.js").Frame} frame
   */
  function flowOf({ running, position }) {
    if (position.substep) return position.substep === "backward" ? -performance.now() / 40 : performance.now() / 40;
    return running && links.length <= MOST_MOVING && !still.matches ? performance.now() / 40 : null;
  }

  /** @param {import("../types.js").UnitName} name */
  function openNeuron(name) {
    const network = store.get("state")?.network;
    if (!network || name.layer === "input") return;
    if (name.layer === "output") store.put("selection", { output: name.unit });
    const { places: all, label } = weightsInto(network, name);
    card.open(`Weights into ${caption(network, name)}`, all, label, name);
  }

  /** @param {WeightPlace} weight */
  function choose(weight) {
    store.put("selection", weight);
    card.open(nameOf(weight), [weight], () => "b =");
  }

  const watch = new ResizeObserver(() => arrange());
  watch.observe(stage);
  const stops = [
    store.on("state", arrange),
    store.on("frame", () => draw(true)),
    store.on("drawing", (spent) => turns.pace(spent)),
    store.on("theme", () => {
      const style = getComputedStyle(stage);
      [paper, line] = ["--panel", "--strong-line"].map((name) => style.getPropertyValue(name));
      draw();
    }),
    store.on("selection", () => draw()),
    store.on("lit", (lit) => {
      neurons.light(new Set(lit));
      draw();
    }),
    store.on("probe", (probe) => neurons.tell(({ layer, unit }) => valueAt(probe, layer, unit))),
    samplePicture(store, neurons.picture),
  ];
  return () => {
    watch.disconnect();
    heads.stop();
    for (const stop of stops) stop();
  };
}

/** @param {import("../types.js").Probe | null} probe @param {string} layer @param {number} unit */
function valueAt(probe, layer, unit) {
  if (!probe) return null;
  return layer === "input" ? probe.inputs[unit] : probe.units[layer]?.[unit];
}
