/** Texts of strangers, fit to be shown: what cannot be seen, or hides what can, is made visible; the long is cut. */

/** Controls, and what has no width or turns the order of the characters around it. */
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/**
 * A text with all that is unseen in it as JSON escapes it: a right-to-left override as `\u202e`. JSON text stays
 * the same value.
 *
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(UNSEEN, (found) => found.split("").map(escaped).join(""));
}

/**
 * The beginning of a text, visible, and "…" where that is not all.
 *
 * @param {string} text
 * @param {number} most characters
 * @returns {string}
 */
export function cut(text, most) {
  return text.length > most ? `${visible(text.slice(0, most))}…` : visible(text);
}

function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
