// The form: a field for each column that the model needs, filled in with what was usual in training.
import { make, rounded } from "./dom.js";

/** @typedef {import("./api.js").Property} Property */

/** @typedef {{name: string, element: HTMLElement, value: () => unknown, wrong: (is: boolean) => void}} Field */

/**
 * @param {Record<string, Property>} properties
 * @param {() => void} changed called with each change
 * @returns {{element: HTMLElement, row: () => Record<string, unknown>, mark: (column: string | null) => void}}
 */
export function form(properties, changed) {
  const fields = Object.entries(properties).map(([name, property], i) => field(name, property, `field-${i}`));
  const element = make("form", { class: "fields" }, ...fields.map((one) => one.element));
  element.addEventListener("input", changed);
  element.addEventListener("submit", (event) => event.preventDefault());
  return {
    element,
    row: () => Object.fromEntries(fields.map((one) => [one.name, one.value()])),
    mark: (column) => fields.forEach((one) => one.wrong(one.name === column)),
  };
}

/**
 * @param {string} name
 * @param {Property} property
 * @param {string} id
 * @returns {Field}
 */
function field(name, property, id) {
  const about = property["x-chainrule"];
  const control = about.kind === "boolean" ? flag(property, id) : input(property, id);
  const note = make("p", { class: "note", id: `${id}-note` });
  const element = make("div", { class: "field" }, make("label", { for: id }, name), control, note);
  control.setAttribute("aria-describedby", note.id);
  const value = () => valueOf(control.value, about.kind, property);
  const tell = () => {
    const beyond = isBeyond(value(), about);
    element.classList.toggle("is-beyond", beyond);
    note.textContent = hint(about, beyond, value());
  };
  element.addEventListener("input", tell);
  tell();
  return { name, element, value, wrong: (is) => element.classList.toggle("is-wrong", is) };
}

/**
 * @param {Property} property
 * @param {string} id
 * @returns {HTMLSelectElement}
 */
function flag(property, id) {
  const { true: yes = "true", false: no = "false" } = property["x-chainrule"];
  const options = [
    ["true", yes],
    ["false", no],
    ["", "(empty)"],
  ].map(([value = "", label = ""]) => make("option", { value, selected: value === String(property.default) }, label));
  return make("select", { id }, ...options);
}

/**
 * @param {Property} property
 * @param {string} id
 * @returns {HTMLElement & {value: string}}
 */
function input(property, id) {
  const { kind, categories } = property["x-chainrule"];
  const value = property.default === undefined ? "" : String(property.default);
  if ((kind === "category" || kind === "ordinal") && categories && categories.length <= 12) {
    const choices = [...categories, ""].map((name) =>
      make("option", { value: name, selected: name === value }, name || "(empty)"),
    );
    return make("select", { id }, ...choices);
  }
  const element = make("input", { id, value, autocomplete: "off", inputmode: kind === "numeric" ? "decimal" : "text" });
  if (categories) {
    const list = make(
      "datalist",
      { id: `${id}-list` },
      ...categories.slice(0, 500).map((name) => make("option", { value: name })),
    );
    element.setAttribute("list", list.id);
    document.body.append(list);
  }
  return element;
}

/**
 * What a request has for a field: null for an empty one; a number where it is one, whatever else as it is written.
 * @param {string} written
 * @param {string} kind
 * @param {Property} property
 * @returns {unknown}
 */
function valueOf(written, kind, property) {
  const text = written.trim();
  if (text === "") return null;
  if (kind === "boolean") return text === "true";
  const isNumber = property.type.includes("number") && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text);
  // A text such as 1.234 may be another number where a comma stands before the decimals: what a person types is English.
  return isNumber ? Number(text) : text;
}

/**
 * @param {unknown} value
 * @param {import("./api.js").About} about
 * @returns {boolean}
 */
function isBeyond(value, about) {
  if (typeof value !== "number" || about.low === undefined || about.high === undefined) return false;
  return value < about.low || value > about.high;
}

/**
 * @param {import("./api.js").About} about
 * @param {boolean} beyond
 * @param {unknown} value
 * @returns {string}
 */
function hint(about, beyond, value) {
  if (value === null) return about.kind === "text" ? "a text" : "empty: treated as in training";
  if (about.low === undefined || about.high === undefined)
    return about.kind === "date" ? "a date, such as 2026-11-30" : "";
  const range = `${rounded(about.low)} … ${rounded(about.high)}`;
  return beyond ? `training saw only ${range}` : range;
}
