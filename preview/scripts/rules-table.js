/** The table of rules of the current dialect, from rules.json. */

import { byId, counted, element } from "./dom.js";

/**
 * @typedef {{path: string, sources: string[], rule: string, required: boolean}} Rule
 */

/**
 * Makes the table; it is empty until `show`.
 *
 * @param {(path: string) => void} goToValue the value of the rule with this path is asked for
 */
export function createRulesTable(goToValue) {
  const filter = byId("rules-filter");
  /** @type {Map<string, {rule: Rule, row: HTMLElement}>} */
  let rows = new Map();

  const body = element("tbody");
  const table = element("table", {},
    element("caption", { class: "hidden" }, "The rules of the mapping"),
    element("thead", {}, element("tr", {},
      ...["OCSF attribute", "Source", "Rule"].map((title) => element("th", { scope: "col" }, title)))),
    body);
  byId("rules").replaceChildren(table);
  filter.addEventListener("input", apply);
  body.addEventListener("click", ({ target }) => {
    if (target.closest("button")) goToValue(target.closest("tr").dataset.path);
  });

  function apply() {
    const word = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const { rule, row } of rows.values()) {
      const text = [rule.path, ...rule.sources, rule.rule].join("\n").toLowerCase();
      row.hidden = !text.includes(word);
      shown += row.hidden ? 0 : 1;
    }
    byId("rules-count").textContent = word
      ? `${shown} of ${counted(rows.size, "rule")}`
      : counted(rows.size, "rule");
  }

  return {
    /**
     * Shows the rules of a dialect.
     *
     * @param {Rule[]} rules
     */
    show(rules) {
      rows = new Map(rules.map((rule) => [rule.path, { rule, row: row(rule) }]));
      body.replaceChildren(...[...rows.values()].map((entry) => entry.row));
      apply();
    },
    /** @returns {Map<string, unknown>} the rows by path */
    rows: () => rows,
    /** Lights up the rows with these paths, and no other. */
    light(paths) {
      for (const [path, entry] of rows) entry.row.classList.toggle("lit", paths.has(path));
    },
    /** Lets one go to the values of the rules with these paths; the others made none. */
    offer(paths) {
      for (const [path, entry] of rows) entry.row.querySelector("button").disabled = !paths.has(path);
    },
    /** Scrolls to the row with a path. */
    reveal(path) {
      const entry = rows.get(path);
      if (entry?.row.hidden) {
        filter.value = "";
        apply();
      }
      entry?.row.scrollIntoView({ block: "center" });
    },
  };
}

function row({ path, sources, rule, required }) {
  const always = required ? [" ", element("span", { class: "tag" }, "always")] : [];
  return element("tr", { "data-path": path },
    element("th", { scope: "row" }, element("button", { type: "button", class: "reference" }, breakable(path)), ...always),
    element("td", { class: "from" }, ...(sources.length
      ? sources.map((source) => element("code", {}, breakable(source)))
      : [element("span", { class: "none" }, "none")])),
    element("td", {}, rule));
}

/** A path that may be broken behind its dots. */
function breakable(path) {
  const text = document.createDocumentFragment();
  path.split(".").forEach((part, index, parts) => {
    text.append(index < parts.length - 1 ? `${part}.` : part, element("wbr"));
  });
  return text;
}
