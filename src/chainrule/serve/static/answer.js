// The answer: what is said, large; below it a bar for each class; of many rows a table.
import { make, rounded } from "./dom.js";

/** @typedef {import("./api.js").Answer} Answer */

const MOST_BARS = 20;
const MOST_ROWS = 100;

/**
 * @param {HTMLElement} place
 * @param {Answer} answer
 */
export function show(place, answer) {
  const many = answer.answers.length > 1;
  place.replaceChildren(...(many ? table(answer) : one(answer)));
  const notes = [...(answer.notes ?? []), ...(answer.ignored ?? []).map((name) => `not used by the model: ${name}`)];
  if (notes.length) place.append(make("ul", { class: "notes" }, ...notes.map((note) => make("li", {}, note))));
}

/**
 * @param {HTMLElement} place
 * @param {string} message
 */
export function showError(place, message) {
  place.replaceChildren(make("p", { class: "error", role: "alert" }, message));
}

/**
 * @param {Answer} answer
 * @returns {HTMLElement[]}
 */
function one(answer) {
  const said = answer.answers[0];
  const shown = typeof said === "number" ? rounded(said) : String(said);
  const head = make("p", { class: "said" }, make("small", {}, answer.target), shown);
  const { classes, probabilities } = answer;
  if (!classes || !probabilities) return [head];
  const sorted = classes.map((name, k) => ({ name, share: probabilities[0]?.[k] ?? 0 }));
  sorted.sort((a, b) => b.share - a.share);
  const bars = make("ul", { class: "bars" }, ...sorted.slice(0, MOST_BARS).map(bar));
  const more = sorted.length - MOST_BARS;
  return more > 0
    ? [head, bars, make("p", { class: "note" }, `and ${more} classes that are less likely`)]
    : [head, bars];
}

/**
 * @param {{name: string, share: number}} item
 * @param {number} i
 * @returns {HTMLElement}
 */
function bar({ name, share }, i) {
  const filled = make("div", { class: "bar" });
  filled.style.width = `${share * 100}%`;
  return make(
    "li",
    { class: i === 0 ? "is-first" : "" },
    make("span", { class: "name" }, name),
    make("span", { class: "track" }, filled),
    make("span", { class: "share" }, percent(share)),
  );
}

/**
 * @param {number} share
 * @returns {string}
 */
function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

/**
 * @param {Answer} answer
 * @returns {HTMLElement[]}
 */
function table(answer) {
  const n = answer.answers.length;
  const rows = answer.answers.slice(0, MOST_ROWS).map((said, i) => {
    const shares = answer.probabilities?.[i];
    const cells = [String(i + 1), typeof said === "number" ? rounded(said) : said];
    if (shares) cells.push(percent(Math.max(...shares)));
    return make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
  });
  const heads = ["row", answer.target, ...(answer.probabilities ? ["probability"] : [])];
  const head = make("tr", {}, ...heads.map((name) => make("th", { scope: "col" }, name)));
  const shown = n > MOST_ROWS ? `the first ${MOST_ROWS} of ${n} rows` : `${n} rows`;
  const body = make(
    "div",
    { class: "many", tabindex: 0 },
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)),
  );
  return [make("p", { class: "note" }, shown), body];
}
