// The page: it asks for the schema, shows a form or a place for files, and each answer as it comes.
import { predict, RefusedError, schema, text } from "./api.js";
import { show, showError } from "./answer.js";
import { make } from "./dom.js";
import { drop } from "./drop.js";
import { form } from "./form.js";

const PAUSE = 150;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function place(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no ${id} in the page`);
  return found;
}

/**
 * Ask, and show what comes back, unless something newer was asked meanwhile.
 * @param {(column: string | null) => void} mark the field that an answer complains of
 * @returns {(body: string | Blob, type: string) => Promise<void>}
 */
function asker(mark) {
  let latest = 0;
  return async (body, type) => {
    const mine = ++latest;
    try {
      const answer = await predict(body, type);
      if (mine !== latest) return;
      mark(null);
      show(place("answer"), answer);
    } catch (error) {
      if (mine !== latest) return;
      mark(error instanceof RefusedError ? error.refusal.column : null);
      showError(place("answer"), error instanceof Error ? error.message : String(error));
    }
  };
}

/** @param {import("./api.js").Schema} known */
function table(known) {
  /** @type {number | undefined} */
  let timer;
  const fields = form(known.properties ?? {}, () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  const send = asker(fields.mark);
  const ask = () => send(JSON.stringify(fields.row()), "application/json");
  const files = drop("a CSV of rows", ".csv,.tsv,text/csv", (file) =>
    send(file, /\.tsv$/i.test(file.name) ? "text/tab-separated-values" : "text/csv"),
  );
  place("question").append(fields.element, files);
  void ask();
}

/** @param {import("./api.js").Schema} known */
function media(known) {
  const isSound = known["x-chainrule"].inputs === "sounds";
  const send = asker(() => undefined);
  const files = drop(isSound ? "a .wav file" : "a picture", isSound ? ".wav,audio/wav" : "image/*", (file) =>
    send(file, isSound ? "audio/wav" : file.type || "image/png"),
  );
  place("question").append(files);
  place("answer").append(make("p", { class: "note" }, "The answer stands here as soon as there is a file."));
}

/** Links that need the token cannot be followed: their content is fetched with it, and opened as a file. */
function links() {
  for (const link of document.querySelectorAll("a[data-token]")) {
    link.addEventListener("click", async (event) => {
      if (!location.hash) return;
      event.preventDefault();
      const content = await text(link.getAttribute("href") ?? "");
      open(URL.createObjectURL(new Blob([content], { type: "text/plain" })), "_blank");
    });
  }
}

async function start() {
  links();
  try {
    const known = await schema();
    const about = known["x-chainrule"];
    document.title = `${about.target}: Chainrule`;
    place("title").textContent = `Predict ${about.target}`;
    place("about").textContent = `By a network that was trained on ${about.describe}.`;
    place("model").textContent = `model ${about.model}`;
    (about.inputs === "table" ? table : media)(known);
  } catch (error) {
    showError(place("answer"), error instanceof Error ? error.message : String(error));
  }
}

addEventListener("hashchange", () => location.reload());
void start();
