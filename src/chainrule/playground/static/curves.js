// Curves of runs: new points joined to those that are known, and what a chart must show of them.

/** @typedef {import("./types.js").Run} Run */
/** @typedef {"train" | "test"} Part */

/** A curve longer than this is thinned: a chart has no more pixels. */
const MOST = 1600;

/**
 * Add the points of a frame to the current run. A point that is not beyond the last replaces what comes after it.
 * @param {Run} run changed in place
 * @param {(number | null)[][]} points epoch, train cost, test cost
 */
export function extend(run, points) {
  for (const [epoch, train, test] of points) {
    if (epoch === null) continue;
    while (run.epochs.length && run.epochs[run.epochs.length - 1] >= epoch) {
      run.epochs.pop();
      run.train.pop();
      run.test.pop();
    }
    run.epochs.push(epoch);
    run.train.push(train);
    run.test.push(test);
  }
  if (run.epochs.length > MOST) {
    const keep = (/** @type {unknown} */ _, /** @type {number} */ i) => i % 2 === 0 || i > MOST * 0.75;
    run.epochs = run.epochs.filter(keep);
    run.train = run.train.filter(keep);
    run.test = run.test.filter(keep);
  }
}

/**
 * The ranges that all runs fill. On a logarithmic axis only values above zero count.
 * @param {Run[]} runs
 * @param {{logX: boolean, logY: boolean}} axes
 * @returns {{x: [number, number], y: [number, number]}}
 */
export function extent(runs, { logX, logY }) {
  let [left, right, low, high] = [Infinity, logX ? 10 : 5, Infinity, -Infinity];
  for (const { epochs, train, test } of runs) {
    for (let i = 0; i < epochs.length; i += 1) {
      right = Math.max(right, epochs[i]);
      if (!logX || epochs[i] > 0) left = Math.min(left, epochs[i]);
      for (const value of [train[i], test[i]]) {
        if (value === null || !Number.isFinite(value) || (logY && value <= 0)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  if (low > high) [low, high] = [logY ? 0.1 : 0, 1];
  const bottom = logY ? low * 0.9 : Math.min(0, low);
  return {
    x: [logX ? Math.max(0.5, Math.min(left, right / 10)) : 0, right],
    y: [bottom, high * (logY ? 1.1 : 1.04) || 1],
  };
}

/**
 * The place of the epoch nearest to a value.
 * @param {number[]} epochs ascending
 * @param {number} value
 * @returns {number} −1 where there is none
 */
export function nearest(epochs, value) {
  let [low, high] = [0, epochs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (epochs[middle] < value) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && value - epochs[low - 1] < epochs[low] - value) return low - 1;
  return epochs.length ? low : -1;
}
