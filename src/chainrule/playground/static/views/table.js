// The person's own table: upload it, choose its target and the kinds of its columns, and which two axes are shown.
import { choice, select, slider } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { letters, number, own, size } from "../scale.js";
import { sendTable } from "../upload.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").State} State */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const said = h("p", { class: "cr-note", role: "status" });
  const file = h("input", {
    type: "file",
    accept: ".csv,.tsv,.txt,.parquet",
    class: "cr-file",
    "aria-label": "Upload a table (CSV or Parquet)",
  });
  file.addEventListener("change", () => {
    if (file.files?.[0]) void upload(file.files[0]);
    file.value = "";
  });
  const open = h("label", { class: "cr-upload", "data-control": "upload" }, "Upload a table …", file);
  const target = select("target", (value) => store.change("data.target", value), { name: "target" });
  const task = choice(
    "Task",
    [
      ["auto", "auto"],
      ["classification", "classes"],
      ["regression", "numbers"],
    ],
    (value) => store.change("data.task", value === "auto" ? null : value),
    { name: "task" },
  );
  const kinds = h("details", { class: "cr-kinds" });
  const picker = h("div", { class: "cr-picker", hidden: true }, target.el, task.el, kinds);
  const across = select("across", (value) => axis(0, value), { name: "axes" });
  const up = select("up", (value) => axis(1, value), { name: "axes" });
  const slices = h("details", { class: "cr-slices" });
  const axes = h("div", { class: "cr-axes", hidden: true }, h("div", { class: "cr-row" }, across.el, up.el), slices);
  replace(el, open, said, picker, axes);

  el.addEventListener("dragover", (event) => event.preventDefault());
  el.addEventListener("drop", (event) => {
    event.preventDefault();
    const dropped = event.dataTransfer?.files[0];
    if (dropped) void upload(dropped);
  });

  /** @param {File} table */
  async function upload(table) {
    const limit = store.get("welcome")?.limits.upload_bytes ?? Infinity;
    if (table.size > limit) {
      store.put("error", {
        expected: `a table of at most ${size(limit)}`,
        came: `${table.name} of ${size(table.size)}`,
        remedy: "Upload a part of it, or use `chainrule train`.",
      });
      return;
    }
    write(said, `Uploading ${table.name} (${size(table.size)}) …`);
    try {
      const answer = await sendTable(store, table);
      store.put("uploaded", answer);
      write(said, `${answer.name}: ${answer.rows} rows, ${answer.columns.length} columns.`);
      store.change("data.name", answer.upload);
    } catch (error) {
      write(said, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {0 | 1} place @param {string} value */
  function axis(place, value) {
    const now = store.get("state")?.spec.view.axes;
    if (value === "pca") {
      store.change("view.axes", "pca");
      return;
    }
    const pair = Array.isArray(now) ? [...now] : [0, 1];
    const other = pair[1 - place];
    pair[place] = Number(value);
    if (pair[0] === pair[1]) pair[1 - place] = other === pair[place] ? (pair[place] === 0 ? 1 : 0) : other;
    store.change("view.axes", pair);
  }

  /** @param {State} state */
  function show(state) {
    const { data, spec } = state;
    picker.hidden = data.columns.length === 0;
    if (!picker.hidden) {
      const sent = store.get("uploaded");
      const all = sent?.upload === spec.data.name ? sent.columns : data.columns;
      target.options([...new Set([data.target.name, ...all.map(({ name }) => name)])].map((name) => [name, name]));
      target.set(data.target.name);
      task.set(spec.data.task ?? "auto");
      columns(state);
    }
    axes.hidden = data.base.length <= 2;
    if (axes.hidden) return;
    /** @type {[string, string][]} */
    const items = data.base
      .map(
        (column, i) => /** @type {[string, string, boolean]} */ ([String(i), letters(column.label), column.is_number]),
      )
      .filter(([, , isNumber]) => isNumber)
      .map(([place, label]) => [place, label]);
    across.options([...items, ["pca", "principal components"]]);
    up.options(spec.view.axes === "pca" ? [["pca", "second component"], ...items] : items);
    across.set(spec.view.axes === "pca" ? "pca" : String(spec.view.axes[0]));
    up.set(spec.view.axes === "pca" ? "pca" : String(spec.view.axes[1]));
    sliders(state);
  }

  let listed = "";
  /** @param {State} state */
  function columns({ data, spec }) {
    const key = JSON.stringify([data.columns, spec.data.kinds, data.target.name]);
    if (key === listed) return;
    listed = key;
    const missing = data.columns.reduce((sum, column) => sum + (column.missing ?? 0), 0);
    const rows = data.columns
      .filter(({ name }) => name !== data.target.name)
      .slice(0, 60)
      .map((column) => {
        const kind = select(
          `Kind of ${column.name}`,
          (value) => store.change("data.kinds", { ...spec.data.kinds, [column.name]: value }),
          { compact: true },
        );
        kind.options([...new Set([column.kind, ...(store.get("welcome")?.catalogue.kinds ?? [])])]);
        kind.set(spec.data.kinds[column.name] ?? column.kind);
        const gaps = column.missing ? `${column.missing} missing` : "";
        return h(
          "tr",
          { title: column.reason },
          h("td", {}, column.name),
          h("td", {}, kind.el),
          h("td", { class: "cr-note" }, gaps),
        );
      });
    const summary = h("summary", {}, `columns${missing ? `, ${missing} missing values` : ""}`);
    replace(kinds, summary, h("table", {}, h("tbody", {}, ...rows)));
  }

  let sliced = "";
  /** @param {State} state */
  function sliders({ data, spec }) {
    const { axes: shown } = spec.view;
    slices.hidden = shown === "pca";
    const key = JSON.stringify([data.base, shown, spec.inputs]);
    if (key === sliced || shown === "pca") return;
    sliced = key;
    const read = readBy(spec.inputs);
    // An indicator of a category is no number to slide, and an input that nobody reads does nothing.
    const others = data.base
      .map((column, i) => ({ column, i }))
      .filter(({ column, i }) => !shown.includes(i) && column.is_number && read(i))
      .slice(0, 30);
    const controls = others.map(({ column, i }) => {
      const name = `x${i + 1}`;
      const one = slider(
        letters(column.label),
        {
          min: column.low,
          max: column.high,
          step: (column.high - column.low) / 100 || 1,
          format: (value) => number(own(value, [column.offset, column.scale])),
        },
        (value) => store.change("view.slices", { ...store.get("state")?.spec.view.slices, [name]: value }),
      );
      one.set(spec.view.slices[name] ?? column.middle);
      return one.el;
    });
    slices.hidden = controls.length === 0;
    replace(slices, h("summary", {}, "the other inputs are held at"), ...controls);
  }

  const stops = [
    store.on("state", show),
    store.on("welcome", ({ limits }) => {
      open.title = `CSV or Parquet, up to ${size(limits.upload_bytes)}. It stays on this computer.`;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Whether a column is read by one of the inputs.
 * @param {string[]} inputs
 * @returns {(place: number) => boolean}
 */
function readBy(inputs) {
  const names = new Set(inputs.flatMap((text) => text.match(/x\d+/g) ?? []));
  return (place) => inputs.includes("all") || names.has(`x${place + 1}`);
}
