// Inputs that are a picture, shown as one: the sample that derivations are about, and the weights of a neuron.
import { paint } from "../paint.js";
import { offsets } from "../parameters.js";

/** @typedef {import("../store.js").Store} Store */

/**
 * Keep the picture of the chosen training row on the block of inputs, but for what the pointer shows.
 * @param {Store} store
 * @param {(pixels: number[], shape: number[]) => void} show
 * @returns {() => void}
 */
export function samplePicture(store, show) {
  let asked = "";
  /** @type {number[]} */
  let sample = [];

  /** @param {boolean} told the row was chosen by a person, who wants to see what becomes of it */
  async function ask(told) {
    const data = store.get("state")?.data;
    const row = store.get("row") ?? 0;
    if (!data?.picture || (!told && asked === data.hash)) return;
    asked = data.hash;
    try {
      const { inputs } = await store.ask({ type: "probe", row: Math.min(row, data.n_train - 1) });
      sample = inputs;
      if (!told) store.put("probe", null);
    } catch {
      asked = "";
    }
  }

  const stops = [
    store.on("state", () => void ask(false)),
    store.on("row", () => void ask(true)),
    store.on("probe", (probe) => {
      const shape = store.get("state")?.data.picture;
      const pixels = probe?.inputs.length ? probe.inputs : sample;
      if (shape && pixels.length) show(pixels, shape);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Paint the weights from all pixels into a neuron as a picture, the strongest in the strongest colour.
 * @param {HTMLCanvasElement} canvas
 * @param {Store} store
 * @param {import("../types.js").UnitName} name
 * @param {Uint32Array} colours
 * @returns {boolean} whether there is such a picture
 */
export function paintWeights(canvas, store, { layer, unit }, colours) {
  const [state, weights] = [store.get("state"), store.get("frame")?.arrays.weights];
  const shape = state?.data.picture;
  if (!state || !weights || !shape || (shape[2] ?? 1) !== 1 || shape[0] !== shape[1]) return false;
  const entry = offsets(state.network).get(`${layer}.W`);
  const side = shape[0];
  if (!entry || state.network.layers[0].name !== layer || entry.shape[0] !== side * side) return false;
  const values = Array.from({ length: side * side }, (_, i) => weights[entry.start + i * entry.shape[1] + unit]);
  const most = Math.max(...values.map(Math.abs)) || 1;
  const bytes = Uint8Array.from(values, (value) => Math.round(127.5 + 127.5 * (value / most)));
  paint(canvas, bytes, side, colours);
  return true;
}
