// Where neurons stand and how links run between them: geometry alone, so that it can be tested without a page.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{size: number, centre: Point}} Place */

const LARGEST = 46;
const SMALLEST = 2;
/** Of the height that a neuron has to itself, the share that its picture takes. */
const FILL = 0.72;

/**
 * Columns of neurons, evenly across a stage, each column centred in its height.
 * @param {number[]} counts neurons of each column, inputs and outputs included
 * @param {number} width
 * @param {number} height
 * @param {{left: number, right: number, top: number, bottom: number}} margin
 * @returns {Place[][]}
 */
export function place(counts, width, height, margin) {
  const tall = Math.max(40, height - margin.top - margin.bottom);
  const wide = Math.max(60, width - margin.left - margin.right);
  const gap = counts.length > 1 ? wide / (counts.length - 1) : wide;
  const most = Math.min(LARGEST * scaleOf(tall), gap * 0.42);
  return counts.map((count, c) => {
    const room = tall / Math.max(1, count);
    const size = Math.max(SMALLEST, Math.min(most, room * FILL));
    const step = Math.min(room, size * 1.8);
    const first = margin.top + tall / 2 - ((count - 1) * step) / 2;
    const x = margin.left + (counts.length > 1 ? c * gap : wide / 2);
    return Array.from({ length: count }, (_, i) => ({ size, centre: { x, y: first + i * step } }));
  });
}

/**
 * Room around the columns: for the controls of the layers above, and for the longest names at both sides.
 * @param {string[]} inputs
 * @param {string[]} outputs
 * @param {number} em pixels
 */
export function margins(inputs, outputs, em) {
  const longest = (/** @type {string[]} */ names) => Math.max(...names.map((name) => name.length), 2);
  return {
    left: Math.min(13, 3.4 + 0.55 * longest(inputs)) * em,
    right: Math.min(13, 4 + 0.55 * longest(outputs)) * em,
    top: 6.6 * em,
    bottom: 1.2 * em,
  };
}

/**
 * Pictures grow a little on a tall screen.
 * @param {number} tall
 */
function scaleOf(tall) {
  return Math.max(0.85, Math.min(2, tall / 420));
}

/**
 * The four points of the curve from one neuron's right side to the next one's left side.
 * @param {Place} from
 * @param {Place} to
 * @returns {[Point, Point, Point, Point]}
 */
export function curve(from, to) {
  const a = { x: from.centre.x + from.size / 2, y: from.centre.y };
  const b = { x: to.centre.x - to.size / 2, y: to.centre.y };
  const bend = (b.x - a.x) * 0.45;
  return [a, { x: a.x + bend, y: a.y }, { x: b.x - bend, y: b.y }, b];
}

/**
 * A point of a Bézier curve.
 * @param {[Point, Point, Point, Point]} curve
 * @param {number} t between 0 and 1
 * @returns {Point}
 */
export function along([a, b, c, d], t) {
  const u = 1 - t;
  const [wa, wb, wc, wd] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: wa * a.x + wb * b.x + wc * c.x + wd * d.x, y: wa * a.y + wb * b.y + wc * c.y + wd * d.y };
}

/**
 * How far a point is from a curve. A curve runs from left to right, so its nearest point lies near the same x.
 * @param {[Point, Point, Point, Point]} curve
 * @param {Point} point
 * @returns {number}
 */
export function distance(curve, point) {
  if (point.x < curve[0].x - 4 || point.x > curve[3].x + 4) return Infinity;
  let nearest = Infinity;
  for (let i = 0; i <= 24; i += 1) {
    const p = along(curve, i / 24);
    const q = along(curve, Math.min(1, (i + 1) / 24));
    nearest = Math.min(nearest, toSegment(p, q, point));
  }
  return nearest;
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {Point} p
 */
function toSegment(a, b, p) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length)) : 0;
  return Math.hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

/**
 * How thick a link of this weight is: the square root keeps small weights visible and large ones apart.
 * @param {number} weight
 * @param {number} largest of the network
 * @param {number} [thickest] pixels
 * @returns {number}
 */
export function thickness(weight, largest, thickest = 7) {
  if (Number.isNaN(weight)) return 0.6;
  return 0.6 + thickest * Math.sqrt(Math.min(1, Math.abs(weight) / Math.max(largest, 1)));
}
