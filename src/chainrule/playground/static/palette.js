// Colours that mean something: a diverging scale for signed values, ten classes, both safe for colour-blind eyes.

/** @typedef {[number, number, number]} RGB */
/** @typedef {"light" | "dark"} Theme */

/** Orange below zero, blue above, the page's own paper at zero. @type {Record<Theme, string[]>} */
const DIVERGING = {
  light: ["#b34a00", "#ef8f3c", "#f7f3ec", "#6aa5d9", "#0a4f93"],
  dark: ["#ffab5e", "#b3611b", "#1b2129", "#2f6fab", "#7cc0ff"],
};

/** Class 0 is orange and class 1 blue, so two classes look like the two signs. @type {Record<Theme, string[]>} */
const CLASSES = {
  light: ["#d9660a", "#1b66ae", "#5a9b64", "#ff6cb2", "#ffc500", "#4adaff", "#5b1e62", "#713b00", "#4f6668", "#76002a"],
  dark: ["#ff9440", "#4f9fe6", "#7be29b", "#af74a6", "#f1d310", "#68deff", "#555ecc", "#bf7c52", "#9e9f93", "#b51250"],
};

/**
 * @param {string} hex
 * @returns {RGB}
 */
export function rgb(hex) {
  const whole = Number.parseInt(hex.slice(1), 16);
  return [(whole >> 16) & 255, (whole >> 8) & 255, whole & 255];
}

/**
 * @param {RGB} a
 * @param {RGB} b
 * @param {number} share of b
 * @returns {RGB}
 */
export function blend(a, b, share) {
  const mix = (/** @type {number} */ from, /** @type {number} */ to) => Math.round(from + (to - from) * share);
  return [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])];
}

/**
 * The colour of a signed value between −1 and 1.
 * @param {number} value
 * @param {Theme} theme
 * @returns {RGB}
 */
export function diverging(value, theme) {
  const stops = DIVERGING[theme];
  const at = ((Math.max(-1, Math.min(1, value)) + 1) / 2) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return blend(rgb(stops[low]), rgb(stops[low + 1]), at - low);
}

/**
 * @param {number} index
 * @param {Theme} theme
 * @returns {string}
 */
export function classColour(index, theme) {
  const colours = CLASSES[theme];
  return colours[index % colours.length];
}

/**
 * @param {RGB} colour
 * @returns {string}
 */
export function css([r, g, b]) {
  return `rgb(${r} ${g} ${b})`;
}

const STEPS = 24;
/** @type {Map<Theme, string[]>} */
const INKS = new Map();

/**
 * The ink of a signed value between −1 and 1, as CSS: from a table, since hundreds of lines ask for one in each frame.
 * Values near 0 have some colour too, so that a line of any size is seen.
 * @param {number} value
 * @param {Theme} theme
 * @returns {string}
 */
export function ink(value, theme) {
  let inks = INKS.get(theme);
  if (!inks) {
    inks = Array.from({ length: STEPS * 2 + 1 }, (_, i) => {
      const at = i / STEPS - 1;
      return css(diverging(Math.sign(at) * (0.28 + 0.72 * Math.abs(at)), theme));
    });
    INKS.set(theme, inks);
  }
  return inks[Math.round((Math.max(-1, Math.min(1, value)) + 1) * STEPS)];
}

/**
 * A palette table: 256 colours as the 32-bit words of an ImageData, so that painting a map is one look-up a pixel.
 * @param {(index: number) => RGB} colour
 * @param {number} [size]
 * @returns {Uint32Array}
 */
export function table(colour, size = 256) {
  const bytes = new Uint8ClampedArray(size * 4);
  for (let i = 0; i < size; i += 1) bytes.set([...colour(i), 255], i * 4);
  return new Uint32Array(bytes.buffer);
}

/**
 * 0 is the most negative value, 255 the most positive. In steps, only the sign is kept.
 * @param {Theme} theme
 * @param {boolean} [discrete]
 * @param {number} [most] how much of the scale is used: a map under points keeps its strongest colours for them
 * @returns {Uint32Array}
 */
export function divergingTable(theme, discrete = false, most = 0.82) {
  return table((i) => {
    const value = i / 127.5 - 1;
    return diverging(discrete ? (value < 0 ? -0.5 : 0.5) : value * most, theme);
  });
}

/**
 * A table for a class (high) and its strength (low): word `index * 256 + strength`.
 * @param {number} classes
 * @param {Theme} theme
 * @param {boolean} [discrete]
 * @returns {Uint32Array}
 */
export function classTable(classes, theme, discrete = false) {
  const paper = rgb(DIVERGING[theme][2]);
  return table((i) => {
    const strength = discrete ? 0.65 : (i & 255) / 255;
    return blend(paper, rgb(classColour(i >> 8, theme)), 0.1 + 0.6 * strength);
  }, classes * 256);
}
