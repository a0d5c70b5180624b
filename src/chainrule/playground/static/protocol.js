// The messages between page and Python, mirrored from protocol.py; tests/playground/fixtures proves that both agree.

export const VERSION = 1;

/**
 * The part of anywidget's model that a view may use.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: (content: any, buffers?: DataView[]) => void) => void} on
 * @property {(event?: string, listener?: (content: any, buffers?: DataView[]) => void) => void} off
 * @property {(content: any, callbacks?: unknown, buffers?: ArrayBuffer[]) => void} send
 */

/** @typedef {Uint8Array | Uint32Array | Float32Array} Numbers */
/** @typedef {{name: string, dtype: string, shape: number[]}} LayoutEntry */
/** @typedef {{type: string, id?: number | string, buffers?: number[], layout?: LayoutEntry[], [key: string]: any}} Content */

/** Commands with the fields that each may have beside `id`. @type {Record<string, string[]>} */
export const COMMANDS = {
  hello: ["token", "session", "page", "follow", "copy"],
  set: ["path", "value"],
  spec: ["spec", "drawn", "sha256"],
  run: [],
  pause: [],
  step: ["unit"],
  back: [],
  goto: ["checkpoint"],
  rewind: [],
  reset: ["seed"],
  edit: ["param", "index", "value"],
  add_layer: ["at"],
  remove_layer: ["at"],
  points: ["add", "clear"],
  probe: ["x", "row", "part", "columns"],
  derive: ["param", "index", "output", "of"],
  keep_run: ["name"],
  drop_run: ["run"],
  race: ["optimizers", "epochs"],
  follow_me: ["on"],
  keep: [],
  save: [],
  open: ["session"],
  export: ["kind", "param", "index", "output", "of", "solution"],
  cell: ["true", "predicted", "part"],
  budget: ["show"],
  ack: ["frame", "hidden", "want"],
  upload: ["name"],
};

/** What Python answers. */
export const REPLIES = [
  ...["welcome", "state", "frame", "history", "event", "substep", "probe", "derivation", "rows", "file", "uploaded"],
  ...["budget", "session", "kept", "error", "bye"],
];

/**
 * A command as it travels. A field that protocol.py does not know would be refused there; it is a mistake of ours.
 * @param {{type: string, [key: string]: unknown}} command
 * @returns {string}
 */
export function encode(command) {
  const known = COMMANDS[command.type];
  if (!known) throw new TypeError(`no command is called ${command.type}`);
  for (const name of Object.keys(command)) {
    if (name !== "type" && name !== "id" && !known.includes(name)) {
      throw new TypeError(`${command.type} has no field ${name}`);
    }
  }
  return JSON.stringify(command);
}

/**
 * A message as it came: JSON text, or a little-endian length, a JSON header of that length, and buffers in their order.
 * @param {string | ArrayBuffer} data
 * @returns {{content: Content, buffers: DataView[]}}
 */
export function decode(data) {
  if (typeof data === "string") return { content: JSON.parse(data), buffers: [] };
  const length = new DataView(data).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  const buffers = [];
  let at = 4 + length;
  for (const size of content.buffers ?? []) {
    buffers.push(new DataView(data, at, size));
    at += size;
  }
  if (at !== data.byteLength) throw new RangeError(`a message of ${at} bytes was announced, ${data.byteLength} came`);
  return { content, buffers };
}

const TYPES = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array };

/**
 * The arrays of a message by name, as its layout says. A buffer that starts off its type's grid is copied.
 * @param {Content} content
 * @param {DataView[]} buffers
 * @returns {Record<string, Numbers>}
 */
export function arrays(content, buffers) {
  /** @type {Record<string, Numbers>} */
  const found = {};
  (content.layout ?? []).forEach(({ name, dtype, shape }, i) => {
    const Type = TYPES[/** @type {keyof typeof TYPES} */ (dtype)];
    const view = buffers[i];
    if (!Type || !view) throw new TypeError(`no ${dtype} buffer for ${name}`);
    const size = Type.BYTES_PER_ELEMENT;
    const whole = /** @type {ArrayBuffer} */ (view.buffer);
    const aligned = view.byteOffset % size === 0;
    const part = aligned ? whole : whole.slice(view.byteOffset, view.byteOffset + view.byteLength);
    const array = new Type(part, aligned ? view.byteOffset : 0, view.byteLength / size);
    const items = shape.reduce((a, b) => a * b, 1);
    if (array.length !== items) throw new RangeError(`${name}: ${items} numbers were announced, ${array.length} came`);
    found[name] = array;
  });
  return found;
}
