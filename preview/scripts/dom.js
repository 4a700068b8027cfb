/** The few lines that building DOM without innerHTML takes. */

/**
 * Makes an element. Attributes that are `undefined` or `false` are left out, `true` is an empty attribute;
 * texts among the children become text nodes, so that nothing of an endpoint is ever read as markup.
 *
 * @param {string} tag
 * @param {Record<string, string|number|boolean|undefined>} [attributes]
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/**
 * The element with an id that index.html is known to have.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Says a sentence to screen readers.
 *
 * @param {string} sentence
 */
export function say(sentence) {
  byId("said").textContent = sentence;
}

/**
 * A count and its noun: "1 field", "1,024 fields".
 *
 * @param {number} count
 * @param {string} noun
 * @param {string} [plural] where an s is not enough
 * @returns {string}
 */
export function counted(count, noun, plural = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}
