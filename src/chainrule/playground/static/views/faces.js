// The faces of the neurons: what each one answers over the plane, and the dot of its bias, drawn on the stage below the
// buttons.
import { Sheet, Tables } from "../paint.js";
import { ink } from "../palette.js";

/** @typedef {import("./neurons.js").Neuron} Neuron */
/** @typedef {import("./neurons.js").UnitName} UnitName */
/** @typedef {import("../types.js").Frame} Frame */
/** @typedef {import("../palette.js").Theme} Theme */
/**
 * @typedef {{theme: Theme, classes: number, discrete: boolean, line: string, columns: Set<number>}} Look
 *   line is the colour of a frame; columns are those that are to be drawn
 */

/** How much is left of a neuron that recedes. */
const DIM = 0.35;

export class Faces {
  constructor() {
    this.tables = new Tables();
    this.sheet = new Sheet();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Neuron[]} neurons
   * @param {Frame} frame
   * @param {Look} look
   */
  draw(context, neurons, frame, look) {
    const pictures = /** @type {Uint8Array | undefined} */ (frame.arrays.thumbnails);
    const { weights } = frame.arrays;
    if (pictures) this.pictures(context, neurons, pictures, frame.thumbnail, look);
    if (weights) {
      for (const { dot, biasAt, column } of neurons) {
        if (dot && look.columns.has(column)) bias(context, dot, weights[biasAt], look.theme);
      }
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Neuron[]} neurons
   * @param {Uint8Array} bytes
   * @param {Frame["thumbnail"]} about
   * @param {Look} look
   */
  pictures(context, neurons, bytes, { size, inputs }, look) {
    const pictured = neurons.filter(({ name }) => name.layer !== "input" || inputs > 0);
    const isDue = (/** @type {Neuron} */ { column }) => look.columns.has(column);
    this.sheet.paint(
      bytes,
      size,
      pictured.map((neuron) => (isDue(neuron) ? this.colours(neuron.name, look) : null)),
    );
    context.strokeStyle = look.line;
    context.lineWidth = 1;
    pictured.forEach((neuron, n) => {
      if (!isDue(neuron)) return;
      const { box, dim } = neuron;
      context.globalAlpha = dim ? DIM : 1;
      this.sheet.draw(context, n, box);
      // Here, and not as the button's border, so that the dot of the bias lies over it.
      context.strokeRect(box.left + 0.5, box.top + 0.5, box.side - 1, box.side - 1);
    });
    context.globalAlpha = 1;
  }

  /** @param {UnitName} name @param {Look} look */
  colours({ layer, unit }, { theme, classes, discrete }) {
    if (layer === "output" && classes > 0) return this.tables.strength(theme, unit);
    return this.tables.signed(theme, discrete);
  }
}

/**
 * A bias is a dot at the foot of its neuron; the button above it is only its border.
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number, radius: number}} dot
 * @param {number} value
 * @param {Theme} theme
 */
function bias(context, { x, y, radius }, value, theme) {
  context.fillStyle = ink(Math.tanh(value), theme);
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.fill();
}
