// Formulas that came from Python, made into elements that can do nothing but be looked at.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const TAGS = new Set(
  (
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover " +
    "munderover mmultiscripts mtable mtr mtd menclose semantics"
  ).split(" "),
);
const ATTRIBUTES = new Set(
  (
    "display displaystyle mathvariant stretchy fence separator form lspace rspace width height depth accent accentunder " +
    "columnalign rowspacing columnspacing linethickness minsize maxsize movablelimits largeop symmetric scriptlevel"
  ).split(" "),
);

/**
 * The formulas of a text of MathML: known elements with known attributes, rebuilt one by one; nothing else survives.
 * @param {string} text one or more `<math>` elements
 * @returns {Element[]}
 */
export function formulas(text) {
  const parsed = new DOMParser().parseFromString(text, "text/html");
  return [...parsed.querySelectorAll("math")].map((element) => copy(element));
}

/** @param {Element} element @returns {Element} */
function copy(element) {
  const name = element.localName.toLowerCase();
  const clean = document.createElementNS(MATHML, TAGS.has(name) ? name : "mrow");
  for (const { name: key, value } of element.attributes) if (ATTRIBUTES.has(key)) clean.setAttribute(key, value);
  for (const child of element.childNodes) {
    if (child instanceof Element) {
      if (child.namespaceURI === MATHML) clean.append(copy(child));
    } else if (child.nodeType === Node.TEXT_NODE) {
      clean.append(child.textContent ?? "");
    }
  }
  return clean;
}
