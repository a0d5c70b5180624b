// The server as this page asks it: with the token of the address's fragment, which no server ever sees.

/** @typedef {{kind: string, written: string, becomes: string, low?: number, high?: number, categories?: string[], true?: string, false?: string}} About */
/** @typedef {{type: string[], default?: unknown, description?: string, "x-chainrule": About}} Property */
/** @typedef {{target: string, task: string, classes: string[], inputs: string, accepts: string[], describe: string, model: string}} Whole */
/** @typedef {{title: string, properties?: Record<string, Property>, "x-chainrule": Whole}} Schema */
/** @typedef {{target: string, answers: (string | number)[], classes?: string[], probabilities?: number[][], notes?: string[], ignored?: string[]}} Answer */
/** @typedef {{expected: string, came: string, remedy: string, column: string | null, row: number | null}} Refusal */

export class RefusedError extends Error {
  /** @param {Refusal} refusal */
  constructor(refusal) {
    super(`Expected ${refusal.expected}; got ${refusal.came}. ${refusal.remedy}`);
    this.refusal = refusal;
  }
}

/** @returns {Record<string, string>} */
function tokenHeader() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
async function asked(path, init = {}) {
  const response = await fetch(path, { ...init, headers: { ...init.headers, ...tokenHeader() } });
  if (response.ok) return response;
  const text = await response.text();
  /** @type {Refusal} */
  let refusal;
  try {
    refusal = JSON.parse(text).error;
  } catch {
    refusal = {
      expected: "an answer",
      came: text.trim() || String(response.status),
      remedy: "",
      column: null,
      row: null,
    };
  }
  throw new RefusedError(refusal);
}

/** @returns {Promise<Schema>} */
export async function schema() {
  return (await asked("schema")).json();
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
export async function text(path) {
  return (await asked(path)).text();
}

/**
 * @param {string | Blob} body
 * @param {string} type
 * @returns {Promise<Answer>}
 */
export async function predict(body, type) {
  return (await asked("predict?notes=true", { method: "POST", headers: { "Content-Type": type }, body })).json();
}
