/** A record that has no event: why, and the place in its text. */

import { byId, element } from "./dom.js";
import { offsetOf, placeOf } from "./place.js";
import { visible } from "./visible.js";

/** How much of a long line is shown on either side of the place. */
const AROUND = 48;

/**
 * Shows why a record was refused.
 *
 * @param {object} fault
 * @param {string} fault.message
 * @param {number} fault.line in the record, from 1
 * @param {number} fault.column in bytes, from 1; 0 is the line's very beginning
 * @param {object} shown
 * @param {HTMLTextAreaElement} shown.field
 * @param {string} shown.text that the field shows, or would if it were shorter
 * @param {number} shown.start where the record begins in this text
 * @param {string} shown.record the record's text
 * @param {string} [shown.where] the place in the file that the record came from
 */
export function showReject({ message, line, column }, { field, text, start, record, where }) {
  const offset = start + offsetOf(record, line, column);
  const place = placeOf(text, offset);
  const button = element("button", { type: "button", hidden: field.value === "" }, "Select the place in the text");
  button.addEventListener("click", () => select(field, offset));
  const view = byId("reject");
  view.replaceChildren(
    element("h3", {}, "No event: this record is refused"),
    element("p", { class: "message" }, visible(message)),
    element("p", { class: "where" },
      `Line ${place.line}, column ${column === 0 && offset === place.start ? 0 : place.column}`,
      ...(where ? [` of this record; ${where}`] : [])),
    excerpt(text, place, offset),
    button,
  );
  view.hidden = false;
}

/** Hides what `showReject` shows. */
export function hideReject() {
  byId("reject").hidden = true;
  byId("reject").replaceChildren();
}

/** The line of the fault with a caret under the place. */
function excerpt(text, { line, start, end }, offset) {
  const from = Math.max(start, offset - AROUND);
  const width = offset < end ? String.fromCodePoint(text.codePointAt(offset)).length : 0;
  const to = Math.min(end, offset + width + AROUND);
  return element("pre", { class: "excerpt", tabindex: "0", role: "group", "aria-label": `Line ${line}` },
    element("span", { class: "number", "aria-hidden": "true" }, `${line} `),
    from > start ? "…" : "",
    visible(text.slice(from, offset)),
    element("mark", {}, visible(text.slice(offset, offset + width)) || " "),
    visible(text.slice(offset + width, to)),
    to < end ? "…" : "");
}

function select(field, offset) {
  const text = field.value;
  const width = offset < text.length ? String.fromCodePoint(text.codePointAt(offset)).length : 0;
  field.focus();
  field.setSelectionRange(offset, offset + width);
  const lineHeight = Number.parseFloat(getComputedStyle(field).lineHeight);
  field.scrollTop = (placeOf(text, offset).line - 3) * lineHeight;
}
