// Whose lines are drawn in a frame: those of a large network take turns.

/** @typedef {import("./links.js").Link} Link */

/** So many lines a frame draws at first, at least and at most. */
const LINES = { first: 100, least: 60, most: 500 };
/** Milliseconds that the page may take for a frame, of the 16 that a screen leaves: the rest is the browser's. */
const LONG = 10;

/**
 * The lines between two columns of neurons: where they stand in the list, and the part of the stage that is theirs.
 * @typedef {{start: number, end: number, left: number, right: number}} Band
 */

/**
 * @param {Link[]} links in the order of `linksOf`
 * @returns {Band[]}
 */
export function bandsOf(links) {
  /** @type {Band[]} */
  const bands = [];
  links.forEach(({ param, curve: [a, , , d] }, i) => {
    if (i === 0 || param !== links[i - 1].param) bands.push({ start: i, end: i, left: a.x, right: d.x });
    bands[bands.length - 1].end = i + 1;
  });
  return bands;
}

/**
 * Wipe bands, and the columns of neurons on both sides of each.
 * @param {CanvasRenderingContext2D} context
 * @param {Band[]} due
 * @param {Band[]} bands all of them
 * @param {{width: number, height: number, paper: string}} stage
 */
export function wipe(context, due, bands, { width, height, paper }) {
  context.fillStyle = paper;
  if (due.length === bands.length) context.fillRect(0, 0, width, height);
  else
    for (const band of due) {
      const i = bands.indexOf(band);
      const [left, right] = [bands[i - 1]?.right ?? 0, bands[i + 1]?.left ?? width];
      context.fillRect(left, 0, right - left, height);
    }
}

/**
 * Whose turn it is, so that a frame draws about so many lines however many there are: weights move little from one frame
 * to the next, and a large network's lines are drawn anew a few frames later. How many, the page finds out: without a
 * graphics card a line takes some 30 microseconds.
 */
export class Turns {
  /** @param {number} most */
  constructor(most = LINES.first) {
    this.most = most;
    this.next = 0;
    // Lines drawn beyond what this and earlier frames were good for.
    this.debt = 0;
  }

  /**
   * A long frame makes the next ones shorter at once, short ones make them longer little by little.
   * @param {number} spent milliseconds that the page took for a frame
   */
  pace(spent) {
    this.most = spent > LONG ? Math.max(LINES.least, this.most * 0.9) : Math.min(LINES.most, this.most + 1);
  }

  /**
   * @param {Band[]} bands
   * @returns {Band[]}
   */
  take(bands) {
    this.debt = Math.max(0, this.debt - this.most);
    /** @type {Band[]} */
    const taken = [];
    while (this.debt < this.most && taken.length < bands.length) {
      const band = bands[this.next % bands.length];
      this.next = (this.next + 1) % bands.length;
      this.debt += band.end - band.start;
      taken.push(band);
    }
    return taken;
  }
}
