// Looking on: one page lets others look at its network, and a page that looks on says so and can take a copy.
import { button } from "../controls.js";
import { h, replace } from "../dom.js";

/** @typedef {import("../store.js").Store} Store */

/** @param {HTMLElement} el @param {Store} store @returns {() => void} */
export function mount(el, store) {
  const root = /** @type {HTMLElement} */ (el.closest(".cr") ?? el);
  const { tab, again } = store.model.get("features") ?? {};
  el.hidden = true;

  /** @param {import("../types.js").Session} session */
  function show({ role, follow }) {
    const guest = role === "guest";
    root.classList.toggle("is-guest", guest);
    el.hidden = !guest && !follow;
    if (guest) {
      const mine = button("make it mine", "Take a copy of this network, to go on with on this page", () => {
        tab.copy = true;
        again();
      });
      const leave = button("leave", "Go back to this page's own network", () => {
        tab.follow = "";
        history.replaceState(null, "", location.pathname);
        again();
      });
      replace(el, h("span", {}, "You look on at another page's network."), mine, leave);
    } else if (follow) {
      const copy = button("copy the link", "The link by which others look on", () => void copyLink(store, follow));
      const stop = button("stop", "Let nobody look on any more", () => store.send({ type: "follow_me", on: false }));
      replace(el, h("span", {}, "Others may look on at this page."), copy, stop);
    }
  }
  return store.on("session", show);
}

/** @param {Store} store @param {string} follow */
export async function copyLink(store, follow) {
  const link = `${location.origin}${location.pathname}#follow=${follow}`;
  try {
    await navigator.clipboard.writeText(link);
    store.put("notice", { text: `Copied: ${link}`, about: "follow", seconds: 12 });
  } catch {
    store.put("notice", { text: `The link for those who look on: ${link}`, about: "follow", seconds: 0 });
  }
}
