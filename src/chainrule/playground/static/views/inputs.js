// What the network sees: features to switch on and off, and formulas of one's own.
import { button } from "../controls.js";
import { h, replace } from "../dom.js";
import { letters } from "../scale.js";

/** @typedef {import("../store.js").Store} Store */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const chips = h("div", { class: "cr-chips", role: "group", "aria-label": "Inputs", "data-control": "inputs" });
  const field = h("input", {
    type: "text",
    placeholder: "a formula: x1^2 - x2",
    "aria-label": "Formula of a new input",
    spellcheck: "false",
    autocomplete: "off",
  });
  const form = h(
    "form",
    { class: "cr-row", "data-control": "formula" },
    field,
    button("add", "Add this formula as an input", () => {}, { type: "submit" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    const now = store.get("state")?.spec.inputs ?? [];
    store.ask({ type: "set", path: "inputs", value: [...now, text] }).then(
      () => {
        field.value = "";
      },
      () => field.focus(),
    );
  });
  replace(el, chips, form);

  let built = "";
  /** @param {import("../types.js").State} state */
  function show({ spec, data }) {
    const catalogue = store.get("welcome")?.catalogue;
    const known = data.base.length === 2 ? (catalogue?.features ?? []) : ["all"];
    const own = data.base.length <= 12 && data.base.length > 2 ? data.base.map(({ name }) => name) : [];
    const all = [...new Set([...known, ...own, ...spec.inputs])];
    const key = JSON.stringify([all, spec.inputs, data.base.map(({ label }) => label)]);
    if (key === built) return;
    built = key;
    replace(chips, ...all.map((name) => chip(name, spec.inputs, data.base)));
  }

  /** @param {string} name @param {string[]} active @param {import("../types.js").BaseColumn[]} base */
  function chip(name, active, base) {
    const on = active.includes(name);
    const text =
      name === "all" ? `all ${base.length}` : letters(base.find((column) => column.name === name)?.label ?? name);
    const flip = () => {
      const rest = active.filter((item) => item !== name);
      store.change("inputs", on ? rest : [...(name === "all" ? [] : active.filter((item) => item !== "all")), name]);
    };
    return h(
      "button",
      {
        type: "button",
        class: "cr-chip",
        "aria-pressed": String(on),
        disabled: on && active.length === 1,
        onclick: flip,
      },
      text,
    );
  }

  const stop = store.on("state", show);
  return () => stop();
}
