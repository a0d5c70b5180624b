// The weights as lines on one canvas: width and colour by value, found again by the pointer.
import { along, curve, distance, thickness } from "../layout.js";
import { css, diverging } from "../palette.js";
import { offsets } from "../parameters.js";

/** @typedef {import("../layout.js").Place} Place */
/** @typedef {import("../layout.js").Point} Point */
/** @typedef {import("../types.js").NetworkState} NetworkState */
/** @typedef {import("../palette.js").Theme} Theme */
/**
 * A line: the weight that it shows, where it lies in the frame's vector (a block of inputs has many), and its curve.
 * @typedef {{param: string, index: number[], at: number, stride: number, count: number, from: string, to: string,
 *   curve: ReturnType<typeof curve>, width: number}} Link
 */

/** More lines than these are not drawn at once: the strongest are. */
const MOST_LINES = 2500;
const STEPS = 24;

/**
 * @param {NetworkState} network
 * @param {Place[][]} places
 * @param {boolean} block the inputs are one block
 * @returns {Link[]}
 */
export function linksOf(network, places, block) {
  const starts = offsets(network);
  /** @type {Link[]} */
  const links = [];
  network.layers.forEach(({ name, units }, l) => {
    const param = `${name}.W`;
    const entry = starts.get(param);
    if (!entry) return;
    const before = l === 0 ? "input" : network.layers[l - 1].name;
    const whole = l === 0 && block;
    places[l].forEach((from, i) => {
      for (let j = 0; j < units; j += 1) {
        links.push({
          ...{ param, index: [i, j], at: entry.start + i * units + j, width: 1 },
          ...{ stride: units, count: whole ? entry.shape[0] : 1 },
          ...{ from: `${before}.${i}`, to: `${name}.${j}`, curve: curve(from, places[l + 1][j]) },
        });
      }
    });
  });
  return links;
}

/**
 * The value of a line; of a block, its strongest weight's.
 * @param {Link} link
 * @param {ArrayLike<number>} weights
 * @returns {{value: number, row: number}}
 */
export function strongest(link, weights) {
  let [row, value] = [0, weights[link.at] ?? 0];
  for (let i = 1; i < link.count; i += 1) {
    const other = weights[link.at + i * link.stride];
    if (Math.abs(other) > Math.abs(value)) [row, value] = [i, other];
  }
  return { value, row };
}

/** A pen for lines that remembers the colours it has mixed. */
export class Pen {
  constructor() {
    /** @type {Map<string, string[]>} */
    this.inks = new Map();
  }

  /** @param {Theme} theme */
  ink(theme) {
    const known = this.inks.get(theme);
    if (known) return known;
    const made = Array.from({ length: STEPS * 2 + 1 }, (_, i) => {
      const value = i / STEPS - 1;
      return css(diverging(Math.sign(value) * (0.28 + 0.72 * Math.abs(value)), theme));
    });
    this.inks.set(theme, made);
    return made;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Link[]} links
   * @param {ArrayLike<number>} weights
   * @param {{height: number, theme: Theme, lit: Set<string>, chosen: (link: Link) => boolean, flow: number | null}} look
   *   height is the stage's; flow is how far dashes have moved, where they move
   */
  draw(context, links, weights, { height, theme, lit, chosen, flow }) {
    let largest = 0;
    const values = links.map((link) => {
      const { value } = link.count > 1 ? strongest(link, weights) : { value: weights[link.at] ?? 0 };
      if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
      return value;
    });
    const least = links.length > MOST_LINES ? limit(values) : 0;
    const inks = this.ink(theme);
    const scale = (Math.min(1, 160 / Math.max(40, links.length)) * 0.6 + 0.4) * Math.max(1, height / 620);
    context.setLineDash(flow === null ? [] : [10, 2.5]);
    context.lineDashOffset = -(flow ?? 0);
    links.forEach((link, i) => {
      const value = values[i];
      if (Math.abs(value) < least) return;
      // An infinite weight looks like the largest, one that is no number like none.
      const share = Number.isNaN(value) ? 0 : Math.max(-1, Math.min(1, value / Math.max(largest, 1)));
      const [a, b, c, d] = link.curve;
      link.width = thickness(value, largest, 7 * scale);
      context.globalAlpha = lit.size === 0 || (lit.has(link.from) && lit.has(link.to)) ? 1 : 0.12;
      context.lineWidth = link.width;
      context.strokeStyle = inks[Math.round((share + 1) * STEPS)];
      context.beginPath();
      context.moveTo(a.x, a.y);
      context.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
      context.stroke();
    });
    context.setLineDash([]);
    context.globalAlpha = 1;
    for (const link of links) if (chosen(link)) halo(context, link, theme);
  }
}

/**
 * The size below which a line is not among the strongest.
 * @param {number[]} values
 */
function limit(values) {
  const sizes = Float32Array.from(values, Math.abs).sort();
  return sizes[sizes.length - MOST_LINES];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Link} link
 * @param {Theme} theme
 */
function halo(context, link, theme) {
  const [a, b, c, d] = link.curve;
  context.strokeStyle = theme === "dark" ? "#f4f1ea" : "#14181f";
  context.lineWidth = 1.5;
  for (const side of [-1, 1]) {
    const off = side * (link.width / 2 + 2);
    context.beginPath();
    context.moveTo(a.x, a.y + off);
    context.bezierCurveTo(b.x, b.y + off, c.x, c.y + off, d.x, d.y + off);
    context.stroke();
  }
}

/**
 * The line under a point, the nearest first.
 * @param {Link[]} links
 * @param {Point} point
 * @returns {Link | null}
 */
export function linkAt(links, point) {
  /** @type {Link | null} */
  let found = null;
  let nearest = 5;
  for (const link of links) {
    const away = distance(link.curve, point) - link.width / 2;
    if (away < nearest) [found, nearest] = [link, away];
  }
  return found;
}

/** @param {Link} link */
export function middle(link) {
  return along(link.curve, 0.5);
}
