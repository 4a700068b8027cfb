/** The list of many endpoints, with a bar for each thing that one asks of a fleet. */

import { byId, counted, element } from "./dom.js";
import { stackedBar } from "./stacked-bar.js";
import { cut, visible } from "./visible.js";

/** How many rows are added at a time. */
const ROWS = 200;

/** Longer names, in characters, are cut. */
const LONGEST_NAME = 200;

const BARS = [
  ["Type", "type"],
  ["OS", "os"],
  ["Health", "health"],
  ["Trust", "trust"],
  ["Rejects", "outcome"],
];

/** Words in an order that has a meaning; others follow by count. */
const ORDER = ["good", "suspicious", "bad", "trusted", "not trusted", "mapped", "refused"];

/**
 * Makes the view.
 *
 * @param {object} options
 * @param {(index: number) => void} options.onSelect a row is chosen
 * @param {() => void} options.onClose
 */
export function createFleetView({ onSelect, onClose }) {
  const view = byId("fleet");
  const bars = byId("fleet-bars");
  const find = byId("fleet-find");
  /** @type {import("./fleet.js").Summary[]} */
  let rows = [];
  let lines = [];
  let total = 0;
  let selected = 0;
  let chosen = {};
  let shown = ROWS;
  let drawn = 0;
  let complete = false;
  let passed = 0;
  let isOmitting = false;

  byId("fleet-close").addEventListener("click", onClose);
  find.addEventListener("input", () => {
    shown = ROWS;
    drawRows();
  });

  const passes = (row, but) =>
    BARS.every(([, key]) => key === but || chosen[key] === undefined || row[key] === chosen[key]);

  const body = element("tbody");
  const table = element("table", {},
    element("caption", { class: "hidden" }, "Endpoints"),
    element("thead", {}, element("tr", {},
      ...["Endpoint", "Type", "OS", "Health", "Trust"].map((title) => element("th", { scope: "col" }, title)))),
    body);
  const more = element("button", { type: "button", class: "more" });
  more.addEventListener("click", () => {
    const first = shown;
    shown += ROWS;
    drawRows();
    body.rows[first]?.querySelector("button").focus();
  });
  const none = element("p", { class: "hint" }, "No endpoint passes the filter.");
  byId("fleet-rows").append(table, none, more);

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) onSelect(Number(row.dataset.index));
  });
  body.addEventListener("keydown", (event) => {
    const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!next) return;
    event.target.closest("tr")[next]?.querySelector("button").focus();
    event.preventDefault();
  });

  function choose(key, word) {
    chosen = { ...chosen, [key]: chosen[key] === word ? undefined : word };
    shown = ROWS;
    focusWord(key, word);
    redraw();
  }

  function focusWord(key, word) {
    bars.querySelector(`[data-key="${key}"] [data-word="${CSS.escape(word)}"]`)?.focus({ preventScroll: true });
  }

  function drawBars() {
    const focused = bars.contains(document.activeElement) ? document.activeElement : undefined;
    bars.replaceChildren(...BARS.map(([title, key]) => {
      const bar = stackedBar({
        title,
        counts: counts(rows.filter((row) => row[key] !== "" && passes(row, key)), key, chosen[key]),
        chosen: chosen[key],
        onChoose: (word) => choose(key, word),
      });
      bar.dataset.key = key;
      return bar;
    }));
    if (focused) focusWord(focused.closest("[data-key]").dataset.key, focused.dataset.word);
  }

  function drawRows() {
    const word = find.value.trim().toLowerCase();
    const passing = [];
    rows.forEach((row, index) => {
      const isFound = !word || row.name.toLowerCase().includes(word) || row.id?.toLowerCase().includes(word);
      if (isFound && passes(row)) passing.push(index);
    });
    drawn = Math.min(shown, passing.length);
    const focused = body.contains(document.activeElement) && document.activeElement.closest("tr").dataset.index;
    body.replaceChildren(...passing.slice(0, shown).map((index) => tableRow(rows[index], index)));
    if (focused) body.querySelector(`[data-index="${focused}"] button`)?.focus({ preventScroll: true });
    more.hidden = passing.length <= shown;
    more.textContent = `Show ${Math.min(ROWS, passing.length - shown)} more of ${passing.length.toLocaleString("en")}`;
    none.hidden = passing.length > 0 || !complete;
    passed = passing.length;
    drawProgress();
  }

  function redraw() {
    drawBars();
    drawRows();
  }

  function drawProgress() {
    const refused = rows.reduce((count, { outcome }) => count + (outcome === "refused" ? 1 : 0), 0);
    const done = rows.length.toLocaleString("en");
    const omitting = isOmitting ? ", before what is omitted" : "";
    const shownOnly = passed < total ? `; ${passed.toLocaleString("en")} shown` : "";
    byId("fleet-progress").textContent = complete
      ? `${counted(total, "endpoint")}, ${refused.toLocaleString("en")} refused${omitting}${shownOnly}`
      : `mapping: ${done} of ${total.toLocaleString("en")}`;
  }

  function tableRow(row, index) {
    const cells = row.fault
      ? [element("td", { class: "fault", colspan: 4 }, `${lines[index](row.fault.line)}: ${visible(row.fault.message)}`)]
      : [row.type, row.os, row.health, row.trust].map((word) => element("td", {}, word));
    return element("tr", {
      "data-index": index,
      class: index === selected ? "selected" : undefined,
      "aria-current": index === selected ? "true" : undefined,
    }, element("th", { scope: "row" }, element("button", { type: "button", class: "reference" }, cut(row.name, LONGEST_NAME))), ...cells);
  }

  return {
    /**
     * Begins a list.
     *
     * @param {import("./fleet.js").Summary[]} summaries grows while it is mapped
     * @param {((line: number) => string)[]} places by record: how a line of it is called
     */
    begin(summaries, places) {
      rows = summaries;
      lines = places;
      total = places.length;
      shown = ROWS;
      drawn = 0;
      complete = false;
      view.hidden = false;
    },
    /** Shows every endpoint, for a new list. */
    clearFilter() {
      chosen = {};
      find.value = "";
    },
    /** Shows what has been mapped so far. */
    grow() {
      drawBars();
      if (drawn < ROWS) drawRows();
      else drawProgress();
    },
    /** Shows everything: the list is complete. */
    finish() {
      complete = true;
      redraw();
    },
    /** Shows everything anew: one of the rows has changed. */
    redraw,
    /** Tells whether something is omitted, which the list takes no notice of. */
    omits(is) {
      isOmitting = is;
      drawProgress();
    },
    /** Marks the row of the endpoint that is shown below. */
    select(index) {
      selected = index;
      for (const row of body.rows) {
        const is = Number(row.dataset.index) === index;
        row.classList.toggle("selected", is);
        if (is) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      }
    },
    hide() {
      view.hidden = true;
    },
  };
}

/** How often each word occurs, in the order to show; the chosen one always, for it must be possible to let it go. */
function counts(rows, key, chosen) {
  const found = new Map(chosen === undefined ? [] : [[chosen, 0]]);
  for (const row of rows) found.set(row[key], (found.get(row[key]) ?? 0) + 1);
  const rank = (word) => {
    if (/^unknown$/i.test(word)) return Infinity;
    const known = ORDER.indexOf(word);
    return known < 0 ? ORDER.length : known;
  };
  const orderOf = ([a, many], [b, few]) =>
    rank(a) === rank(b) ? few - many || a.localeCompare(b) : rank(a) - rank(b);
  return [...found].sort(orderOf);
}
