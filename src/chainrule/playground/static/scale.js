// Scales of a chart, its ticks, and numbers as people read them.

/** @typedef {{at: (value: number) => number, from: (pixel: number) => number, ticks: number[]}} Scale */

const MINUS = "−";
const SUBSCRIPT = "₀₁₂₃₄₅₆₇₈₉";
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * Round steps (1, 2, 5 times a power of ten) that cover a range.
 * @param {number} low
 * @param {number} high
 * @param {number} count about how many
 * @returns {number[]}
 */
export function niceTicks(low, high, count) {
  if (!(high > low) || !Number.isFinite(high - low)) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough * (1 - 1e-9)) ?? 10 * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} start pixel of low
 * @param {number} end pixel of high
 * @param {number} [count]
 * @returns {Scale}
 */
export function linear(low, high, start, end, count = 5) {
  const span = high - low || 1;
  return {
    at: (value) => start + ((value - low) / span) * (end - start),
    from: (pixel) => low + ((pixel - start) / (end - start || 1)) * span,
    ticks: niceTicks(low, high, count),
  };
}

/**
 * A logarithmic scale; values at or below zero stand at its lower end.
 * @param {number} low above zero
 * @param {number} high
 * @param {number} start
 * @param {number} end
 * @returns {Scale}
 */
export function logarithmic(low, high, start, end) {
  const bottom = Math.log10(low);
  const span = Math.log10(high) - bottom || 1;
  const ticks = [];
  for (let power = Math.ceil(bottom - 1e-9); power <= bottom + span + 1e-9; power += 1) ticks.push(10 ** power);
  if (ticks.length < 2) {
    for (const m of [2, 5]) {
      for (let power = Math.floor(bottom); power <= bottom + span; power += 1) {
        const tick = Number((m * 10 ** power).toPrecision(6));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    ticks.sort((a, b) => a - b);
  }
  const every = Math.ceil(ticks.length / 6);
  return {
    at: (value) => start + ((Math.log10(Math.max(value, low)) - bottom) / span) * (end - start),
    from: (pixel) => 10 ** (bottom + ((pixel - start) / (end - start || 1)) * span),
    ticks: ticks.filter((_, i) => i % every === 0),
  };
}

/**
 * A number as people write it: few digits, a true minus sign, powers of ten where they are shorter.
 * @param {number | null | undefined} value
 * @param {number} [digits] significant ones
 * @returns {string}
 */
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : "";
  if (Number.isInteger(size) && size < 1e6) return sign + count(size);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, power] = size.toExponential(Math.max(0, digits - 2)).split("e");
    return `${sign}${mantissa}·10${superscript(Number(power))}`;
  }
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return sign + size.toFixed(Math.min(places, 8));
}

/**
 * @param {number} value
 * @returns {string}
 */
export function superscript(value) {
  const digits = [...String(Math.abs(value))].map((d) => SUPERSCRIPT[Number(d)]).join("");
  return (value < 0 ? "⁻" : "") + digits;
}

/**
 * `x1` reads x₁, `x1^2` and `x1**2` read x₁², `x1*x2` reads x₁x₂.
 * @param {string} name
 * @returns {string}
 */
export function letters(name) {
  return name
    .replace(/\bx(\d+)/g, (_, digits) => `x${[...digits].map((d) => SUBSCRIPT[Number(d)]).join("")}`)
    .replace(/(?:\^|\*\*)(\d+)/g, (_, digits) => superscript(Number(digits)))
    .replace(/(?<=[₀-₉⁰-⁹])\s*\*\s*(?=x)/g, "")
    .replace(/sin\((x[₀-₉]+)\)/g, "sin $1");
}

/**
 * A number of the network's in the unit of the data that it comes from.
 * @param {number} value
 * @param {[number, number]} unit offset and scale
 */
export function own(value, [offset, scale]) {
  return offset + scale * value;
}

/**
 * A whole number in groups of three.
 * @param {number} value
 * @returns {string}
 */
export function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/**
 * @param {number} bytes
 * @returns {string}
 */
export function size(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${number(bytes / 1e3)} kB` : `${number(bytes / 1e6)} MB`;
}
