// Follow: tells when the network has moved on since a derivation was made, and has it made again.

/** @typedef {import("../store.js").Store} Store */

// Milliseconds between two derivations of a network that runs.
const PAUSE = 1000;

/**
 * @param {Store} store
 * @param {() => void} derive asks for the derivation anew
 * @param {() => void} moved shows that the numbers on the board are of before
 */
export function follow(store, derive, moved) {
  // The serial of the network that the numbers are of; null where there are none yet.
  /** @type {number | null} */
  let shown = null;
  let asking = false;
  let [began, answered] = [0, 0];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;

  function stop() {
    clearTimeout(again);
    again = undefined;
  }

  /** At once while the network rests; while it runs, so seldom that it can. */
  function catchUp() {
    const frame = store.get("frame");
    if (!store.get("selection") || !frame || shown === null || asking || again !== undefined || frame.serial <= shown)
      return;
    moved();
    const rest = frame.running ? Math.max(PAUSE, 5 * (answered - began)) : 0;
    again = setTimeout(derive, Math.max(0, answered + rest - performance.now()));
  }

  return {
    stop,
    catchUp,
    forget: () => {
      shown = null;
    },
    asked: () => {
      stop();
      asking = true;
      began = performance.now();
    },
    /** @param {number} serial @returns {boolean} whether these are the first numbers of this weight */
    came: (serial) => {
      const isFirst = shown === null;
      shown = serial;
      return isFirst;
    },
    answered: () => {
      asking = false;
      answered = performance.now();
      catchUp();
    },
  };
}
