// A table of the person's own on its way to Python.

/** @typedef {import("./store.js").Store} Store */

/**
 * A table on its way to Python: by HTTP on the page, as a buffer in a notebook.
 * @param {Store} store
 * @param {File} table
 * @returns {Promise<any>}
 */
export async function sendTable(store, table) {
  const { uploads, tab } = store.model.get("features") ?? {};
  if (!uploads) return store.ask({ type: "upload", name: table.name }, [await table.arrayBuffer()]);
  const response = await fetch(`${uploads}?name=${encodeURIComponent(table.name)}`, {
    method: "POST",
    headers: { "X-Chainrule-Token": tab.token, "X-Chainrule-Session": tab.key },
    body: table,
  });
  tab.file = table;
  const answer = await response
    .json()
    .catch(() => ({ expected: "an answer", came: `status ${response.status}`, remedy: "Try again." }));
  if (!response.ok || answer.type === "error" || answer.expected) {
    throw new Error(`Expected ${answer.expected}; came: ${answer.came}. ${answer.remedy}`);
  }
  return answer;
}
