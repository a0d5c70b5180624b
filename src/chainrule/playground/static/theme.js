// Light or dark: as the system says, until a person says otherwise.
import { button } from "./controls.js";
import { icon } from "./icons.js";

/** @typedef {import("./store.js").Store} Store */

const KEY = "chainrule-theme";

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} slot of the button
 * @param {Store} store
 * @returns {() => void}
 */
export function themeIn(root, slot, store) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  /** @param {import("./palette.js").Theme} theme */
  function use(theme) {
    root.dataset.theme = theme;
    store.put("theme", theme);
  }
  const follow = () => use(remembered() ?? (system.matches ? "dark" : "light"));
  const flip = button(icon("theme"), "Dark or light", () => {
    const next = store.get("theme") === "dark" ? "light" : "dark";
    remember(next);
    use(next);
  });
  slot.append(flip);
  follow();
  system.addEventListener("change", follow);
  return () => {
    system.removeEventListener("change", follow);
    flip.remove();
  };
}

/** A page without storage (a sandboxed frame) forgets, and works. @returns {import("./palette.js").Theme | null} */
function remembered() {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "dark" || theme === "light" ? theme : null;
  } catch {
    return null;
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Nothing to keep it in.
  }
}
