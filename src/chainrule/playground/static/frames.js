// One frame at a time: the newest that has come is drawn when the screen is ready, and what could not be drawn is dropped.

/** @typedef {import("./store.js").Store} Store */
/** @typedef {{content: any, buffers: DataView[]}} Arrival */
/**
 * When a screen is ready, and when the page has drawn; a browser's own unless a test says otherwise.
 * @typedef {{request: (draw: () => void) => number, cancel: (id: number) => void, after: (next: () => void) => void,
 *   hidden: () => boolean, now: () => number}} Screen
 */

/** @type {Screen} */
const SCREEN = {
  request: (draw) => requestAnimationFrame(draw),
  cancel: (id) => cancelAnimationFrame(id),
  // A message is taken up when layout and painting of this frame are done.
  after: (next) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      next();
    };
    port2.postMessage(null);
  },
  hidden: () => document.hidden,
  now: () => performance.now(),
};

/**
 * Stands between the model and the store's frames. A frame is acknowledged as it comes, so that the next is built while
 * this one is drawn; one that comes before that has happened is acknowledged only when it is drawn itself. So the
 * server is never asked for more than the screen shows, and never waits for a screen.
 */
export class FramePump {
  /**
   * @param {Store} store
   * @param {(content: any, buffers: DataView[]) => void} deliver
   * @param {Screen} [screen]
   */
  constructor(store, deliver, screen = SCREEN) {
    this.store = store;
    this.deliver = deliver;
    this.screen = screen;
    this.size = 100;
    /** @type {Arrival | null} */
    this.waiting = null;
    this.owes = false;
    this.asked = 0;
    this.last = 0;
    this.unlook = store.on("looked", () => {
      // While nothing moves, no frame comes by itself: the other map has to be asked for.
      if (this.last && !store.get("frame")?.running) this.acknowledge();
    });
  }

  /** @param {any} content @param {DataView[]} buffers */
  take(content, buffers) {
    this.last = content.n;
    this.owes = this.waiting !== null;
    // The points of a curve travel once: those of a frame that is dropped go on with the next.
    if (this.waiting) content.points = [...this.waiting.content.points, ...content.points];
    this.waiting = { content, buffers };
    if (!this.owes || this.screen.hidden()) this.acknowledge();
    this.ask();
  }

  /** A frame of the network as it was before says nothing about the one that it is now. */
  drop() {
    this.waiting = null;
    if (this.owes) this.acknowledge();
  }

  /** The page was hidden, or is to be seen again. */
  visibility() {
    if (this.last) this.acknowledge();
    this.ask();
  }

  ask() {
    if (!this.asked && this.waiting && !this.screen.hidden()) this.asked = this.screen.request(() => this.draw());
  }

  draw() {
    this.asked = 0;
    if (!this.waiting) return;
    const { content, buffers } = this.waiting;
    this.waiting = null;
    if (this.owes) this.acknowledge();
    const before = this.screen.now();
    this.deliver(content, buffers);
    this.screen.after(() => this.store.put("drawing", this.screen.now() - before));
  }

  acknowledge() {
    this.owes = false;
    const unit = this.store.get("looked");
    const map = unit ? `${unit.layer}.${unit.unit}` : "output";
    this.store.send({ type: "ack", frame: this.last, hidden: this.screen.hidden(), want: { map, size: this.size } });
  }

  stop() {
    if (this.asked) this.screen.cancel(this.asked);
    this.unlook();
  }
}
