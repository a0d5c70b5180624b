// Labelled controls that know the difference between a person's change and the server's.
import { h, replace, write } from "./dom.js";
import { number } from "./scale.js";

/**
 * @template T
 * @typedef {{el: HTMLElement, set: (value: T) => void, field: HTMLElement}} Control
 */

/**
 * @param {string} label
 * @param {(value: string) => void} changed
 * @param {{name?: string, hint?: string, compact?: boolean}} [options]
 * @returns {Control<string> & {options: (items: (string | [string, string])[]) => void}}
 */
export function select(label, changed, { name, hint, compact } = {}) {
  const field = h("select", {
    "aria-label": compact ? label : undefined,
    title: hint,
    onchange: () => changed(field.value),
  });
  const el = compact
    ? h("span", { class: "cr-select", "data-control": name }, field)
    : h("label", { class: "cr-field", "data-control": name }, h("span", { class: "cr-label" }, label), field);
  let offered = "";
  return {
    el,
    field,
    set: (value) => {
      if (field.value !== value) field.value = value;
    },
    options: (items) => {
      const key = JSON.stringify(items);
      if (key === offered) return;
      offered = key;
      const chosen = field.value;
      replace(
        field,
        ...items.map((item) => {
          const [value, text] = typeof item === "string" ? [item, words(item)] : item;
          return h("option", { value }, text);
        }),
      );
      field.value = chosen;
    },
  };
}

/**
 * @param {string} label
 * @param {{min: number, max: number, step?: number, name?: string, format?: (value: number) => string,
 *   scale?: {to: (value: number) => number, from: (place: number) => number}}} options
 * @param {(value: number) => void} changed once, when the person lets go
 * @returns {Control<number>}
 */
export function slider(label, { min, max, step = 1, name, format = (value) => number(value), scale }, changed) {
  const to = scale?.to ?? ((value) => value);
  const from = scale?.from ?? ((place) => place);
  const output = h("span", { class: "cr-value" });
  let held = false;
  const field = h("input", { type: "range", min, max, step, "aria-label": label });
  const show = () => {
    const text = format(from(Number(field.value)));
    write(output, text);
    field.setAttribute("aria-valuetext", text);
    field.style.setProperty("--at", `${((Number(field.value) - min) / (max - min || 1)) * 100}%`);
  };
  field.addEventListener("input", () => {
    held = true;
    show();
  });
  field.addEventListener("change", () => {
    held = false;
    changed(from(Number(field.value)));
  });
  const top = h("span", { class: "cr-row" }, h("span", { class: "cr-label" }, label), output);
  const el = h("label", { class: "cr-field cr-slider", "data-control": name }, top, field);
  return {
    el,
    field,
    set: (value) => {
      if (held) return;
      field.value = String(to(value));
      show();
    },
  };
}

/**
 * A number to type; empty is null where that is allowed.
 * @param {string} label
 * @param {{min?: number, max?: number, step?: number | "any", name?: string, empty?: string, compact?: boolean}} options
 * @param {(value: number | null) => void} changed
 * @returns {Control<number | null>}
 */
export function numeric(label, { min, max, step = "any", name, empty, compact }, changed) {
  const field = h("input", {
    ...{ type: "number", inputmode: "decimal", min, max, step, placeholder: empty },
    "aria-label": compact ? label : undefined,
    onchange: () => {
      if (field.value === "" && empty === undefined) return;
      changed(field.value === "" ? null : Number(field.value));
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") field.blur();
    },
  });
  const el = compact
    ? h("span", { class: "cr-numeric", "data-control": name }, field)
    : h("label", { class: "cr-field", "data-control": name }, h("span", { class: "cr-label" }, label), field);
  return {
    el,
    field,
    set: (value) => {
      const text = value === null || !Number.isFinite(value) ? "" : String(Number(value.toPrecision(6)));
      const root = /** @type {Document | ShadowRoot} */ (field.getRootNode());
      if (root.activeElement !== field && field.value !== text) field.value = text;
    },
  };
}

/**
 * @param {string} label
 * @param {(on: boolean) => void} changed
 * @param {{name?: string, hint?: string}} [options]
 * @returns {Control<boolean>}
 */
export function toggle(label, changed, { name, hint } = {}) {
  const field = h("input", { type: "checkbox", onchange: () => changed(field.checked) });
  const el = h("label", { class: "cr-check", title: hint, "data-control": name }, field, h("span", {}, label));
  return {
    el,
    field,
    set: (on) => {
      field.checked = on;
    },
  };
}

/**
 * One of few, as a row of buttons that arrow keys move in.
 * @param {string} label
 * @param {[string, string][]} items value and text
 * @param {(value: string) => void} changed
 * @param {{name?: string}} [options]
 * @returns {Control<string>}
 */
export function choice(label, items, changed, { name } = {}) {
  const group = `cr-${Math.random().toString(36).slice(2)}`;
  const inputs = items.map(([value, text]) => {
    const input = h("input", { type: "radio", name: group, value, onchange: () => changed(value) });
    return h("label", { class: "cr-choice-item" }, input, h("span", {}, text));
  });
  const el = h("div", { class: "cr-choice", role: "radiogroup", "aria-label": label, "data-control": name }, ...inputs);
  return {
    el,
    field: el,
    set: (value) => {
      for (const input of el.querySelectorAll("input")) input.checked = input.value === value;
    },
  };
}

/**
 * @param {import("./dom.js").Child} face
 * @param {string} label what it does; shown as a hint, and read out
 * @param {(event: Event) => void} pressed
 * @param {import("./dom.js").Props} [props]
 */
export function button(face, label, pressed, props = {}) {
  return h("button", { type: "button", title: label, "aria-label": label, onclick: pressed, ...props }, face);
}

/**
 * `cross_entropy` reads "cross-entropy", `gradient_descent` "gradient descent".
 * @param {string} name
 */
export function words(name) {
  const known = {
    cross_entropy: "cross-entropy",
    relu: "ReLU",
    elu: "ELU",
    gelu: "GELU",
    silu: "SiLU",
    leaky_relu: "leaky ReLU",
  };
  return /** @type {Record<string, string>} */ (known)[name] ?? name.replaceAll("_", " ");
}
