// One frame at a time: taken up when the screen is ready, acknowledged at once, dropped where a newer one has come.

/** @typedef {import("./store.js").Store} Store */

/**
 * Stand between the model and the store's frames.
 * @param {Store} store
 * @param {(content: any, buffers: DataView[]) => void} deliver
 * @returns {{take: (content: any, buffers: DataView[]) => void, drop: () => void, stop: () => void, size: number}}
 */
export function framePump(store, deliver) {
  /** @type {{content: any, buffers: DataView[]} | null} */
  let waiting = null;
  let asked = 0;
  let last = 0;
  const self = { take, drop, stop, size: 100 };

  /** @param {any} content @param {DataView[]} buffers */
  function take(content, buffers) {
    last = content.n;
    waiting = { content, buffers };
    if (document.hidden) {
      acknowledge();
      return;
    }
    if (!asked) asked = requestAnimationFrame(draw);
  }

  function draw() {
    asked = 0;
    if (!waiting) return;
    const { content, buffers } = waiting;
    waiting = null;
    acknowledge();
    const before = performance.now();
    deliver(content, buffers);
    store.put("drawing", performance.now() - before);
  }

  /** A frame of the network as it was before says nothing about the one that it is now. */
  function drop() {
    if (!waiting) return;
    waiting = null;
    acknowledge();
  }

  function acknowledge() {
    const unit = store.get("looked");
    const map = unit ? `${unit.layer}.${unit.unit}` : "output";
    store.send({ type: "ack", frame: last, hidden: document.hidden, want: { map, size: self.size } });
  }

  function visibility() {
    if (asked) cancelAnimationFrame(asked);
    asked = 0;
    acknowledge();
    if (!document.hidden && waiting) asked = requestAnimationFrame(draw);
  }

  document.addEventListener("visibilitychange", visibility);
  const unlook = store.on("looked", () => {
    if (last && !store.get("frame")?.running) acknowledge();
  });

  function stop() {
    document.removeEventListener("visibilitychange", visibility);
    if (asked) cancelAnimationFrame(asked);
    unlook();
  }
  return self;
}
