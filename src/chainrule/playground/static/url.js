// A whole set-up in a link: what differs from the defaults, in the address's fragment, which no server ever sees.

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What of `spec` is not as in `defaults`, as paths with dots.
 * @param {Record<string, unknown>} spec
 * @param {Record<string, unknown>} defaults
 * @returns {Record<string, unknown>}
 */
export function difference(spec, defaults) {
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const [name, value] of Object.entries(spec)) {
    const usual = defaults[name];
    if (JSON.stringify(value) === JSON.stringify(usual)) continue;
    if (isObject(value) && isObject(usual) && Object.keys(usual).length > 0) {
      const inner = difference(value, usual);
      if (Object.keys(inner).length > 0) found[name] = inner;
    } else {
      found[name] = value;
    }
  }
  return found;
}

/**
 * The defaults with a difference laid over them.
 * @param {Record<string, unknown>} defaults
 * @param {Record<string, unknown>} change
 * @returns {Record<string, unknown>}
 */
export function merge(defaults, change) {
  const whole = structuredClone(defaults);
  for (const [name, value] of Object.entries(change)) {
    const usual = whole[name];
    const deep = isObject(value) && isObject(usual) && Object.keys(usual).length > 0;
    whole[name] = deep ? merge(usual, value) : structuredClone(value);
  }
  return whole;
}

/**
 * The fragment's fields. Values are percent-encoded JSON or text.
 * @param {string} hash
 * @returns {Map<string, string>}
 */
function fields(hash) {
  const found = new Map();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (cut > 0) found.set(part.slice(0, cut), part.slice(cut + 1));
  }
  return found;
}

/**
 * @param {string} hash
 * @returns {string}
 */
export function tokenOf(hash) {
  return decodeURIComponent(fields(hash).get("token") ?? "");
}

/**
 * The token in a link, or the text itself where it is no link.
 * @param {string} text
 * @returns {string}
 */
export function tokenIn(text) {
  const cut = text.indexOf("#");
  return cut < 0 ? text.trim() : tokenOf(text.slice(cut).trim());
}

/**
 * The code of the network that a fragment asks to follow.
 * @param {string} hash
 * @returns {string}
 */
export function followOf(hash) {
  return fields(hash).get("follow") ?? "";
}

/** @typedef {{state: Record<string, unknown>, drawn: number[][], table: string}} Link */

/**
 * The set-up that a fragment carries, or null where it carries none or a damaged one.
 * @param {string} hash
 * @returns {Link | null}
 */
export function linkOf(hash) {
  const all = fields(hash);
  const [text, points] = [all.get("state"), all.get("points")];
  if (text === undefined && points === undefined) return null;
  try {
    const state = JSON.parse(decodeURIComponent(text ?? "{}"));
    const drawn = (points || "").split(";").filter(Boolean);
    const numbers = drawn.map((point) => point.split(",").map(Number));
    const whole = numbers.every((point) => point.length === 3 && point.every(Number.isFinite));
    return isObject(state) && whole ? { state, drawn: numbers, table: all.get("table") ?? "" } : null;
  } catch {
    return null;
  }
}

/**
 * The fragment of a set-up. It has no token: a link may be given away.
 * @param {Link} link
 * @returns {string}
 */
export function fragment({ state, drawn, table }) {
  const parts = [];
  if (Object.keys(state).length > 0) parts.push(`state=${encodeURIComponent(JSON.stringify(state))}`);
  if (drawn.length > 0) parts.push(`points=${drawn.map((point) => point.join(",")).join(";")}`);
  if (table) parts.push(`table=${table}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

/**
 * The set-up of a state, as what differs from the defaults.
 * @param {{spec: any, data: {hash: string, drawn: number[][]}}} now
 * @param {any} defaults
 * @returns {Link}
 */
export function linkTo({ spec, data }, defaults) {
  const table = spec.data.name.startsWith("upload:") ? data.hash.slice(0, 16) : "";
  return { state: difference(spec, defaults), drawn: data.drawn, table };
}
