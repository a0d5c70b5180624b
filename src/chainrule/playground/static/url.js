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
 * The difference that a fragment carries, or null where it carries none or a damaged one.
 * @param {string} hash
 * @returns {Record<string, unknown> | null}
 */
export function stateOf(hash) {
  const text = fields(hash).get("state");
  if (text === undefined) return null;
  try {
    const value = JSON.parse(decodeURIComponent(text));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * A fragment with the state put in; the token stays where it was.
 * @param {string} hash
 * @param {Record<string, unknown>} change
 * @returns {string}
 */
export function withState(hash, change) {
  const all = fields(hash);
  all.delete("state");
  if (Object.keys(change).length > 0) all.set("state", encodeURIComponent(JSON.stringify(change)));
  const text = [...all].map(([name, value]) => `${name}=${value}`).join("&");
  return text ? `#${text}` : "";
}
