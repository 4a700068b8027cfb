/** Places in a text: the mapper counts lines and bytes, a text field counts UTF-16 units. */

const encoder = new TextEncoder();

/**
 * The offset, in UTF-16 units, of a line and a column.
 *
 * @param {string} text
 * @param {number} line from 1
 * @param {number} column in bytes of UTF-8 from 1; 0 is the line's very beginning
 * @returns {number} within the text, at most its length
 */
export function offsetOf(text, line, column) {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const feed = text.indexOf("\n", start);
    if (feed < 0) break;
    start = feed + 1;
  }
  const end = endOfLine(text, start);
  let left = column - 1;
  let offset = start;
  while (offset < end) {
    const character = String.fromCodePoint(text.codePointAt(offset));
    left -= encoder.encode(character).length;
    if (left < 0) break;
    offset += character.length;
  }
  return offset;
}

/**
 * The line and the column of an offset: the inverse of `offsetOf`.
 *
 * @param {string} text
 * @param {number} offset
 * @returns {{line: number, column: number, start: number, end: number}} with the offsets of the line's ends
 */
export function placeOf(text, offset) {
  const start = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  return {
    line: lineFeeds(text, 0, start) + 1,
    column: encoder.encode(text.slice(start, offset)).length + 1,
    start,
    end: endOfLine(text, offset),
  };
}

/**
 * How many line feeds there are between two offsets.
 *
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {number}
 */
export function lineFeeds(text, from, to) {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

function endOfLine(text, offset) {
  const feed = text.indexOf("\n", offset);
  return feed < 0 ? text.length : feed;
}
