// Names of weights: where each lies in a frame's vector, and which neurons it joins.

/** @typedef {import("./types.js").NetworkState} NetworkState */
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {{param: string, index: number[]}} Place */

/** More inputs than these are drawn as one block. */
export const MOST_INPUT_NODES = 16;

/**
 * Where each parameter starts in the flat vector, by name.
 * @param {NetworkState} network
 * @returns {Map<string, {start: number, shape: number[]}>}
 */
export function offsets(network) {
  const found = new Map();
  let start = 0;
  for (const { name, shape } of network.parameters) {
    found.set(name, { start, shape });
    start += shape.reduce((a, b) => a * b, 1);
  }
  return found;
}

/**
 * The place of one number in the flat vector, or −1 where the network has no such weight.
 * @param {NetworkState} network
 * @param {string} param
 * @param {number[]} index
 * @returns {number}
 */
export function flat(network, param, index) {
  const entry = offsets(network).get(param);
  if (!entry || index.length !== entry.shape.length || index.some((i, axis) => i < 0 || i >= entry.shape[axis]))
    return -1;
  return index.reduce((at, i, axis) => at * entry.shape[axis] + i, 0) + entry.start;
}

/**
 * The live value of a weight, or null where the frame does not carry it.
 * @param {NetworkState} network
 * @param {Frame | undefined} frame
 * @param {Place} place
 * @returns {number | null}
 */
export function valueOf(network, frame, { param, index }) {
  const at = flat(network, param, index);
  const weights = frame?.arrays.weights;
  return weights && at >= 0 && at < weights.length ? weights[at] : null;
}

/**
 * @param {Place} place
 * @returns {string}
 */
export function nameOf({ param, index }) {
  return `${param}[${index.join(",")}]`;
}

/**
 * Columns of a drawing: the inputs, each hidden layer, the output. Many inputs are one block.
 * @param {NetworkState} network
 * @returns {{name: string, count: number, block: boolean}[]}
 */
export function columns(network) {
  const many = network.inputs.length > MOST_INPUT_NODES;
  const first = { name: "input", count: many ? 1 : network.inputs.length, block: many };
  return [first, ...network.layers.map(({ name, units }) => ({ name, count: units, block: false }))];
}

/**
 * The neurons at both ends of a weight, as a derivation names them; of a bias, its own alone.
 * @param {NetworkState} network
 * @param {Place} place
 * @returns {string[]}
 */
export function ends(network, { param, index }) {
  const layer = param.slice(0, param.lastIndexOf("."));
  const unit = index[index.length - 1];
  if (index.length < 2) return [`${layer}.${unit}`];
  const at = network.layers.findIndex(({ name }) => name === layer);
  const before = at > 0 ? network.layers[at - 1].name : "input";
  return [`${before}.${index[0]}`, `${layer}.${unit}`];
}
