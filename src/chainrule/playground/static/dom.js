// Elements from a tag, properties and children: what every view is written with.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Props */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Set properties: `on…` are listeners, `class`, `style` (an object), `data` and `aria` (objects), the rest attributes.
 * Styles go through the object model, because the page's content policy refuses style attributes.
 * @param {Element} element
 * @param {Props} props
 */
export function assign(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) {
      if (value === false) element.removeAttribute(name);
    } else if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name === "style") {
      for (const [key, rule] of Object.entries(value)) {
        /** @type {HTMLElement} */ (element).style.setProperty(key, String(rule));
      }
    } else if (name === "data" || name === "aria") {
      for (const [key, item] of Object.entries(value)) element.setAttribute(`${name}-${key}`, String(item));
    } else if (name === "value" || name === "checked" || name === "disabled" || name === "indeterminate") {
      /** @type {any} */ (element)[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function fill(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, children);
  assign(element, props);
  return element;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function s(tag, props = {}, ...children) {
  const element = /** @type {SVGElementTagNameMap[T]} */ (document.createElementNS(SVG, tag));
  fill(element, children);
  assign(element, props);
  return element;
}

/**
 * Put these children in place of those that are there.
 * @param {Element} element
 * @param {...Child} children
 */
export function replace(element, ...children) {
  element.replaceChildren();
  fill(element, children);
}

/**
 * Write a text only where it differs, and into the node that is there: both spare the browser work.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent === text) return;
  const node = element.firstChild;
  if (node instanceof Text && !node.nextSibling) node.data = text;
  else element.textContent = text;
}

/**
 * A canvas sized for the screen's pixels, its context already scaled; call again after a resize.
 * @template {HTMLCanvasElement | OffscreenCanvas} T
 * @param {T} canvas
 * @param {number} width
 * @param {number} height
 * @param {boolean} [opaque] nothing lies below it: a browser without a graphics card need not blend it with anything
 * @returns {T extends OffscreenCanvas ? OffscreenCanvasRenderingContext2D : CanvasRenderingContext2D}
 */
export function sharp(canvas, width, height, opaque = false) {
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
  const across = Math.max(1, Math.round(width * ratio));
  const down = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = /** @type {any} */ (canvas.getContext("2d", { alpha: !opaque }));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
