// Neurons as buttons over live pictures: hover shows one in the large map, click opens its weights.
import { h, replace, write } from "../dom.js";
import { show } from "../paint.js";
import { flat } from "../parameters.js";
import { letters, number } from "../scale.js";
import { Faces } from "./faces.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").NetworkState} NetworkState */
/** @typedef {import("../types.js").Frame} Frame */
/** @typedef {{layer: string, unit: number}} UnitName */
/**
 * @typedef {{name: UnitName, key: string, column: number, el: HTMLButtonElement, bias: HTMLButtonElement | null, biasAt: number,
 *   value: HTMLElement, block: HTMLCanvasElement | null, box: {left: number, top: number, side: number},
 *   dot: {x: number, y: number, radius: number} | null, dim: boolean}} Neuron
 */

/** Below this size a neuron has no room for a bias and a value of its own. */
const ROOMY = 17;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {{open: (name: UnitName) => void, bias: (name: UnitName) => void}} actions
 */
export function neuronsIn(el, store, actions) {
  const faces = new Faces();
  /** @type {Neuron[]} */
  let neurons = [];

  /**
   * Make the neurons of another network.
   * @param {NetworkState} network
   * @param {{name: string, count: number, block: boolean}[]} columns
   */
  function build(network, columns) {
    neurons = columns.flatMap(({ name, count, block }, column) =>
      Array.from({ length: count }, (_, unit) => neuron(network, { layer: name, unit }, column, block)),
    );
    replace(el, ...neurons.flatMap(({ el: body, bias }) => [body, bias]));
  }

  /**
   * Put the neurons where they belong. They stay the same elements: what has the focus keeps it.
   * @param {import("../layout.js").Place[][]} places
   */
  function arrange(places) {
    places.flat().forEach(({ size, centre }, i) => {
      const { el: body, bias, block } = neurons[i];
      const side = block ? size * 1.5 : size;
      const box = { left: centre.x - side / 2, top: centre.y - side / 2, side };
      neurons[i].box = box;
      put(body, box.left, box.top, side);
      body.classList.toggle("is-tiny", size < ROOMY);
      if (!bias) return;
      const across = Math.max(8, Math.min(22, size * 0.24));
      const [left, top] = [centre.x - size / 2 - across * 0.35, centre.y + size / 2 - across * 0.65];
      put(bias, left, top, across);
      bias.hidden = size < ROOMY;
      const radius = across / 2;
      neurons[i].dot = bias.hidden ? null : { x: left + radius, y: top + radius, radius: radius - 0.5 };
    });
  }

  /**
   * @param {NetworkState} network
   * @param {UnitName} name
   * @param {number} column
   * @param {boolean} block
   * @returns {Neuron}
   */
  function neuron(network, name, column, block) {
    const { layer, unit } = name;
    const key = `${layer}.${unit}`;
    // Beside the others' pictures on one canvas, that of a block of inputs is a photograph and stays as it is.
    const canvas = block ? h("canvas", { width: 1, height: 1 }) : null;
    const value = h("span", { class: "cr-neuron-value" });
    const text = block ? `${network.inputs.length} inputs` : caption(network, name);
    const role = layer === "input" || layer === "output" ? layer : "hidden";
    const label = h("span", { class: "cr-neuron-label", title: text }, role === "hidden" ? "" : text);
    const look = () => !block && store.put("looked", name);
    const leave = () => store.put("looked", null);
    const body = h(
      "button",
      {
        ...{
          type: "button",
          class: `cr-neuron cr-neuron-${role}`,
          "data-neuron": key,
          "aria-label": spoken(text, name),
        },
        ...{ onpointerenter: look, onpointerleave: leave, onfocus: look, onblur: leave },
        onclick: () => actions.open(name),
      },
      canvas,
      label,
      value,
    );
    const biasAt = role === "input" ? -1 : flat(network, `${layer}.b`, [unit]);
    const about = { class: "cr-bias", "data-bias": key, "aria-label": `Bias of ${text}: derive or edit` };
    const bias = biasAt < 0 ? null : h("button", { type: "button", ...about, onclick: () => actions.bias(name) });
    return {
      ...{ name, key, column, el: body, bias, biasAt, value },
      block: canvas,
      box: { left: 0, top: 0, side: 0 },
      dot: null,
      dim: false,
    };
  }

  /**
   * @param {CanvasRenderingContext2D} context of the stage, where the lines are drawn already
   * @param {Frame} frame
   * @param {import("./faces.js").Look} look
   */
  function draw(context, frame, look) {
    faces.draw(context, neurons, frame, look);
  }

  /**
   * Light the neurons of these names, and let the others recede.
   * @param {Set<string>} lit
   */
  function light(lit) {
    for (const neuron of neurons) {
      neuron.dim = lit.size > 0 && !lit.has(neuron.key);
      neuron.el.classList.toggle("is-lit", lit.has(neuron.key));
      neuron.el.classList.toggle("is-dim", neuron.dim);
    }
  }

  /**
   * Write a number beside each neuron: the values at a point, or the numbers of a phase.
   * @param {(name: UnitName) => number | null | undefined} of
   */
  function tell(of) {
    for (const { name, value, block } of neurons) {
      const figure = block ? null : of(name);
      write(value, figure === null || figure === undefined ? "" : number(figure, 2));
    }
  }

  /**
   * Show a picture that is the input, where the inputs are one block.
   * @param {number[]} values
   * @param {number[]} shape
   */
  function picture(values, [down, across, channels = 1]) {
    const canvas = neurons[0]?.block;
    if (!canvas) return;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (values.length === down * across * channels) {
      const bytes = Uint8Array.from(values, (value) => ((value - low) / (high - low || 1)) * 255);
      show(canvas, bytes, [down, across, channels]);
    } else {
      canvas.width = 1;
    }
  }

  return { build, arrange, draw, light, tell, picture };
}

/** @param {HTMLElement} item @param {number} left @param {number} top @param {number} side */
function put(item, left, top, side) {
  const box = { left, top, width: side, height: side };
  for (const [name, pixels] of Object.entries(box)) item.style.setProperty(name, `${pixels}px`);
}

/**
 * @param {NetworkState} network
 * @param {UnitName} name
 */
export function caption(network, { layer, unit }) {
  if (layer === "input") return letters(network.inputs[unit]?.label ?? `x${unit + 1}`);
  if (layer === "output") return network.outputs[unit] ?? `y${unit + 1}`;
  return `${layer}.${unit}`;
}

/** @param {string} text @param {UnitName} name */
function spoken(text, { layer, unit }) {
  if (layer === "input") return `Input ${text}`;
  return layer === "output" ? `Output ${text}: its weights` : `Neuron ${unit + 1} of ${layer}: its weights`;
}
