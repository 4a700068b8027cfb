/** The table of rules of the current dialect, from rules.json. */

import { byId, counted, element } from "./dom.js";

/**
 * A source is a dotted path, or empty for the complete endpoint. `required`: `omit` cannot name the path alone.
 *
 * @typedef {{path: string, sources: string[], rule: string, required: boolean}} Rule
 */

const WHOLE = "the whole endpoint";

/** What becomes of a field of the endpoint that no rule reads, by dialect. */
const UNREAD = {
  sekoia: "is in no event",
  ocsf: "goes under unmapped, where it stood",
};

/**
 * Makes the table; it is empty until `show`.
 *
 * @param {(path: string) => void} goToValue shows the value of the rule with this path
 */
export function createRulesTable(goToValue) {
  const filter = byId("rules-filter");
  /** @type {Map<string, {rule: Rule, row: HTMLElement}>} */
  let rows = new Map();

  const body = element("tbody");
  const table = element("table", {},
    element("caption", { class: "hidden" }, 'The rules of the mapping. What is marked "not omitted alone" can be left out only with the object that it belongs to, if at all.'),
    element("thead", {}, element("tr", {},
      ...["OCSF attribute", "Source", "Rule"].map((title) => element("th", { scope: "col" }, title)))),
    body);
  const none = element("p", { class: "hint", role: "status" });
  byId("rules").replaceChildren(table, none);
  let unread = "";
  filter.addEventListener("input", apply);
  body.addEventListener("click", ({ target }) => {
    if (target.closest("button")) goToValue(target.closest("tr").dataset.path);
  });

  function apply() {
    const word = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const { rule, row } of rows.values()) {
      const text = [rule.path, ...rule.sources.map((source) => source || WHOLE), rule.rule].join("\n").toLowerCase();
      row.hidden = !text.includes(word);
      shown += row.hidden ? 0 : 1;
    }
    byId("rules-count").textContent = word
      ? `${shown} of ${counted(rows.size, "rule")}`
      : counted(rows.size, "rule");
    none.textContent = shown === 0 && word
      ? `No rule names this. A field of the endpoint that no rule reads ${unread}.`
      : "";
  }

  return {
    /**
     * Shows the rules of a dialect.
     *
     * @param {Rule[]} rules
     * @param {string} dialect
     */
    show(rules, dialect) {
      unread = UNREAD[dialect];
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
  const tag = { class: "tag", title: "omit cannot name it alone: its object, or the event, is worth nothing without it" };
  const notAlone = required ? [" ", element("span", tag, "not omitted alone")] : [];
  return element("tr", { "data-path": path },
    element("th", { scope: "row" }, element("button", { type: "button", class: "reference" }, breakable(path)), ...notAlone),
    element("td", { class: "from" }, ...(sources.length
      ? sources.map((source) => (source ? element("code", {}, breakable(source)) : element("span", {}, WHOLE)))
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
