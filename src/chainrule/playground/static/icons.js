// The few icons, drawn here: the page asks the network for nothing.
import { s } from "./dom.js";

const PATHS = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4v15H6zM14 4.5h4v15h-4z",
  step: "M5 4.5v15l9-7.5zM16 4.5h3v15h-3z",
  back: "M19 4.5v15l-9-7.5zM5 4.5h3v15H5z",
  rewind: "M12 4.5V1.5L6 6l6 4.5v-3a5.5 5.5 0 1 1-5.5 5.5H3.5A8.5 8.5 0 1 0 12 4.5z",
  dice: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm3 3.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm8 0a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm-4 4a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm-4 4a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm8 0a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12 19 17.6 17.6 19 12 13.4 6.4 19 5 17.6 10.6 12 5 6.400z",
  theme: "M12 3a9 9 0 1 0 0 18zm0-1a10 10 0 1 1 0 20 10 10 0 0 1 0-20z",
  menu: "M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z",
};

/**
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const shape = s("path", { d: PATHS[name], fill: "currentColor", "fill-rule": "evenodd" });
  return s("svg", { viewBox: "0 0 24 24", class: "cr-icon", "aria-hidden": "true" }, shape);
}
