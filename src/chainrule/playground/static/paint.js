// Bytes through a palette table onto a canvas.
import { blend, classColour, classTable, diverging, divergingTable, rgb, table } from "./palette.js";

/** @typedef {import("./palette.js").Theme} Theme */
/** @typedef {import("./types.js").Frame} Frame */

/** Points are drawn on the map in the strongest colours; the map itself stays below them. */
const MAP = 0.64;

/**
 * Paint a square of bytes; `classes`, where given, are the high bytes of a class table.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} bytes
 * @param {number} side
 * @param {Uint32Array} colours
 * @param {Uint8Array} [classes]
 */
export function paint(canvas, bytes, side, colours, classes) {
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(side, side);
  const words = new Uint32Array(image.data.buffer);
  const n = Math.min(words.length, bytes.length);
  if (classes) for (let i = 0; i < n; i += 1) words[i] = colours[(classes[i] << 8) | bytes[i]];
  else for (let i = 0; i < n; i += 1) words[i] = colours[bytes[i]];
  context.putImageData(image, 0, 0);
}

/**
 * Paint a picture in its own grey or colours.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} pixels bytes
 * @param {number[]} shape down, across, and channels if it has any
 */
export function show(canvas, pixels, [down, across, channels = 1]) {
  canvas.width = across;
  canvas.height = down;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(across, down);
  for (let i = 0; i < down * across; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = pixels[i * channels + Math.min(c, channels - 1)];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * Many small pictures, painted at once, and from there drawn where they belong: a canvas of its own for each would cost a
 * browser without a graphics card far more than what is on it.
 */
export class Sheet {
  constructor() {
    this.canvas = document.createElement("canvas");
    /** @type {ImageData | null} */
    this.image = null;
    this.side = 0;
  }

  /**
   * Paint squares of bytes, one below the other. Each has a margin in the colours of its edge, since a picture that is
   * drawn larger takes in what lies beside it.
   * @param {Uint8Array} bytes
   * @param {number} side
   * @param {(Uint32Array | null)[]} colours one table for each; null leaves a square as it is
   */
  paint(bytes, side, colours) {
    const { canvas } = this;
    const [across, down] = [side + 2, Math.max(1, colours.length) * (side + 2)];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    if (!this.image || canvas.width !== across || canvas.height !== down) {
      [canvas.width, canvas.height, this.side] = [across, down, side];
      this.image = context.createImageData(across, down);
    }
    const words = new Uint32Array(this.image.data.buffer);
    let at = 0;
    colours.forEach((table, n) => {
      if (!table) {
        at += across * (side + 2);
        return;
      }
      const from = n * side * side;
      for (let y = -1; y <= side; y += 1) {
        const row = from + Math.min(side - 1, Math.max(0, y)) * side;
        words[at] = table[bytes[row]];
        for (let x = 0; x < side; x += 1) words[at + 1 + x] = table[bytes[row + x]];
        words[at + side + 1] = table[bytes[row + side - 1]];
        at += across;
      }
    });
    context.putImageData(this.image, 0, 0);
  }

  /**
   * Draw picture number n.
   * @param {CanvasRenderingContext2D} context
   * @param {number} n
   * @param {{left: number, top: number, side: number}} box
   */
  draw(context, n, { left, top, side }) {
    context.drawImage(this.canvas, 1, n * (this.side + 2) + 1, this.side, this.side, left, top, side, side);
  }
}

/** Tables are made once for each theme, kind and number of classes. */
export class Tables {
  constructor() {
    /** @type {Map<string, Uint32Array>} */
    this.made = new Map();
  }

  /**
   * @param {string} key
   * @param {() => Uint32Array} make
   */
  once(key, make) {
    const known = this.made.get(key) ?? make();
    this.made.set(key, known);
    return known;
  }

  /** @param {Theme} theme @param {boolean} [discrete] @param {number} [most] */
  signed(theme, discrete = false, most = 0.85) {
    return this.once(`signed ${theme} ${discrete} ${most}`, () => divergingTable(theme, discrete, most));
  }

  /** From the page's paper to the colour of one class. @param {Theme} theme @param {number} index */
  strength(theme, index) {
    const paper = diverging(0, theme);
    const colour = rgb(classColour(index, theme));
    return this.once(`strength ${theme} ${index}`, () => table((i) => blend(paper, colour, (i / 255) * 0.85)));
  }

  /** @param {Theme} theme @param {number} classes @param {boolean} discrete */
  classes(theme, classes, discrete) {
    return this.once(`classes ${theme} ${classes} ${discrete}`, () => classTable(classes, theme, discrete));
  }

  /**
   * The table that a frame's large map calls for.
   * @param {Frame["map"]} map
   * @param {Theme} theme
   * @param {number} classes
   * @param {boolean} discrete
   */
  ofMap(map, theme, classes, discrete) {
    if (map.kind === "class") return this.classes(theme, classes, discrete);
    const unit = /^output\.(\d+)$/.exec(map.of);
    if (map.kind === "probability" && unit) return this.strength(theme, Number(unit[1]));
    return this.signed(theme, discrete, MAP);
  }
}
