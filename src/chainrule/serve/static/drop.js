// A place to drop a file on, or to choose one.
import { make } from "./dom.js";

/**
 * @param {string} what for people
 * @param {string} accept the types that a chooser offers
 * @param {(file: File) => void} taken
 * @returns {HTMLElement}
 */
export function drop(what, accept, taken) {
  const chooser = make("input", { type: "file", accept, hidden: true });
  const button = make("button", { type: "button" }, "Choose a file");
  const preview = make("div", { hidden: true });
  const place = make("div", { class: "drop" }, make("p", {}, `Drop ${what} here`), button, chooser, preview);
  /** @param {File | undefined} file */
  function take(file) {
    if (!file) return;
    look(preview, file);
    taken(file);
  }
  button.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => take(chooser.files?.[0]));
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("is-over");
  });
  place.addEventListener("dragleave", () => place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("is-over");
    take(event.dataTransfer?.files[0]);
  });
  return place;
}

/**
 * @param {HTMLElement} preview
 * @param {File} file
 */
function look(preview, file) {
  const old = preview.querySelector("img, audio")?.getAttribute("src");
  if (old) URL.revokeObjectURL(old);
  const isPicture = file.type.startsWith("image/");
  const isSound = file.type.startsWith("audio/");
  preview.hidden = false;
  preview.replaceChildren(make("p", { class: "note" }, file.name));
  if (isPicture) preview.prepend(make("img", { src: URL.createObjectURL(file), alt: file.name }));
  if (isSound) preview.prepend(make("audio", { src: URL.createObjectURL(file), controls: true }));
}
