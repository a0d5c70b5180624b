// The threshold slider: counts at every threshold lie in the page, and are looked up; nothing is fetched or sent.
"use strict";
(() => {
  const root = document.getElementById("thresholds");
  const curves = JSON.parse(document.getElementById("threshold-data").textContent);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const slider = part("slider");
  const classes = part("class");
  const cost = part("cost");
  let curve = curves[0];

  const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "–");
  const whole = (value) => value.toLocaleString("en-US");
  const nearest = (threshold) =>
    curve.thresholds.reduce(
      (best, value, i) => (Math.abs(value - threshold) < Math.abs(curve.thresholds[best] - threshold) ? i : best),
      0,
    );
  const point = (x, y) => `${(44 + 260 * x).toFixed(1)},${(266 - 250 * y).toFixed(1)}`;
  const precision = (i) => {
    const flagged = curve.hits[i] + curve.alarms[i];
    return flagged ? curve.hits[i] / flagged : 1;
  };

  function place(name, x, y) {
    const mark = part(name);
    const [left, top] = point(x, y).split(",");
    mark.setAttribute("cx", left);
    mark.setAttribute("cy", top);
  }

  function show(threshold) {
    const i = nearest(threshold);
    const { yes, no } = curve;
    const hits = curve.hits[i];
    const alarms = curve.alarms[i];
    const missed = yes - hits;
    const set = (name, text) => {
      part(name).textContent = text;
    };
    slider.value = curve.thresholds[i];
    slider.setAttribute("aria-valuetext", curve.thresholds[i].toFixed(3));
    set("threshold", curve.thresholds[i].toFixed(3));
    set("recall", percent(hits / yes));
    set("precision", hits + alarms ? percent(hits / (hits + alarms)) : "–");
    set("f1", ((2 * hits) / (2 * hits + alarms + missed)).toFixed(3));
    set("accuracy", percent((hits + no - alarms) / (yes + no)));
    set("flagged", percent((hits + alarms) / (yes + no)));
    set("hits", whole(hits));
    set("missed", whole(missed));
    set("alarms", whole(alarms));
    set("passed", whole(no - alarms));
    place("roc-mark", alarms / no, hits / yes);
    place("pr-mark", hits / yes, precision(i));
  }

  function choose(k) {
    curve = curves[k];
    const { hits, alarms, yes, no } = curve;
    part("roc").setAttribute("points", hits.map((hit, i) => point(alarms[i] / no, hit / yes)).join(" "));
    const found = hits.map((hit, i) => i).filter((i) => hits[i] + alarms[i] > 0);
    part("pr").setAttribute("points", found.map((i) => point(hits[i] / yes, precision(i))).join(" "));
    part("chance").setAttribute("points", [point(0, yes / (yes + no)), point(1, yes / (yes + no))].join(" "));
    for (const name of root.querySelectorAll('[data-part="name"]')) name.textContent = curve.name;
    part("area").textContent = curve.area.toFixed(4);
    part("average").textContent = curve.average.toFixed(4);
    const best = part("best");
    best.hidden = curve.best === null;
    if (curve.best !== null) best.textContent = `best F1 on the validation rows: ${curve.best}`;
    show(curve.start);
  }

  slider.addEventListener("input", () => show(Number(slider.value)));
  part("half").addEventListener("click", () => show(0.5));
  part("best").addEventListener("click", () => show(curve.best));
  part("by-cost").addEventListener("click", () => {
    const ratio = Number(cost.value);
    if (ratio > 0) show(1 / (1 + ratio));
  });
  if (classes) classes.addEventListener("change", () => choose(Number(classes.value)));
  for (const control of root.querySelectorAll("[data-control]")) control.hidden = false;
  choose(0);
})();
