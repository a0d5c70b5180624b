// Keeping and sharing: save and open a session, export the network, a link to this set-up, and what of it is shown.
import { toggle } from "../controls.js";
import { h, replace, write } from "../dom.js";
import { fragment, linkTo } from "../url.js";
import { copyLink } from "./following.js";

/** @typedef {import("../store.js").Store} Store */

/** What can be hidden when the page is embedded elsewhere: names of `data-control`, and what they are. */
export const HIDEABLE = {
  run: "run button",
  step: "step button",
  unit: "length of a step",
  back: "back",
  rewind: "rewind",
  reset: "reset",
  speed: "speed",
  data: "data sets",
  upload: "upload",
  samples: "samples",
  noise: "noise",
  train_share: "train share",
  data_seed: "data seed",
  regenerate: "regenerate",
  axes: "axes and slices",
  inputs: "inputs",
  formula: "formula",
  layers: "layers",
  learning_rate: "learning rate",
  optimizer: "optimizer",
  schedule: "schedule",
  batch_size: "batch size",
  loss: "cost",
  penalty: "penalty",
  init: "initial weights",
  stop: "stop conditions",
  show_test: "test data",
  discretise: "discretise",
  confusion: "confusion matrix",
  race: "race",
  files: "files",
  derivation: "derivation",
};

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const said = h("span", { class: "cr-note", role: "status" });
  const open = h("input", { type: "file", accept: ".json", class: "cr-file", "aria-label": "Open a session" });
  open.addEventListener("change", async () => {
    const file = open.files?.[0];
    open.value = "";
    if (!file) return;
    try {
      store.send({ type: "open", session: JSON.parse(await file.text()) });
    } catch {
      store.put("error", {
        expected: "a session that Chainrule saved",
        came: file.name,
        remedy: "Choose a file that `save` wrote.",
      });
    }
  });
  const item = (/** @type {string} */ text, /** @type {() => void} */ act) =>
    h(
      "button",
      {
        type: "button",
        onclick: () => {
          for (const menu of el.querySelectorAll("details")) menu.open = false;
          act();
        },
      },
      text,
    );
  const files = h(
    "details",
    { class: "cr-menu", "data-control": "files" },
    h("summary", {}, "File"),
    h(
      "div",
      { class: "cr-menu-items" },
      item("Save session", () => store.send({ type: "save" })),
      h("label", { class: "cr-menu-label" }, "Open session …", open),
      item("Export model file", () => store.send({ type: "export", kind: "model" })),
      item("Export Python script", () => store.send({ type: "export", kind: "python" })),
      item("Show frame budget", () => store.send({ type: "budget", show: !(store.get("budget")?.show ?? false) })),
    ),
  );
  const shown = h("div", { class: "cr-hide-list" });
  const followMe = item("Follow me: let others look on", () => void share());
  const shareMenu = h(
    "details",
    { class: "cr-menu" },
    h("summary", {}, "Share"),
    h(
      "div",
      { class: "cr-menu-items" },
      item("Copy link to this set-up", () => void copy()),
      followMe,
      h("details", { class: "cr-group" }, h("summary", {}, "what is shown"), shown),
    ),
  );
  followMe.hidden = true;
  replace(el, files, shareMenu, said);
  for (const menu of [files, shareMenu]) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary")?.focus();
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
    });
  }

  const standalone = () => Boolean(store.model.get("features")?.standalone);
  const address = () => {
    const [state, defaults] = [store.get("state"), store.get("welcome")?.defaults];
    return state && defaults ? fragment(linkTo(state, defaults)) : location.hash;
  };

  async function share() {
    const { follow } = await store.ask({ type: "follow_me", on: true });
    await copyLink(store, follow);
  }

  async function copy() {
    const text = location.href.split("#")[0] + address();
    try {
      await navigator.clipboard.writeText(text);
      write(said, "Link copied.");
    } catch {
      write(said, "The link is in the address bar.");
    }
    setTimeout(() => write(said, ""), 4000);
  }

  /** @type {Map<string, import("../controls.js").Control<boolean>>} */
  const boxes = new Map();
  for (const [name, text] of Object.entries(HIDEABLE)) {
    const one = toggle(text, (on) => {
      const now = new Set(store.get("state")?.spec.view.hide ?? []);
      if (on) now.delete(name);
      else now.add(name);
      store.change("view.hide", [...now]);
    });
    boxes.set(name, one);
    shown.append(one.el);
  }

  /** @param {{name: string, mime: string, bytes: Uint8Array}} file */
  function download({ name, mime, bytes }) {
    const url = URL.createObjectURL(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: mime }));
    const link = h("a", { href: url, download: name });
    el.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    write(said, `${name} written.`);
    setTimeout(() => write(said, ""), 6000);
  }

  const root = /** @type {HTMLElement} */ (el.closest(".cr") ?? el);
  const stops = [
    store.on("file", download),
    store.on("session", ({ role }) => {
      followMe.hidden = role !== "own";
    }),
    store.on("state", ({ spec }) => {
      const own = store.get("session")?.role === "own" && !store.model.get("features")?.tab?.asking;
      if (standalone() && own) history.replaceState(null, "", address() || location.pathname);
      for (const [name, box] of boxes) box.set(!spec.view.hide.includes(name));
      for (const control of root.querySelectorAll("[data-control]")) {
        control.classList.toggle("is-hidden", spec.view.hide.includes(control.getAttribute("data-control") ?? ""));
      }
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
