/** The picker of samples: the golden inputs of the mapping's own tests. */

import { byId, element } from "./dom.js";

/**
 * Connects the picker.
 *
 * @param {(sample: {name: string, text: string, refused?: boolean}) => void} onPick
 * @returns {{load: () => void}} loads the samples, after which the page needs no server; opening the picker does too
 */
export function createSamples(onPick) {
  const dialog = byId("samples");
  const list = byId("samples-list");
  const filter = byId("samples-filter");
  let loading;

  byId("samples-open").addEventListener("click", () => {
    dialog.showModal();
    loadOnce();
  });
  byId("samples-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  filter.addEventListener("input", apply);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const shown = [...list.querySelectorAll("li:not([hidden]) button")];
    shown[shown.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });

  function loadOnce() {
    loading ??= load();
  }

  async function load() {
    try {
      const response = await fetch(new URL("../samples.json", import.meta.url));
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      list.replaceChildren(...(await response.json()).map(entry));
      apply();
    } catch (error) {
      loading = undefined;
      list.replaceChildren(element("li", { class: "hint" }, `samples.json cannot be loaded: ${error.message}`));
    }
  }

  function entry(sample) {
    const button = element("button", { type: "button" },
      element("span", {}, sample.name.replaceAll("-", " ")),
      ...(sample.refused ? [element("span", { class: "tag" }, "refused")] : []));
    button.addEventListener("click", () => {
      dialog.close();
      onPick(sample);
    });
    return element("li", { "data-name": sample.name }, button);
  }

  function apply() {
    const word = filter.value.trim().toLowerCase();
    for (const item of list.children) {
      item.hidden = !item.textContent.toLowerCase().includes(word);
    }
  }

  return { load: loadOnce };
}
