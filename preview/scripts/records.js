/**
 * The records of a text, as `asset-host map` takes them: one object, an array, a page with `items`, or one of
 * these a line.
 *
 * A text that is not a single JSON value is read line by line, so that a bad line does not affect the others; a text
 * without a line that is an object is one record, which the mapper rejects with the place of the error.
 */

import { endOfValue, members, skipSpace } from "./json-text.js";
import { lineFeeds } from "./place.js";

/**
 * @typedef {object} TextRecord
 * @property {string} text as written
 * @property {number} start its offset in the whole text
 * @property {number} line where it begins, from 1
 * @property {number} [notUtf8] the column, in bytes from 1, from which on it is not UTF-8
 */

/**
 * Splits a text into records.
 *
 * @param {string} text
 * @param {Map<number, number>} [notUtf8] by line: the column of the first byte that is not UTF-8, from `decode`
 * @returns {TextRecord[]}
 */
export function records(text, notUtf8 = new Map()) {
  const place = forward(text);
  if (notUtf8.size === 0 && isJson(text)) return items(text, skipSpace(text, 0), place);

  const lines = linesOf(text).map((line) => ({ ...line, notUtf8: notUtf8.get(line.line) }));
  const isGood = (line) => line.notUtf8 === undefined && isJson(line.text);
  const isObject = (line) => line.text[skipSpace(line.text, 0)] === "{" && isGood(line);
  if (!lines.some(isObject)) {
    const [bad] = notUtf8;
    return bad ? lines.filter(({ line }) => line === bad[0]) : [{ text, start: 0, line: 1 }];
  }
  return lines.flatMap((line) =>
    isGood(line) ? items(text, skipSpace(text, line.start), place) : [line],
  );
}

/**
 * Decodes a file, and keeps in mind which of its lines are not UTF-8: such a line is refused alone.
 *
 * @param {Uint8Array} bytes
 * @returns {{text: string, notUtf8: Map<number, number>}}
 */
export function decode(bytes) {
  const notUtf8 = new Map();
  try {
    return { text: unified(strict().decode(bytes)), notUtf8 };
  } catch {
    for (let line = 1, start = 0; start <= bytes.length; line += 1) {
      const feed = bytes.indexOf(10, start);
      const part = bytes.subarray(start, feed < 0 ? bytes.length : feed);
      const column = firstFault(part);
      if (column) notUtf8.set(line, column);
      start += part.length + 1;
    }
    return { text: unified(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)), notUtf8 };
  }
}

/**
 * A text whose line ends are one character each, so that offsets in it are those in a text field. A carriage
 * return alone stays: it ends no line, in `asset-host map` neither.
 *
 * @param {string} text
 * @returns {string}
 */
export function unified(text) {
  return text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
}

/**
 * A text as a text field returns it.
 *
 * @param {string} text
 * @returns {string}
 */
export function asInField(text) {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function strict() {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

/** The column of the first byte that is not UTF-8, 0 where all are. */
function firstFault(bytes) {
  if (isUtf8(bytes)) return 0;
  // Bisects for the longest valid beginning, without a character that is cut.
  let [good, bad] = [0, bytes.length];
  while (good < bad) {
    const middle = Math.ceil((good + bad) / 2);
    if (isUtf8(bytes.subarray(good, middle), { stream: true })) good = middle;
    else bad = middle - 1;
  }
  while (!isUtf8(bytes.subarray(0, good))) good -= 1;
  return good + 1;
}

function isUtf8(bytes, options) {
  try {
    strict().decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The lines that hold more than white space. */
function linesOf(text) {
  const found = [];
  let start = 0;
  text.split("\n").forEach((line, index) => {
    if (/[^ \t\r\f]/.test(line)) found.push({ text: line, start, line: index + 1 });
    start += line.length + 1;
  });
  return found;
}

/** Tells lines of offsets that only move forward, so that all records together cost one pass. */
function forward(text) {
  let at = 0;
  let line = 1;
  return (offset) => {
    line += lineFeeds(text, at, offset);
    at = offset;
    return line;
  };
}

/** The endpoints in the JSON value that begins at `start`. */
function items(text, start, lineAt) {
  const record = ({ start: from, end }) => ({
    text: text.slice(from, end),
    start: from,
    line: lineAt(from),
  });
  if (text[start] === "[") return members(text, start).map(record);
  if (text[start] === "{") {
    const all = members(text, start);
    const lists = all.filter(({ key }) => key === "items");
    // `asset-host map` does not read an object as a page if a name in it is not valid Unicode.
    const isPage = lists.length === 1 && text[lists[0].start] === "[" && all.every(({ key }) => !/\p{Surrogate}/u.test(key));
    if (isPage) {
      return members(text, lists[0].start).map(record);
    }
  }
  return [record({ start, end: endOfValue(text, start) })];
}
