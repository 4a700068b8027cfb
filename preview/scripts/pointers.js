/** JSON Pointers (RFC 6901) and the dotted paths that OCSF and people write. */

/**
 * The pointer of a member of the value at `parent`.
 *
 * @param {string} parent
 * @param {string|number} name a key or an index
 * @returns {string}
 */
export function child(parent, name) {
  return `${parent}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * The names and indices of a pointer.
 *
 * @param {string} pointer
 * @returns {string[]}
 */
export function segments(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * A pointer as a dotted path: `/device/groups/0/name` is `device.groups[0].name`.
 *
 * @param {string} pointer
 * @returns {string}
 */
export function dotted(pointer) {
  return segments(pointer).reduce(
    (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part),
    "",
  );
}

/**
 * Whether `inner` is `outer` or is within it.
 *
 * @param {string} inner
 * @param {string} outer
 * @returns {boolean}
 */
export function isWithin(inner, outer) {
  return inner === outer || inner.startsWith(`${outer}/`);
}
