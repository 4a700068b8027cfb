/**
 * JSON as text: the place of each value and how it is written.
 *
 * `JSON.parse` judges whether a text is JSON; this module only walks a text that it took. It keeps numbers as
 * written, names that come twice and the order of names, all of which a JavaScript object would lose.
 */

import { child } from "./pointers.js";

/** Deeper values are shown as they are written: no API nests so deep, and a person could not read it. */
const DEEPEST = 48;

/**
 * @typedef {object} JsonNode
 * @property {"object"|"array"|"string"|"number"|"boolean"|"null"|"deep"} kind `deep` is an object or array that is
 *   nested too deeply to be taken apart
 * @property {string} pointer RFC 6901
 * @property {string} raw the value as written
 * @property {{key: string|undefined, node: JsonNode}[]} members of an object (with key) or an array (without)
 */

/**
 * Takes a JSON text apart.
 *
 * @param {string} text
 * @returns {JsonNode}
 * @throws {SyntaxError} when the text is not JSON
 */
export function parse(text) {
  JSON.parse(text);
  const start = skipSpace(text, 0);
  return node(text, start, endOfValue(text, start), "", 0);
}

/**
 * The members of the object or array that begins at `start` of a valid JSON text.
 *
 * @param {string} text
 * @param {number} start
 * @returns {{key: string|undefined, start: number, end: number}[]}
 */
export function members(text, start) {
  const found = [];
  const isObject = text[start] === "{";
  let at = skipSpace(text, start + 1);
  while (text[at] !== "}" && text[at] !== "]") {
    let key;
    if (isObject) {
      const end = endOfString(text, at);
      key = JSON.parse(text.slice(at, end));
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    const end = endOfValue(text, at);
    found.push({ key, start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

/**
 * The offset of the first character from `at` on that is not white space in JSON.
 *
 * @param {string} text
 * @param {number} at
 * @returns {number}
 */
export function skipSpace(text, at) {
  let offset = at;
  while (" \t\n\r".includes(text[offset] ?? "-")) offset += 1;
  return offset;
}

/**
 * The offset behind the value that begins at `start` of a valid JSON text.
 *
 * @param {string} text
 * @param {number} start
 * @returns {number}
 */
export function endOfValue(text, start) {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first === "{" || first === "[") return endOfContainer(text, start);
  const delimiter = /[\s,\]}]/g;
  delimiter.lastIndex = start;
  return delimiter.exec(text)?.index ?? text.length;
}

function endOfString(text, start) {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text, offset) {
  let first = offset;
  while (text[first - 1] === "\\") first -= 1;
  return (offset - first) % 2 === 1;
}

function endOfContainer(text, start) {
  const mark = /["{}[\]]/g;
  mark.lastIndex = start;
  let depth = 0;
  for (;;) {
    const { 0: found, index } = mark.exec(text);
    if (found === '"') mark.lastIndex = endOfString(text, index);
    else depth += found === "{" || found === "[" ? 1 : -1;
    if (depth === 0) return index + 1;
  }
}

function node(text, start, end, pointer, depth) {
  const raw = text.slice(start, end);
  const kind = kindOf(raw[0]);
  if (kind !== "object" && kind !== "array") return { kind, pointer, raw, members: [] };
  if (depth === DEEPEST) return { kind: "deep", pointer, raw, members: [] };
  return {
    kind,
    pointer,
    raw,
    members: members(text, start).map((member, index) => ({
      key: member.key,
      node: node(text, member.start, member.end, child(pointer, member.key ?? index), depth + 1),
    })),
  };
}

function kindOf(first) {
  switch (first) {
    case "{": return "object";
    case "[": return "array";
    case '"': return "string";
    case "t":
    case "f": return "boolean";
    case "n": return "null";
    default: return "number";
  }
}
