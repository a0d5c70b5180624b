// The weights as lines on one canvas: width and colour by value, found again by the pointer.
import { along, curve, distance, thickness } from "../layout.js";
import { ink } from "../palette.js";
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

/**
 * @typedef {{height: number, theme: Theme, lit: Set<string>, chosen: (link: Link) => boolean, flow: number | null}} Look
 *   height is the stage's; flow is how far dashes have moved, where they move
 */

/**
 * Draw the lines of some bands, on parts of a stage that are clear.
 * @param {CanvasRenderingContext2D} context
 * @param {Link[]} links
 * @param {import("./bands.js").Band[]} bands
 * @param {ArrayLike<number>} weights
 * @param {Look} look
 */
export function drawLinks(context, links, bands, weights, { height, theme, lit, chosen, flow }) {
  let largest = 0;
  const values = links.map((link) => {
    const { value } = link.count > 1 ? strongest(link, weights) : { value: weights[link.at] ?? 0 };
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    return value;
  });
  const least = links.length > MOST_LINES ? limit(values) : 0;
  const scale = (Math.min(1, 160 / Math.max(40, links.length)) * 0.6 + 0.4) * Math.max(1, height / 620);
  context.setLineDash(flow === null ? [] : [10, 2.5]);
  context.lineDashOffset = -(flow ?? 0);
  for (const { start, end } of bands) {
    for (let i = start; i < end; i += 1) {
      const [link, value] = [links[i], values[i]];
      if (Math.abs(value) < least) continue;
      const [a, b, c, d] = link.curve;
      link.width = thickness(value, largest, 7 * scale);
      context.globalAlpha = lit.size === 0 || (lit.has(link.from) && lit.has(link.to)) ? 1 : 0.12;
      context.lineWidth = link.width;
      // An infinite weight looks like the largest, one that is no number like none.
      context.strokeStyle = ink(Number.isNaN(value) ? 0 : value / Math.max(largest, 1), theme);
      context.beginPath();
      context.moveTo(a.x, a.y);
      context.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
      context.stroke();
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  for (const { start, end } of bands) {
    for (const link of links.slice(start, end)) if (chosen(link)) halo(context, link, theme);
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
