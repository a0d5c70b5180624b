// Whose lines are drawn in a frame: those of a large network take turns.

/** @typedef {import("./links.js").Link} Link */

/** A line costs a browser without a graphics card some 30 microseconds, and a frame has 16 milliseconds. */
const LINES_A_FRAME = 100;

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
 * Whose turn it is, so that a frame draws about so many lines however many there are: weights move little from one frame
 * to the next, and a large network's lines are drawn anew a few frames later.
 */
export class Turns {
  /** @param {number} most */
  constructor(most = LINES_A_FRAME) {
    this.most = most;
    this.next = 0;
    // Lines drawn beyond what this and earlier frames were good for.
    this.debt = 0;
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
