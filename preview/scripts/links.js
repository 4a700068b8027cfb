/** What comes from what: one explanation, indexed in both directions. */

import { dotted, isWithin } from "./pointers.js";

/**
 * @typedef {import("../mapper.js").MappedValue} MappedValue
 * @typedef {import("../mapper.js").Explanation} Explanation
 */

/**
 * Indexes an explanation.
 *
 * @param {Explanation} explanation
 */
export function links(explanation) {
  const values = new Map(explanation.values.map((value) => [value.path, value]));
  const omitted = new Set(explanation.omitted);
  const all = [...explanation.values, ...explanation.omitted];
  return {
    /** @returns {MappedValue|undefined} the value of the event at a pointer, or the one that holds it */
    value(path) {
      for (let at = path; at; at = at.slice(0, at.lastIndexOf("/"))) {
        if (values.has(at)) return values.get(at);
      }
      return undefined;
    },
    /** @returns {boolean} whether a value was left out of the event */
    isOmitted: (value) => omitted.has(value),
    /** @returns {MappedValue[]} what is made of the source field at a pointer, or of one that holds it */
    madeOf: (pointer) =>
      all.filter(({ sources }) => sources.some((source) => isWithin(pointer, source.pointer))),
  };
}

/**
 * The row of the table of rules that a value of the event belongs to: the one with its path, list entries as
 * `[]`, else the longest one that contains it (a part that a rule copies).
 *
 * @param {Map<string, unknown>} rows by path
 * @param {string} pointer of the value
 * @returns {string|undefined} the row's path
 */
export function rowOf(rows, pointer) {
  const exact = dotted(pointer);
  for (let path of [exact, exact.replaceAll(/\[\d+\]/g, "[]")]) {
    while (path) {
      if (rows.has(path)) return path;
      path = path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf("["), 0));
    }
  }
  return undefined;
}
