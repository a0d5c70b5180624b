// Curves on a canvas: axes with ticks, a line for each run, and marks at one epoch.
import { extent, nearest } from "../curves.js";
import { sharp } from "../dom.js";
import { classColour } from "../palette.js";
import { count, linear, logarithmic, number } from "../scale.js";

/** @typedef {import("../types.js").Run} Run */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Pen */
/** @typedef {import("../palette.js").Theme} Theme */
/** @typedef {{x: import("../scale.js").Scale, y: import("../scale.js").Scale, bottom: number, top: number}} Scales */
/**
 * @typedef {{sheet: OffscreenCanvas, width: number, height: number, em: number, font: string, theme: Theme, logX: boolean, logY: boolean}} Look
 */

const INK = { light: "#14181f", dark: "#f4f1ea" };
const SOFT = { light: "#5c6470", dark: "#a9b0ba" };
const LINES = { light: "#e4dfd5", dark: "#2c343f" };

/**
 * This run is drawn in ink, the others each in a colour of their own.
 * @param {Run} run
 * @param {Theme} theme
 * @returns {string}
 */
export function colourOf(run, theme) {
  return run.current ? INK[theme] : classColour((run.id + 1) % 8, theme);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Run[]} runs
 * @param {Look} look
 * @returns {Scales}
 */
export function plot(context, runs, look) {
  const { width, height, em, theme } = look;
  context.clearRect(0, 0, width, height);
  const scales = scalesOf(runs, look);
  const behind = sharp(look.sheet, width, height);
  behind.clearRect(0, 0, width, height);
  axes(behind, scales, look);
  context.drawImage(look.sheet, 0, 0, width, height);
  for (const run of [...runs].reverse()) {
    context.strokeStyle = colourOf(run, theme);
    for (const part of /** @type {const} */ (["test", "train"])) {
      const thick = run.current ? 0.16 : 0.11;
      context.lineWidth = em * (part === "train" ? thick : 0.09);
      context.setLineDash(part === "train" ? [] : [0.3 * em, 0.22 * em]);
      const height = (/** @type {number | null} */ value) => (value === null ? Number.NaN : scales.y.at(value));
      line(
        context,
        run.epochs.map((epoch, i) => [scales.x.at(epoch), height(run[part][i])]),
      );
    }
    context.setLineDash([]);
  }
  return scales;
}

/** @param {Run[]} runs @param {Look} look @returns {Scales} */
function scalesOf(runs, { width, height, em, logX, logY }) {
  const range = extent(runs, { logX, logY });
  const [left, right, bottom, top] = [3.4 * em, width - 0.7 * em, height - 1.7 * em, 0.7 * em];
  const x = logX ? logarithmic(...range.x, left, right) : linear(...range.x, left, right, width / (6 * em));
  const y = logY ? logarithmic(...range.y, bottom, top) : linear(...range.y, bottom, top, 4);
  return { x, y, bottom, top };
}

/** @param {Pen} context @param {Scales} scales @param {Look} look */
function axes(context, { x, y, bottom }, { width, em, font, theme }) {
  const [left, right] = [3.4 * em, width - 0.7 * em];
  context.font = `${0.78 * em}px ${font}`;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.strokeStyle = LINES[theme];
  context.fillStyle = SOFT[theme];
  context.textAlign = "right";
  for (const tick of y.ticks) {
    line(context, [
      [left, y.at(tick)],
      [right, y.at(tick)],
    ]);
    context.fillText(number(tick, 2), left - 0.4 * em, y.at(tick));
  }
  context.textAlign = "center";
  for (const tick of x.ticks) context.fillText(count(tick), Math.min(x.at(tick), right - em), bottom + 0.95 * em);
}

/**
 * A line at an epoch, and a dot on each run's curve there.
 * @param {CanvasRenderingContext2D} context
 * @param {Run[]} runs
 * @param {number} epoch
 * @param {Scales} scales
 * @param {Theme} theme
 */
export function mark(context, runs, epoch, { x, y, bottom, top }, theme) {
  context.strokeStyle = SOFT[theme];
  context.lineWidth = 1;
  line(context, [
    [x.at(epoch), bottom],
    [x.at(epoch), top],
  ]);
  for (const run of runs) {
    const i = nearest(run.epochs, epoch);
    const value = run.train[i];
    if (i < 0 || value === null) continue;
    context.fillStyle = colourOf(run, theme);
    context.beginPath();
    context.arc(x.at(run.epochs[i]), y.at(value), 3, 0, Math.PI * 2);
    context.fill();
  }
}

/** A gap where a number is missing. @param {Pen} context @param {number[][]} points */
function line(context, points) {
  context.beginPath();
  let drawing = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) drawing = false;
    else if (drawing) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      drawing = true;
    }
  }
  context.stroke();
}
